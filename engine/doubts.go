package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// Doubts lists what has to be settled before the run goes on: the writes and undos in doubt, also those of steps that the runbook does not
// have any more, and those that erred after a part of them took place.
func (r *Recalled) Doubts() []run.Doubt { return slices.Concat(toSettle(r.Past), r.gone) }

func toSettle(p *local.Past) []run.Doubt {
	return slices.Concat(p.Doubts(), p.HalfDone(), p.HalfUndone())
}

// sender is the run as it was when a write in doubt was sent.
func (r *Recalled) sender(d run.Doubt) *local.Past {
	if r.former != nil && slices.ContainsFunc(toSettle(r.former.past), d.Same) {
		return r.former.past
	}
	return r.Past
}

// Inquire asks the system whether a write in doubt took place; one that can't tell finds [provider.Unknown].
func (r *Recalled) Inquire(ctx context.Context, d run.Doubt) (*provider.Found, error) {
	p := r.sender(d)
	if d.Gone && p == r.Past || d.Failed {
		return &provider.Found{}, nil // nothing is known but that it was sent, or that it failed and how far it came
	}
	return p.Inquire(ctx, d)
}

// SentBy is the step, or the undo, that sent a write in doubt, and the system that it acts on, where that can be told; nil: it is not
// known.
func (r *Recalled) SentBy(d run.Doubt) (*lang.Step, run.Target) {
	p := r.sender(d)
	if d.Gone && p == r.Past {
		return nil, run.Target{}
	}
	return p.SentBy(d)
}

// tellGone tells what is gone of what is in doubt, for the history.
func (r *Recalled) tellGone() []told {
	var out []told
	for _, d := range r.gone {
		what := "its write"
		if d.Undo {
			what = "its undo"
		}
		out = append(out, told{d.Address, fmt.Sprintf("step %s is gone, and %s, sent at %s, was in doubt", d.Address, what, provider.Moment(d.At))})
	}
	return out
}

// Redo is what a run that goes on does about something that is to be sent again.
type Redo int

// What there is to do.
const (
	// RedoInTurn sends a write when it has its turn.
	RedoInTurn Redo = iota
	// RedoAtEnd sends an undo at the end of the run, as that runs in any case.
	RedoAtEnd
	// RedoByUndo sends nothing: an undo that a failure had run does not fall due again by itself, and what it took back, perhaps or in part, is
	// what the run would stand on.
	RedoByUndo
	// RedoTwice would have the undo of a write take back all of it twice, see [local.Past.UndoneTwice].
	RedoTwice
)

// Redo tells what a run that goes on does about something that is to be sent again.
func (r *Recalled) Redo(d run.Doubt) Redo {
	switch {
	case d.Gone:
		return RedoInTurn
	case d.Undo && (d.Failed || d.OfPart || !r.Past.UndoneAtEnd(d)):
		return RedoByUndo
	case d.Undo:
		return RedoAtEnd
	case r.Past.UndoneTwice(d):
		return RedoTwice
	}
	return RedoInTurn
}

// InstanceGone reports whether a write that is to be sent again is of an instance that its step, or the one that runs its runbook, does not
// have any more when that runs again: nothing sends it.
func (r *Recalled) InstanceGone(s local.Settled) bool {
	return s.Decision == run.DecisionRedo && r.OfGone(s.Doubt)
}

// OfGone reports whether a write in doubt is of such an instance.
func (r *Recalled) OfGone(d run.Doubt) bool {
	if r.asItWas || d.Undo || d.Gone {
		return false
	}
	again := r.Past.Again(local.Settled{Doubt: d, Resolution: run.Resolution{Decision: run.DecisionRedo}})
	return r.loses(d.Address, append(again.Steps, r.Affected...))
}

// loses reports whether an address is of an instance that a step does not have any more with what reset names.
func (r *Recalled) loses(address string, reset []string) bool {
	return slices.ContainsFunc(r.Past.OtherInstances(reset, r.others), func(o local.Others) bool { return o.Loses(address) })
}

// undecided is an error where something in doubt has no decision: it would be lost; and where it is to be sent again, and would not be. That a
// system says that an undo did not take place sends nothing: the run stands on what the step did.
func (r *Recalled) undecided(settled []local.Settled) error {
	for _, s := range settled {
		switch redo := r.Redo(s.Doubt); {
		case s.Decision == run.DecisionDone:
		case redo == RedoByUndo && s.Doubt.Failed:
			return fmt.Errorf("a part of the undo of %s took place: it is sent again by an undo, before the run goes on", s.Address)
		case redo == RedoByUndo && (s.How != run.HowInquired || s.OfPart):
			return fmt.Errorf("the undo of %s is in doubt: it is sent again by an undo, before the run goes on", s.Address)
		case redo == RedoTwice:
			return fmt.Errorf("a part of %s took place, and its undo, which uses nothing of its result, would take back all of it twice: undo that part first", s.Address)
		}
	}
	for _, d := range r.Doubts() {
		if !slices.ContainsFunc(settled, func(s local.Settled) bool { return d.Same(s.Doubt) }) {
			return fmt.Errorf("nobody said what became of %s, which is in doubt", d.Address)
		}
	}
	return nil
}

// SentWith is what a write in doubt was sent with; an error says why that is not known.
func (r *Recalled) SentWith(d run.Doubt) ([]run.ArgumentValue, error) { return r.sender(d).SentWith(d) }

// SendsTheSame reports whether a write in doubt is surely sent as it was, were it sent again.
func (r *Recalled) SendsTheSame(d run.Doubt) bool {
	return r.wouldBeTheSame(d) && len(r.runsFirst(d)) == 0 && !r.RunsBefore(d)
}

// RunsBefore reports whether a run that goes on runs steps before it sends an undo again, if it ever does: they would stand on what was perhaps
// taken back.
func (r *Recalled) RunsBefore(d run.Doubt) bool {
	return d.Undo && !r.asItWas && (r.Redo(d) != RedoAtEnd || r.Past.Open() || len(r.Past.Again().Steps)+len(r.Affected) > 0)
}

// RunsFirst lists the steps that run again before a write in doubt where nothing else keeps that from being surely the same.
func (r *Recalled) RunsFirst(d run.Doubt) []string {
	if !r.wouldBeTheSame(d) {
		return nil
	}
	return r.runsFirst(d)
}

func (r *Recalled) wouldBeTheSame(d run.Doubt) bool {
	return !d.Gone && !r.OfGone(d) && r.Past.SendsTheSame(d, len(r.Changes) > 0)
}

func (r *Recalled) runsFirst(d run.Doubt) []string {
	return r.Past.RunsFirst(d, append(r.Past.Again().Steps, r.Affected...))
}

// countsAsDone reports whether a write in doubt is settled as done.
func (r *Recalled) countsAsDone(address string) bool {
	return slices.ContainsFunc(r.settled, func(d local.Settled) bool {
		return d.Address == address && d.Decision == run.DecisionDone && !d.Undo && !d.Gone
	})
}

// keepDone adds to the steps that a resume does not repeat those whose write was in doubt, and counts as done.
func (r *Recalled) keepDone(kept map[string]bool) {
	for _, d := range r.settled {
		step := run.StepName(d.Address)
		ofStep := d.Address == step || d.Address != run.WholeStep(d.Address) // another is of a runbook that a step runs, which goes on
		if r.countsAsDone(d.Address) && ofStep && !slices.Contains(r.Affected, step) {
			kept[step] = r.staysDone(step)
		}
	}
}

// staysDone reports whether a step does not run again, as its write, or those of its instances, count as done or have ended well.
func (r *Recalled) staysDone(step string) bool {
	if r.countsAsDone(step) {
		return true
	}
	instances, _ := r.Past.SameInstances(step, nil)
	return len(instances) > 0 && !slices.ContainsFunc(instances, func(a string) bool { return !r.countsAsDone(a) && !r.Past.Over(a) })
}
