package engine

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/policy"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// planner looks at each step of a plan in turn.
type planner struct {
	plan    *Plan
	targets []run.Target
	seen    map[run.Target]bool
	// places are those that arguments name by what they read of the environment.
	places     []run.Target
	seenPlaces map[run.Target]bool
	diags      hcl.Diagnostics

	// child gives the plan of a runbook that a step runs what it needs; graphs are those of such runbooks.
	child    func(*Plan)
	graphs   map[*lang.Runbook]*graph.Graph
	children []*planner
	// below is the step that runs the runbook, empty for the run's own; notifies are the runbook's own notifiers.
	below    string
	notifies []PlannedNotify
}

func (p *planner) step(n *graph.Node) PlannedStep {
	s := n.Step
	out := PlannedStep{
		Name: s.Name, Action: s.Action, Description: s.Description, IsCheck: s.IsCheck(), RunIf: s.RunIf, Supported: true,
		ForEach: s.ForEach != nil, Checks: checksOf(s),
	}
	for _, e := range n.In {
		out.WaitsFor = append(out.WaitsFor, e.From.Step.Name)
	}
	if s.When != nil {
		out.When = s.When.Source
	}
	if s.RunsOn != "" {
		out.Notes = append(out.Notes, fmt.Sprintf("runs_on = %q is ignored: this run takes place on one machine", s.RunsOn))
	}
	var instances []lang.Frame
	if s.ForEach != nil {
		out.Keys, instances = p.instances(s)
		out.Expands = instances == nil
	}
	if s.IsCheck() {
		return out
	}
	args := p.known(s, local.AnyInstance(s))
	does, telling := foreseeRunbook(s, nil), args
	if s.Child == nil {
		does, telling = p.foresee(s, args, instances)
	}
	out.foresees(does)
	out.Supported = s.Spec.Spec().Supported
	if out.Effect != provider.Read {
		out.Arguments = argumentsOf(s, args)
	}
	p.findTargets(s, &out, args, instances)
	out.Approval = p.approvalText(s)
	p.hold(policy.Use{Step: s}, s, args)
	p.questions(s, &out, args, instances)
	p.undo(s, &out, instances)
	p.notifiers(s)
	if s.Child != nil {
		p.runbook(s, &out)
		out.foresees(foreseeRunbook(s, out.Steps))
	}
	p.refuse(s, &out, telling)
	return out
}

// known are the arguments of a step, as far as they are before the run. The secrets in them are told, for the header names systems
// that they name.
func (p *planner) known(s *lang.Step, frame lang.Frame) cty.Value {
	args := local.KnownArgs(p.plan.scope, s, frame)
	local.TellSecrets(args, p.plan.Options.Secrets)
	return args
}

// argumentsOf shows the arguments that a step writes.
func argumentsOf(s *lang.Step, args cty.Value) []PlannedArgument {
	var out []PlannedArgument
	for _, a := range local.AsKnown(s, args) {
		out = append(out, PlannedArgument(a))
	}
	return out
}

// refuse adds why a step can't be run as planned; args are those that tell its effect. Of a step that runs a runbook, the steps of that
// tell.
func (p *planner) refuse(s *lang.Step, out *PlannedStep, args cty.Value) {
	if p.plan.Options.ReadOnly && out.Effect != provider.Read && (s.Child == nil || s.Effect != nil) {
		p.diags = append(p.diags, readOnlyRefusal(s, out, args))
	}
	if p.plan.Options.ReadOnly && out.Effect == provider.Read && out.Undo != nil && out.Undo.Effect != provider.Read {
		frame := local.AnyInstance(s)
		frame.Self = cty.DynamicVal
		p.diags = append(p.diags, undoRefusal(s, out.Undo.Effect, p.known(s.Undo.Step, frame)))
	}
	if out.Effect != provider.Read {
		p.noTarget(s, local.AnyInstance(s), fmt.Sprintf("Step %q", s.Name))
	}
	if p.plan.Options.Apply && !out.Supported {
		p.diags = append(p.diags, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Not supported yet",
			Detail:  fmt.Sprintf("This version checks and plans %s, and can't carry it out.", s.Action),
			Subject: &s.ActionRange,
		})
	}
}

// checksOf writes a step's checks as the plan shows them.
func checksOf(s *lang.Step) []string {
	var out []string
	if s.Precondition != nil {
		out = append(out, "precondition "+s.Precondition.Condition.Source)
	}
	if s.Poll != nil {
		out = append(out, "until "+s.Poll.Until.Source)
	}
	for _, a := range s.Asserts {
		out = append(out, "assert "+a.Condition.Source)
	}
	for _, t := range s.Thresholds {
		text := fmt.Sprintf("threshold %q:", t.Name)
		if t.Expect != nil {
			text += " expect " + t.Expect.Source
		}
		if t.Warn != nil {
			text += " warn " + t.Warn.Source
		}
		out = append(out, text)
	}
	return out
}
