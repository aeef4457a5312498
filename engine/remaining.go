package engine

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// Settle takes in what became of what was in doubt: what it has run again is told from then on.
func (r *Recalled) Settle(settled []local.Settled) {
	r.settled = settled
	again := r.Past.Again(settled...)
	r.affect(again.Steps)
	r.expect(append(slices.Clone(again.Steps), r.Affected...))
	runs := append(slices.Clone(again.Steps), r.Affected...)
	if !r.asItWas {
		runs = r.withoutGone(runs, nil)
	}
	r.Repeated = r.Past.CarriedOut(runs, settled...)
	r.Behind = nil
	for _, b := range again.Behind {
		undone := b.Undone + " was"
		if b.Within {
			undone = "steps of " + b.Undone + " were"
		}
		stay := slices.DeleteFunc(slices.Concat(b.Steps, b.Doubtful), func(s string) bool { return !r.staysDone(s) })
		if b.Steps = slices.DeleteFunc(b.Steps, r.staysDone); len(b.Steps) > 0 {
			r.Behind = append(r.Behind, "runs again, as "+undone+" undone: "+strings.Join(b.Steps, ", "))
		}
		if len(stay) > 0 {
			r.Behind = append(r.Behind, "stays, as it counts as done, though "+undone+" undone, which it stands on: "+strings.Join(slices.Compact(slices.Sorted(slices.Values(stay))), ", "))
		}
	}
}

// affect works out what the changes in the files have run again, beside what does in any case.
func (r *Recalled) affect(again []string) {
	affected := r.Past.Affected(r.touched, again, r.formerPast())
	r.Affected, r.others = slices.DeleteFunc(affected.Steps, r.countsAsDone), affected.Instances
}

// expect works out which instances steps have when those run again that reset names, and tells of others than they had.
func (r *Recalled) expect(reset []string) {
	if r.asItWas {
		return
	}
	others := r.Past.OtherInstances(reset, r.others)
	r.Affected = r.Past.Without(r.Affected, others)
	r.Instances, r.KeptValues = nil, r.Past.KeptValues(reset)
	for _, o := range others {
		r.Instances = append(r.Instances, o.String())
	}
	for i := range r.Plan.Steps {
		if step := &r.Plan.Steps[i]; step.ForEach {
			if keys, known := r.Past.Keys(step.Name, reset, r.others); known {
				step.Keys, step.Expands = keys, false
			}
		}
	}
}

// Told is what is said of what runs again: why it does, with which instances, and which writes take place a second time.
func (r *Recalled) Told() []string {
	return slices.Concat(r.Behind, r.Instances, r.KeptValues, r.Repeated)
}

// Remaining are the steps that a resume would run, or run again, with the notifiers that are asked about.
func (r *Recalled) Remaining() []PlannedStep {
	var out []PlannedStep
	kept := r.Past.Kept(r.settled...)
	for _, name := range r.Affected {
		own, _ := run.SplitAddress(name)
		kept[run.StepName(own)] = false
	}
	r.keepDone(kept)
	for _, s := range r.Plan.Steps {
		if !kept[s.Name] {
			out = append(out, s)
		}
	}
	return append(out, r.Plan.askedNotifiers(func(step string) bool {
		own, _ := run.SplitAddress(step)
		return !kept[own]
	})...)
}

// Again are those of the affected steps that had begun: another does not run again.
func (r *Recalled) Again() []string {
	return slices.DeleteFunc(slices.Clone(r.Affected), func(step string) bool { return !r.Past.Began(step) })
}

// Approved reports whether the person who began the run approved its writes beforehand.
func (r *Recalled) Approved() bool { return r.opts.AutoApprove }

// UndoSteps are the undos of what steps did as a plan shows steps. Of a step that did several things that were not undone, each says when.
func (r *Recalled) UndoSteps(effects []run.Effect) []PlannedStep {
	times := map[string]int{}
	for _, e := range r.Past.Undoable() {
		times[e.Address]++
	}
	var out []PlannedStep
	for _, e := range effects {
		out = append(out, r.undoStep(e, times[e.Address] > 1))
	}
	return out
}

func (r *Recalled) undoStep(e run.Effect, severalTimes bool) PlannedStep {
	out := PlannedStep{Name: "undo of " + e.Address, Effect: provider.Write}
	if at := r.Past.ActedAt(e); severalTimes && !at.IsZero() {
		out.Name += ", as of " + provider.Moment(at)
	}
	if undo, target := r.Past.UndoOf(e); undo != nil {
		args, err := r.Past.UndoArguments(e)
		if err != nil {
			args = cty.DynamicVal // they are told as the file has them
		}
		out.Action, out.Arguments = undo.Action, argumentsOf(undo, args)
		out.foresees(foresee(undo, args).and(foreseen{provider.Write, provider.Write}))
		out.Provider, out.Target = target.Provider, target.Target
	}
	return out
}
