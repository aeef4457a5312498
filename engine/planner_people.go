package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/policy"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// approvalText says who must approve a step, as the question will; what only the run knows stands there as it is written.
func (p *planner) approvalText(s *lang.Step) string {
	a := s.Approval
	if a == nil {
		return ""
	}
	text := "anybody"
	if a.Approvers != nil {
		text = a.Approvers.Source
		v, diags := p.plan.scope.Value(a.Approvers, local.AnyInstance(s))
		switch {
		case diags.HasErrors() || !v.IsWhollyKnown():
		case v.ContainsMarked():
			at := a.Approvers.Range()
			p.diags = append(p.diags, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "Sensitive approvers", Subject: &at, Detail: local.ErrSensitiveApprovers.Error(),
			})
		default:
			text = cmp.Or(strings.Join(local.Approvers(v), ", "), "anybody")
		}
	}
	if a.Timeout > 0 {
		text += fmt.Sprintf(" within %s", run.InUnits(a.Timeout))
		if a.Escalate {
			text += ", then " + a.Escalation.Source
		}
	}
	return text
}

// hold holds a step, or its undo, against the policies, now that the variables are known. What the run alone knows is held
// against them right before the step starts.
func (p *planner) hold(u policy.Use, s *lang.Step, args cty.Value) {
	if len(p.plan.Runbook.Policies) == 0 {
		return
	}
	u.Args, u.Effect = args, policy.Judged(s, args)
	p.diags = append(p.diags, policy.Check(p.plan.Runbook.Policies, u)...)
}

// undo looks at what takes a step's effect back. Its effect counts for --read-only only with the step's own.
func (p *planner) undo(owner *lang.Step, out *PlannedStep, instances []lang.Frame) {
	if owner.Undo == nil {
		return
	}
	s := owner.Undo.Step
	frame := local.AnyInstance(owner)
	frame.Self = cty.DynamicVal
	spec := s.Spec.Spec()
	args := p.known(s, frame)
	each := slices.Clone(instances) // they are the scope's
	for i := range each {
		each[i].Self = cty.DynamicVal
	}
	does, _ := p.foresee(s, args, each)
	undo := &PlannedUndo{Action: s.Action, On: "failure", Effect: does.worst, Unsure: does.unsure(), Arguments: argumentsOf(s, args)}
	if owner.Undo.OnEnd {
		undo.On = "end"
	}
	undo.Provider, undo.Target = graph.Configuration(s), spec.Target(args)
	if target, _, diags := beforehand(p.plan.configs, s, frame); !diags.HasErrors() {
		p.keep(endpointOr(undo.Target, target))
		undo.Provider, undo.Target = target.Provider, cmp.Or(undo.Target, local.ShownTarget(p.plan.scope, s, target, frame))
		p.keepPlace(p.plan.scope, s, target, frame)
	}
	out.Undo = undo
	p.hold(policy.Use{Step: owner, Undo: true}, s, args)
	if undo.Effect != provider.Read {
		p.noTarget(s, frame, fmt.Sprintf("The undo of step %q", s.Name))
	}
}

// noTarget refuses a write whose system nothing names; who is what writes, for the start of a sentence. A session that only looks at a run
// or undoes it is not refused.
func (p *planner) noTarget(s *lang.Step, frame lang.Frame, who string) {
	if p.plan.Options.Past != nil && !p.plan.Options.Apply {
		return
	}
	if why := p.plan.configs.WithoutTarget(s, frame, who); why != "" {
		p.diags = append(p.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "A write without a target", Detail: why, Subject: &s.ActionRange})
	}
}

// runbook plans the runbook that a step runs, as far as the variables that it is given are known.
func (p *planner) runbook(s *lang.Step, out *PlannedStep) {
	out.Runbook, out.Provider = s.Child.File, ""
	given := p.known(s, local.AnyInstance(s)).GetAttr("variables")
	variables, diags := lang.ResolveChild(s, given)
	p.diags = append(p.diags, diags...)
	if diags.HasErrors() {
		return
	}
	g := p.graphs[s.Child]
	if g == nil {
		g, _ = graph.Build(s.Child) // the runbook was not loaded by an Engine; its problems are told elsewhere
	}
	sub := &planner{
		plan: &Plan{
			Runbook: s.Child, Graph: g, Variables: variables, Options: p.plan.Options, RunID: p.plan.RunID, StartedAt: p.plan.StartedAt,
		},
		seen: p.seen, child: p.child, graphs: p.graphs, below: s.Name,
	}
	p.child(sub.plan)
	p.plan.within = append(p.plan.within, sub.plan)
	p.children = append(p.children, sub)
	for _, n := range g.Nodes {
		step := sub.step(n)
		step.prefix(s.Name)
		out.Steps = append(out.Steps, step)
	}
	p.targets, p.places = append(p.targets, sub.targets...), append(p.places, sub.places...)
}

// prefix names a step, and those below it, after the step that runs its runbook.
func (s *PlannedStep) prefix(parent string) {
	s.Name = parent + "/" + s.Name
	for i := range s.WaitsFor {
		s.WaitsFor[i] = parent + "/" + s.WaitsFor[i]
	}
	for i := range s.Steps {
		s.Steps[i].prefix(parent)
	}
}

// prepareChild gives the plan of a runbook that a step runs its scope and its configurations.
func (e *Engine) prepareChild(ctx context.Context, parent, sub *Plan) {
	sub.secrets, sub.reads = parent.secrets, parent.reads
	sub.scope = e.scope(ctx, sub)
	sub.configs = e.configs(parent, sub.Runbook, sub.scope, parent.maxParallel())
	sub.configs.Foresee = true // its variables may depend on results
}

// findings are all that the planner found, that in the runbooks of steps included, and what the secrets gave. within is the address of the step
// that runs the runbook, with a slash behind it.
func (p *planner) findings(within string) hcl.Diagnostics {
	diags := p.diags
	if p.plan.Options.Apply {
		diags = append(diags, p.readSecrets(within)...)
	}
	for _, sub := range p.children {
		diags = append(diags, sub.findings(within+sub.below+"/")...)
	}
	return diags
}

// secretKeys are the errors of configurations that were looked at before all secrets had been read.
func (p *planner) secretKeys() hcl.Diagnostics {
	diags := p.plan.configs.SecretKeys()
	for _, sub := range p.children {
		diags = append(diags, sub.secretKeys()...)
	}
	return diags
}
