package engine

import (
	"context"
	"slices"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run/local"
)

// lost finds what steps did that the files have no place for any more. Where an undo of it would be lost, the run can't go on with these
// files; the rest is told among the changes.
func (e *Engine) lost(ctx context.Context, r *Recalled, s *story, before *Runbook) error {
	if before == nil {
		return nil
	}
	was, err := e.idle(ctx, s, before)
	if err != nil {
		return err
	}
	defer was.Close()
	for _, l := range was.LostIn(r.Past) {
		if l.Undo != nil && (l.OnEnd || !l.Stays) {
			r.Lost = append(r.Lost, l)
		} else {
			r.Changes = append(slices.Clone(r.Changes), LostWords(l)+": what it did stays")
		}
	}
	return nil
}

// LostWords says what a step did, and what became of it in the files.
func LostWords(l local.Lost) string {
	return "step " + l.Address + " was carried out at " + provider.Moment(l.At) + ", and " + l.Why
}
