package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/run"
)

// Doing is what a session of a run does, as far as it matters to how the run goes on after it. The zero value is before the first event.
type Doing struct {
	// byHand says that the session undoes what was asked for, and nothing else; cancelled that it only ends the run.
	byHand, cancelled bool
	// takesBack says that undos began by themselves.
	takesBack bool
	// stopped says that the session was told to stop.
	stopped bool
	// limit is how long the session could take, where its time was over.
	limit time.Duration
}

// See takes in the next event of the run.
func (d *Doing) See(e *run.Event) {
	switch e.Type {
	case run.RunStarted:
		*d = Doing{}
	case run.RunResumed:
		*d = Doing{byHand: len(e.Undo) > 0, cancelled: e.Reason == run.ReasonCancel}
	case run.UndoStarted:
		d.takesBack = !d.byHand
	case run.RunStopping:
		d.stopped = d.stopped || e.Step == ""
		if e.Step == "" && e.Reason == run.StopTimeout {
			d.limit = milliseconds(e.LimitMS)
		}
	}
}

// TakesBack reports whether undos began by themselves.
func (d *Doing) TakesBack() bool { return d.takesBack }

// Next says what to do about a run after its last session, a line each: none where there is nothing to do. The end is its run_finished or run_paused, or nil
// where the program that ran it is gone. To a run that waits it adds what undos left of it.
func Next(id string, d Doing, end *run.Event, c Config) []string {
	switch {
	case end == nil:
		return c.afterBreak(id, d)
	case end.Type == run.RunPaused:
		return c.afterPause(end, d)
	}
	var left leftovers
	for _, l := range end.Left {
		kind := map[run.LeftWhat]leftKind{run.LeftInDoubt: inDoubt, run.LeftUndoInDoubt: undoInDoubt, run.LeftUndoFailed: undoFailed}[l.What]
		if l.Partial {
			kind = undoPartly
		}
		left = append(left, leftover{kind: kind})
	}
	if len(end.NotUndone) > 0 {
		left = append(left, leftover{kind: undoNotRun})
	}
	return c.afterEnd(end, d, left)
}

// afterBreak says how a run goes on whose program is gone.
func (c *Config) afterBreak(id string, d Doing) []string {
	switch {
	case d.byHand:
		return []string{c.leftUndosWith(id)}
	case d.takesBack:
		return []string{
			"its undos were under way; to run those that are left: " + c.command("cancel "+id) + ", or, with what is in doubt: " + c.command("undo "+id),
			"to go on with the run, which does again what was undone: " + c.resumeCommand(id, d),
		}
	}
	return []string{c.resumeWith(id, d)}
}

func (c *Config) leftUndosWith(id string) string {
	return "the undos that are left run with: " + c.command("undo "+id)
}

func (c *Config) resumeWith(id string, d Doing) string {
	return "resume with: " + c.resumeCommand(id, d)
}

// resumeCommand goes on with the run; with twice the time, where that was over.
func (c *Config) resumeCommand(id string, d Doing) string {
	if d.limit == 0 {
		return c.command("resume " + id)
	}
	return c.command("resume " + id + " --timeout " + run.InUnits(2*d.limit))
}

// afterPause says what to do about undos of a run that waits which were stopped before all were run.
func (c *Config) afterPause(e *run.Event, d Doing) []string {
	if d.byHand && d.stopped && e.Undoable > 0 {
		return []string{c.leftUndosWith(e.Run)}
	}
	return nil
}

// afterEnd says what to do about a run that did not simply end, and left something.
func (c *Config) afterEnd(e *run.Event, d Doing, left leftovers) []string {
	if e.ExitStatus == nil {
		return nil
	}
	var lines []string
	if canTakeBack(e, d) {
		lines = []string{"undo what can be undone with: " + c.command("undo "+e.Run)}
	}
	switch status := *e.ExitStatus; {
	case status == run.ExitLeftOver:
		return c.afterLeft(e, d, left)
	case status == exitInterrupted && d.byHand && d.stopped && e.Undoable > 0:
		return []string{c.leftUndosWith(e.Run)}
	case status == exitInterrupted || d.limit > 0:
		return append(lines, c.resumeWith(e.Run, d))
	}
	return lines
}

// canTakeBack reports whether a run that did not go well did something that can be undone, and was not about undos.
func canTakeBack(e *run.Event, d Doing) bool {
	return e.Undoable > 0 && !d.byHand && e.Outcome != run.Pass && e.Outcome != run.Warn
}

// afterLeft says how what is left to look at is settled.
func (c *Config) afterLeft(e *run.Event, d Doing, left leftovers) []string {
	var lines []string
	resume := c.resumeCommand(e.Run, d)
	doubt, failed := left.any(inDoubt) || len(left) == 0, left.any(undoFailed) // without anything, an old version kept it
	undoDoubt, partly := left.any(undoInDoubt), left.any(undoPartly)
	switch {
	case doubt && (d.byHand || d.cancelled):
		lines = append(lines, "what is in doubt is settled with: "+c.command("undo "+e.Run)+", which takes back what took place, or, to go on with the run: "+resume)
	case doubt && canTakeBack(e, d):
		lines = append(lines, "what is in doubt is settled with: "+resume+", which goes on with the run, or, to take back what was done: "+c.command("undo "+e.Run))
	case doubt:
		lines = append(lines, "what is in doubt is settled with: "+resume)
	}
	if undoDoubt {
		lines = append(lines, "an undo in doubt is settled with: "+c.undoLeft(e, run.LeftUndoInDoubt, false)+", or, with what is left of the run: "+resume)
	}
	if passed := e.Outcome == run.Pass || e.Outcome == run.Warn; passed && failed && !d.byHand {
		lines = append(lines, "the run has passed on what the steps did whose undo failed: look whether that is whole; take it back only to take back the run")
	}
	if failed {
		lines = append(lines, "an undo is tried again with: "+c.undoLeft(e, run.LeftUndoFailed, false)+", and one that you did by hand is settled with --in-doubt STEP=done")
	}
	if partly {
		lines = append(lines, "an undo of which a part took place is settled with: "+c.undoLeft(e, run.LeftUndoFailed, true)+", or, with what is left of the run: "+resume)
	}
	if !doubt && !undoDoubt && !failed && !partly {
		lines = append(lines, "undos that did not run are run with: "+c.command("undo "+e.Run), c.resumeWith(e.Run, d))
	}
	return lines
}

// undoLeft is the command for the undos of a kind that are left. Where the run did more that could be taken back, and on which it stands, it
// names them.
func (c *Config) undoLeft(e *run.Event, what run.LeftWhat, partial bool) string {
	var names []string
	undos := len(e.NotUndone)
	for _, l := range e.Left {
		if l.What != run.LeftInDoubt {
			undos++
		}
		if l.What == what && l.Partial == partial {
			names = append(names, l.Name())
		}
	}
	if e.Undoable <= undos || len(names) == 0 {
		return c.command("undo " + e.Run)
	}
	var commands []string
	for _, name := range names[:min(len(names), mostNamed)] {
		commands = append(commands, c.command("undo "+e.Run+" "+run.Quote(c.clean(name))))
	}
	if more := len(names) - len(commands); more > 0 {
		commands = append(commands, fmt.Sprintf("%d more", more))
	}
	return strings.Join(commands, " and ")
}
