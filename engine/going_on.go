package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// Resume goes on with a recalled run. settled must hold a decision for each of Past.Doubts.
func (e *Engine) Resume(ctx context.Context, r *Recalled, settled []local.Settled) (*Result, hcl.Diagnostics) {
	r.Settle(settled)
	reset := append(r.Past.Again(settled...).Steps, r.Affected...)
	reset, err := r.except(reset, settled)
	if err == nil {
		err = r.losesUndo(settled)
	}
	if err == nil {
		err = r.undecided(settled)
	}
	if err != nil {
		return nil, append(problem("Nothing was run", err), r.Drop(ctx)...)
	}
	if diags := r.lacksFiles(true); diags.HasErrors() {
		return nil, append(diags, r.Drop(ctx)...)
	}
	for _, d := range settled {
		at := slices.Index(reset, d.Address)
		switch {
		case d.Undo || d.Gone:
		case d.Decision == run.DecisionDone && at >= 0:
			reset = slices.DeleteFunc(reset, func(a string) bool { return a == d.Address })
		case d.Decision == run.DecisionRedo && at < 0 && (!d.ToSend || r.InstanceGone(d)):
			reset = append(reset, d.Address)
		}
	}
	reset = slices.DeleteFunc(r.withoutGone(append(reset, r.around(settled, reset)...), settled), r.Past.Untouched)
	slices.Sort(reset)
	return e.goOn(ctx, r, local.Going{
		Reset: slices.Compact(reset), Gone: r.goneOf(settled), Instances: r.others, Changes: r.Changes, Repeats: r.Told(), Settled: settled,
		Elsewhere: r.elsewhere, OtherMachine: r.otherMachine, Former: r.formerPast(),
	})
}

// around are the steps that had ended and run the runbook of a write that is to be sent again: nothing else sends it.
func (r *Recalled) around(settled []local.Settled, reset []string) []string {
	var out []string
	for _, d := range settled {
		if d.Undo || d.Gone || d.Decision != run.DecisionRedo {
			continue
		}
		for _, step := range run.Around(d.Address) {
			if r.Past.Over(step) && !slices.ContainsFunc(reset, func(a string) bool { return run.Covers(a, step) }) {
				out = append(out, step)
			}
		}
	}
	return out
}

// goneOf are the writes that are to be sent again of instances that their steps do not have any more: nothing sends them.
func (r *Recalled) goneOf(settled []local.Settled) []string {
	var out []string
	for _, d := range settled {
		if r.InstanceGone(d) {
			out = append(out, d.Address)
		}
	}
	return out
}

// withoutGone are those of what runs again that are not of an instance that its step does not have any more. What was decided of such a one is kept.
func (r *Recalled) withoutGone(reset []string, settled []local.Settled) []string {
	others := r.Past.OtherInstances(reset, r.others)
	stay := map[string]bool{}
	for _, address := range r.Past.Without(reset, others) {
		stay[address] = true
	}
	return slices.DeleteFunc(reset, func(address string) bool {
		decided := slices.ContainsFunc(settled, func(d local.Settled) bool { return d.Address == address })
		gone := slices.ContainsFunc(others, func(o local.Others) bool { return o.Loses(address) })
		return !decided && (gone || !stay[address])
	})
}

// except has the other instances run again of a step that would do so as a whole, where one counts as done. That is refused where
// the step may have others by then: the one that counts as done would not be known among them.
func (r *Recalled) except(reset []string, settled []local.Settled) ([]string, error) {
	for _, d := range settled {
		step := run.WholeStep(d.Address)
		at := slices.Index(reset, step)
		switch {
		case d.Undo || d.Gone || d.Decision != run.DecisionDone:
			continue
		case at < 0 && r.loses(d.Address, nil), step == d.Address && r.OfGone(d.Doubt):
			return nil, r.unplaced(d.Address)
		case at < 0 || step == d.Address:
			continue
		}
		instances, same := r.Past.SameInstances(step, reset)
		if !same {
			return nil, r.unsure(d.Address, step)
		}
		reset = append(slices.Delete(reset, at, at+1), instances...)
	}
	return reset, nil
}

// unsure says that an instance counts as done, and that nobody knows which its step has when it runs again.
func (r *Recalled) unsure(instance, step string) error {
	if len(r.Changes) == 0 {
		return fmt.Errorf("%s counts as done, but step %s runs again because what it did was taken back. It may have other instances then, and %[1]s would run a second time. "+
			"Take back what %[1]s did, if it did anything, and decide \"redo\" about it", instance, step)
	}
	return fmt.Errorf("%s counts as done, but step %s runs again for the changes in the files. It may have other instances then, and %[1]s would run a second time. Put "+
		"the files back as they were, or move them away, so that the run goes on with those that it began with, and settle %[1]s without --with-changes first",
		instance, step)
}

// unplaced says that an instance counts as done that its step does not have any more.
func (r *Recalled) unplaced(instance string) error {
	return fmt.Errorf("%s counts as done, and is not among the instances any more that for_each gives in the files as they are now. Put the files back as they were, or move them "+
		"away, so that the run goes on with those that it began with, and settle it without --with-changes first", instance)
}

// Undo takes back what steps at some addresses of a recalled run did, last first. settled are decisions about undos that
// are in doubt; one of these without a decision stays that.
func (e *Engine) Undo(ctx context.Context, r *Recalled, addresses []string, settled []local.Settled) (*Result, hcl.Diagnostics) {
	if len(addresses) == 0 && !r.Past.Paused() {
		return nil, append(problem("Nothing was undone", errors.New("no step is named that is to be")), r.Drop(ctx)...)
	}
	return e.goOn(ctx, r, local.Going{Undo: addresses, Settled: settled})
}

// Settle tells what became of some writes in doubt, and runs nothing.
func (e *Engine) Settle(ctx context.Context, r *Recalled, settled []local.Settled) (*Result, hcl.Diagnostics) {
	var steps []string
	for _, d := range settled {
		steps = append(steps, d.Address)
	}
	return e.goOn(ctx, r, local.Going{Undo: steps, SettleOnly: true, Settled: settled})
}

// Cancel ends a recalled run that no process runs, as an interrupt would: what waits is cancelled, the undos that are due run,
// and a write in doubt stays in doubt.
func (e *Engine) Cancel(ctx context.Context, r *Recalled) (*Result, hcl.Diagnostics) {
	return e.goOn(ctx, r, local.Going{Cancel: true})
}

func (e *Engine) goOn(ctx context.Context, r *Recalled, g local.Going) (*Result, hcl.Diagnostics) {
	if err := freeOld(ctx, r.opts.Journal, r.Plan.RunID, r.Plan.locks()); err != nil {
		e.host().Log.Warn("a lock that the run kept while it was paused could not be freed", "error", err)
	}
	if err := r.former.close(); err != nil {
		e.host().Log.Warn("a client did not close cleanly", "error", err)
	}
	result, diags, err := local.Resume(ctx, r.Past, g)
	return e.ended(ctx, r.Plan, r.held, result, diags, err)
}
