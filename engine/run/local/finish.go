package local

import (
	"context"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
)

// finish writes what is left, and says how the session ended.
func (r *runner) finish() (*Result, error) {
	if r.stays {
		return r.pause(r.state.Waiting(), r.exitStatus(run.Pass))
	}
	if !r.state.Finished() {
		if err := r.finishRun(); err != nil {
			return nil, err
		}
	}
	// What was run must be written, however the session ends.
	if err := r.flush(context.WithoutCancel(r.hard), true); err != nil {
		return nil, err
	}
	outcome := r.state.RunOutcome()
	return &Result{Outcome: outcome, ExitStatus: r.exitStatus(outcome), Counts: r.counts(), Outputs: r.outputs}, nil
}

// pause ends a session of a run that waits for people. status is the session's own: that of the run says that it is paused.
func (r *runner) pause(waits []string, status int) (*Result, error) {
	paused := exitInterrupted
	e := &run.Event{
		Type: run.RunPaused, Reason: "waits for a person: " + strings.Join(waits, ", "), Waits: waits, AskedAgain: r.state.AskedAgain(), Counts: r.counts(),
		ExitStatus: &paused, Left: r.state.Left(),
	}
	if r.onlyUndoes {
		e.NotUndone, e.Undoable = r.notUndone(), r.undoable()
	}
	if len(waits) == 0 {
		e.Reason = "nothing waits for a person any more: what was asked about counts as done"
	}
	if err := r.emit(e); err != nil {
		return nil, err
	}
	if err := r.flush(context.WithoutCancel(r.hard), true); err != nil {
		return nil, err
	}
	return &Result{Paused: true, ExitStatus: status, Counts: r.counts()}, nil
}

func (r *runner) exitStatus(outcome run.Outcome) int {
	switch {
	case r.left.Load() || len(r.leftOver()) > 0 || len(r.notUndone()) > 0:
		return run.ExitLeftOver
	case r.interrupted && r.somethingLeft(outcome):
		return exitInterrupted
	case r.outputDiags.HasErrors():
		return exitFailed
	case outcome == run.Pass, outcome == run.Warn && !r.FailOnWarn:
		return exitPassed
	}
	return exitFailed
}

// statusOfRun is the exit status that the run has from now on. Undos by hand that leave nothing to look at leave it as it was: one that was
// interrupted can still be resumed.
func (r *runner) statusOfRun(outcome run.Outcome) int {
	if r.onlyUndoes && r.state.Interrupted() && outcome != run.Pass && outcome != run.Warn {
		if status := r.exitStatus(outcome); status != exitFailed {
			return status
		}
		return exitInterrupted
	}
	return r.exitStatus(outcome)
}

// somethingLeft reports whether a session that was interrupted left something to go on with.
func (r *runner) somethingLeft(outcome run.Outcome) bool {
	if r.onlyUndoes {
		return r.state.AskedForLeft()
	}
	return outcome != run.Pass && outcome != run.Warn
}

// leftOver is what a person must look at, in any runbook of the run.
func (r *runner) leftOver() []run.Left {
	if r.children > 0 {
		return nil // a runbook is at work that did not end when it was told to, and tells itself ([session.left])
	}
	return r.state.Left()
}

// notUndone are the steps whose undo was due and did not run, in any runbook of the run.
func (r *runner) notUndone() []string {
	if r.children > 0 {
		return nil
	}
	return run.Addresses(r.state.NotUndone())
}

// undoable is how often something took effect, in any runbook of the run, that can be undone by hand.
func (r *runner) undoable() int {
	if r.children > 0 {
		return 0
	}
	return len(r.state.Undoable())
}

// finishBranch ends the branch: of the run itself, run_finished tells it; of a runbook that a step runs, that step's end
// does.
func (r *runner) finishBranch() error {
	switch {
	case r.stays:
		return nil // only the session is over
	case r.prefix == "":
		return r.finishRun()
	}
	r.outputs, r.outputDiags = r.evaluateOutputs()
	return r.state.Apply(&run.Event{Type: run.RunFinished, Outcome: r.state.RunOutcome()})
}

// counts are those of the session's end: the run's steps by outcome, and what of them was taken back.
func (r *runner) counts() map[run.Outcome]int {
	counts := r.state.Counts()
	if n := r.state.Undone(); n > 0 {
		counts[run.Undone] = n
	}
	return counts
}

func (r *runner) finishRun() error {
	r.outputs, r.outputDiags = r.evaluateOutputs()
	outcome := r.state.RunOutcome()
	if r.interrupted || r.onlyUndoes || outcome != run.Pass && outcome != run.Warn {
		// What did not run gave no results; why is told by the steps, and beside each output. Undos need none.
		r.outputDiags = nil
	}
	status := r.statusOfRun(outcome)
	took := milliseconds(r.clock().Sub(r.StartedAt))
	return r.emit(&run.Event{
		Type: run.RunFinished, Outcome: outcome, Counts: r.counts(), Outputs: r.outputs,
		DurationMS: &took, ExitStatus: &status, NotUndone: r.notUndone(), Undoable: r.undoable(), Left: r.leftOver(),
	})
}
