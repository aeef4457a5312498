package local

import (
	"fmt"
	"slices"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// undoGroup are undos that a person asked for and that follow one another in one branch.
type undoGroup struct {
	branch *branch
	// addresses are the branch's own.
	addresses []string
}

// beginUndo tells run_resumed of a session that only undoes. Its undos run in the order of the event.
func (p *Past) beginUndo(r *runner, e *run.Event) error {
	for _, address := range e.Undo {
		b, own, ok := p.find(address)
		if !ok {
			return fmt.Errorf("there is no step %s", address)
		}
		if err := p.furnish(b); err != nil {
			return err
		}
		if last := len(r.toUndo) - 1; last >= 0 && r.toUndo[last].branch == b {
			r.toUndo[last].addresses = append(r.toUndo[last].addresses, own)
			continue
		}
		r.toUndo = append(r.toUndo, undoGroup{b, []string{own}})
	}
	whole := e.Undo
	e.Undo = []string{}
	if err := r.state.Apply(e); err != nil {
		return err
	}
	e.Undo = whole
	return r.session.emit(nil, "", journal.Entry{Event: e, Files: p.cfg.Files})
}

// undoByHand runs the undos that a person asked for: in the runbook itself and in those that its steps run, each in its own
// branch, what ended last first over all of them.
func (r *runner) undoByHand() error {
	for _, g := range r.toUndo {
		if r.hard.Err() != nil {
			break
		}
		if err := r.undoGroup(g); err != nil {
			return err
		}
	}
	if len(r.toUndo) > 0 {
		for _, b := range r.past {
			r.left.Store(r.left.Load() || b.state.LeftOver())
		}
	}
	return nil
}

func (r *runner) undoGroup(g undoGroup) error {
	if err := g.branch.state.Apply(&run.Event{Type: run.RunResumed, Undo: slices.Clone(g.addresses)}); err != nil {
		return err
	}
	at := r
	if g.branch != r.branch {
		at = newRunner(r.session, g.branch, r.hard)
		at.stops = r.stops
	}
	at.partial = true
	err := at.loop(0)
	at.partial = false
	r.interrupted = r.interrupted || at.interrupted
	return err
}
