package engine

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/policy"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run/local"
)

// foreseen is what is known beforehand of what something does: at least, and at worst.
type foreseen struct{ least, worst provider.Effect }

// unsure reports whether only the run tells.
func (f foreseen) unsure() bool { return f.least < f.worst }

// and is what both do.
func (f foreseen) and(other foreseen) foreseen {
	return foreseen{max(f.least, other.least), max(f.worst, other.worst)}
}

// foresee is what a step does with these arguments, and what its author states of it.
func foresee(s *lang.Step, args cty.Value) foreseen {
	worst, unsure := policy.AtMost(s, args)
	if !unsure {
		return foreseen{worst, worst}
	}
	return foreseen{policy.AtLeast(s, args), worst}
}

// mostForeseen bounds of how many instances the arguments are worked out beforehand.
const mostForeseen = 1000

// foresee is what a step, or an undo, does with any of the frames of its instances, and the arguments that tell it: those of the worst
// instance. args are as far as they are the same for all, and tell where no instance is known.
func (p *planner) foresee(s *lang.Step, args cty.Value, instances []lang.Frame) (foreseen, cty.Value) {
	out := foresee(s, args)
	if len(instances) == 0 || len(instances) > mostForeseen || s.Spec.Spec().EffectKnown(args) {
		return out, args
	}
	for i, each := range instances {
		with := local.KnownArgs(p.plan.scope, s, each)
		one := foresee(s, with)
		switch {
		case i == 0:
			out, args = one, with
		case one.worst > out.worst:
			args = with
		}
		out = out.and(one)
	}
	return out, args
}

// foreseeRunbook is what a step does that runs a runbook: what the worst of its planned steps does. Where one may write, that it writes at all is
// what the text says.
func foreseeRunbook(s *lang.Step, steps []PlannedStep) foreseen {
	text := graph.Effect(s)
	if len(steps) == 0 {
		return foreseen{text, text}
	}
	var out foreseen
	if s.Effect != nil {
		out = foreseen{*s.Effect, *s.Effect}
	}
	for i := range steps {
		out = out.and(steps[i].foreseen())
	}
	if out.worst > provider.Read {
		out.least = max(out.least, min(text, provider.Write))
	}
	return out
}

// foreseen is what the plan says of a step.
func (s *PlannedStep) foreseen() foreseen {
	if s.Unsure {
		return foreseen{provider.Read, s.Effect}
	}
	return foreseen{s.Effect, s.Effect}
}

// foresees keeps it in the plan.
func (s *PlannedStep) foresees(f foreseen) { s.Effect, s.Unsure = f.worst, f.unsure() }
