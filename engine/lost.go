package engine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// findLost finds what steps did that the files have no place for any more. Where an undo of it would be lost, the run can't go on with
// these files; the rest is told among the changes.
func (r *Recalled) findLost() {
	if r.former == nil {
		return
	}
	for _, l := range r.former.past.LostIn(r.Past) {
		if l.Undo != nil && (l.OnEnd || !l.Stays) {
			r.Lost = append(r.Lost, l)
		} else {
			r.tellOf(told{l.Address, LostWords(l) + ": what it did stays"})
		}
	}
}

// LosesUndo says which undo would be lost, were a write in doubt of a step that is gone to count as done: as with what surely took effect,
// the run can't go on with these files then. Empty: none.
func (r *Recalled) LosesUndo(d run.Doubt) string {
	if !d.Gone || d.Undo || r.former == nil {
		return ""
	}
	return r.former.past.UndoInWords(d)
}

// losesUndo is an error where that is decided of a write.
func (r *Recalled) losesUndo(settled []local.Settled) error {
	if len(r.Lost) > 0 {
		return errors.New(LostWords(r.Lost[0]) + ": its undo would be lost; undo it first, or keep it in the file")
	}
	for _, d := range settled {
		if undo := r.LosesUndo(d.Doubt); undo != "" && d.Decision == run.DecisionDone {
			return fmt.Errorf("step %s counts as done, and is not in the file any more: its undo would be lost (%s); keep it in the file", d.Address, undo)
		}
	}
	return nil
}

// told is a line about a step.
type told struct{ address, line string }

// tellOf adds lines about steps that are gone to the changes, in place of the one that only says that a step is.
func (r *Recalled) tellOf(lines ...told) {
	for _, t := range lines {
		gone := goneWords("step " + run.StepName(t.address))
		r.Changes = append(slices.DeleteFunc(slices.Clone(r.Changes), func(line string) bool { return line == gone }), t.line)
	}
}

// LostWords says what a step did, and what became of it in the files.
func LostWords(l local.Lost) string {
	return "step " + l.Address + " was carried out at " + provider.Moment(l.At) + ", and " + l.Why
}
