package engine

import (
	"slices"

	"github.com/e82355ed/runbook/engine/provider"
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
			r.Changes = append(slices.Clone(r.Changes), LostWords(l)+": what it did stays")
		}
	}
}

// LostWords says what a step did, and what became of it in the files.
func LostWords(l local.Lost) string {
	return "step " + l.Address + " was carried out at " + provider.Moment(l.At) + ", and " + l.Why
}
