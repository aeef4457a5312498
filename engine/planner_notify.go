package engine

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/policy"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run/local"
)

// PlannedNotify is what tells the contact of a level, should it fall due while a step waits for a person.
type PlannedNotify struct {
	Escalation string `json:"escalation"`
	// Level counts from 1; Contact is whom the author names, as it is written.
	Level   int    `json:"level"`
	Contact string `json:"contact"`
	Action  string `json:"action"`
	// Effect and Unsure are as those of a step.
	Effect provider.Effect `json:"effect"`
	Unsure bool            `json:"unsure,omitempty"`
	// Provider and Target are as those of a step.
	Provider string `json:"provider,omitempty"`
	Target   string `json:"target,omitempty"`
	// Arguments as far as they are known, as written where they use the level.
	Arguments []PlannedArgument `json:"arguments,omitempty"`
	// Steps are those that may wait with it.
	Steps []string `json:"steps"`
	// Asked says that apply asks about it beforehand, as about a step that changes something: it does more than to send a
	// message to the address of its own provider block.
	Asked bool `json:"asked,omitempty"`
	// Suppressed says that nothing is sent, as the run is read-only.
	Suppressed bool `json:"suppressed,omitempty"`

	step *lang.Step
}

// notifiers looks at what tells the contacts of the levels that may fall due while a step waits.
func (p *planner) notifiers(s *lang.Step) {
	for _, e := range p.plan.Runbook.EscalationsOf(s) {
		for i, level := range e.Levels {
			if level.Notify == nil {
				continue
			}
			at := slices.IndexFunc(p.notifies, func(n PlannedNotify) bool { return n.step == level.Notify })
			if at < 0 {
				at = len(p.notifies)
				p.notifies = append(p.notifies, p.notifier(e, i+1))
			}
			if n := &p.notifies[at]; !slices.Contains(n.Steps, s.Name) {
				n.Steps = append(n.Steps, s.Name)
			}
		}
	}
}

func (p *planner) notifier(e *lang.Escalation, number int) PlannedNotify {
	level := e.Levels[number-1]
	s := level.Notify
	frame := lang.Frame{Self: cty.UnknownVal(lang.NoticeType())}
	args := p.known(s, frame)
	spec := s.Spec.Spec()
	does := foresee(s, args)
	n := PlannedNotify{
		Escalation: e.Name, Level: number, Contact: level.Contact.Source, Action: s.Action, Effect: does.worst, Unsure: does.unsure(),
		Arguments: argumentsOf(s, args), Provider: graph.Configuration(s), Target: spec.Target(args), step: s,
		Suppressed: p.plan.Options.ReadOnly,
	}
	p.hold(policy.Use{Step: s, Notifies: true}, s, args)
	if policy.Judged(s, args) == provider.Destructive {
		p.diags = append(p.diags, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "A destructive notifier", Subject: &s.ActionRange,
			Detail: fmt.Sprintf("With these arguments %s is destructive. A notifier runs by itself, so it is a read or a write.", s.Action),
		})
	}
	if n.Suppressed {
		return n // neither its system nor its secrets are needed
	}
	explicit := p.plan.configs.Explicit(s)
	message := explicit && n.Effect == provider.Write && spec.Message(args)
	n.Asked = n.Effect != provider.Read && !message
	target, _, diags := beforehand(p.plan.configs, s, frame)
	switch {
	case !diags.HasErrors():
		p.keep(endpointOr(n.Target, target))
		n.Provider, n.Target = target.Provider, cmp.Or(n.Target, target.Target)
	case p.plan.Options.Apply && !local.NotForeseen(diags):
		p.diags = append(p.diags, diags...)
	}
	if n.Effect != provider.Read {
		p.noTarget(s, frame, "The notifier of "+s.Name)
	}
	return n
}

// allNotifiers are the runbook's own, and those of the runbooks that its steps run.
func (p *planner) allNotifiers() []PlannedNotify {
	out := slices.Clone(p.notifies)
	for _, sub := range p.children {
		for _, n := range sub.allNotifiers() {
			steps := make([]string, len(n.Steps))
			for i, name := range n.Steps {
				steps[i] = sub.below + "/" + name
			}
			n.Steps = steps
			out = append(out, n)
		}
	}
	return out
}

// askedNotifiers are the notifiers that are asked about beforehand, as plans show steps, of those that the steps that keep gives
// true for may wait with.
func (p *Plan) askedNotifiers(keep func(step string) bool) []PlannedStep {
	var out []PlannedStep
	for _, n := range p.Notifies {
		if n.Asked && slices.ContainsFunc(n.Steps, keep) {
			out = append(out, PlannedStep{
				Name: fmt.Sprintf("%s, level %d", n.Escalation, n.Level), Action: n.Action, Description: "runs when nobody answers in time",
				Effect: n.Effect, Unsure: n.Unsure, Provider: n.Provider, Target: n.Target, Arguments: n.Arguments,
			})
		}
	}
	return out
}

// Asked are the steps, and what else may change something, that a person is asked about before the plan is run.
func (p *Plan) Asked() []PlannedStep {
	return append(slices.Clip(p.Steps), p.askedNotifiers(func(string) bool { return true })...)
}
