package local

import (
	"fmt"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// deed is what one execution of a step did, as its undo sees it.
type deed struct {
	step *lang.Step
	// key is the place of the instance among the keys at that time, or -1; instance its key.
	key      int
	instance string
	each     lang.Frame
	end      *ending
	// system is the one that it was done on, nil where that was not kept; named what the session that did it named.
	system *run.Target
	named  []run.Target
	// undoAt is where its undo has to act, as that was told when it had acted; nil: it was not.
	undoAt *run.UndoTarget
	// approved is what was approved before it was done; nil: nobody was asked.
	approved *approved
	// with is what its undo refers to; nil: nothing, or nobody kept it.
	with *undoWith
	// place is where its undo is evaluated.
	place lang.Place
	// acted is when it had taken place: of a write that counts as done, when it was sent. Zero: that can't be told.
	acted time.Time
}

// remember keeps what an execution did that an undo may take back. e is the event that told its end.
func (b *branch) remember(step *lang.Step, key int, e *run.Event, end *ending) {
	if step.Undo == nil {
		return
	}
	d := &deed{step: step, key: key, end: end, place: lang.Place{Step: step.Name, Part: partUndo, Effect: e.Seq}, undoAt: e.UndoAt}
	if d.acted = b.state.TakenAsDone(e.Step); d.acted.IsZero() {
		d.acted = end.timing.finished
	}
	if key >= 0 {
		d.each, d.instance = b.values.each(step.Name, key), b.values.key(step.Name, key)
		d.place.Step = run.Address(step.Name, d.instance, true)
	}
	d.approved = b.approvedFor(d.place.Step)
	d.system, d.named, d.with = b.systems[d.place.Step], b.namedFor(d.place.Step), b.undoneWith[d.place.Step]
	b.deeds[e.Seq] = d
}

// recallUndone keeps that what an execution did was taken back, and so what one behind it found as it was to be.
func (b *branch) recallUndone(e *run.Event) {
	if d := b.deeds[e.Undoes]; d != nil {
		d.end.undone = true
	}
	if _, key, ok := b.state.Find(e.Step); ok && b.state.WasUndone(e.Step) {
		b.values.undone(run.StepName(e.Step), key)
	}
}

// frame is what the undo of an effect sees as each and self.
func (b *branch) frame(d *deed) lang.Frame {
	local := d.each
	if d.key >= 0 && !local.EachValue.IsKnown() { // the branch had no scope when it was recalled
		if now, ok := b.values.instance(d.step.Name, d.instance); ok {
			local = now
		}
	}
	local.Self, local.At = d.end.value(), d.place
	_, local.SelfLost = d.end.recalled()
	return local
}

// deedOf finds what is to be undone: its branch, and what it did.
func (b *branch) deedOf(address string, seq int64) (*branch, *deed, error) {
	of, _ := b.find(address)
	if of == nil || of.deeds[seq] == nil {
		return nil, nil, fmt.Errorf("step %s did nothing that can be undone", address)
	}
	return of, of.deeds[seq], nil
}

// UndoArguments are what the undo of an effect would be called with now. Nothing is kept of it.
func (p *Past) UndoArguments(e run.Effect) (cty.Value, error) {
	r, step, local, err := p.sender(run.Doubt{Address: e.Address, Undo: true, Undoes: e.Seq})
	if err != nil {
		return cty.NilVal, err
	}
	return r.arguments(step, local)
}

// Evaluated is a step with what evaluates it.
type Evaluated struct {
	Step    *lang.Step
	Frame   lang.Frame
	Scope   *lang.Scope
	Configs *Configs
}

// UndoIn is the undo of an effect, behind the steps whose runbooks it is in. Where one of these can't be evaluated, what is in its runbook
// is left out.
func (p *Past) UndoIn(e run.Effect) []Evaluated {
	b, d, err := p.root.deedOf(e.Address, e.Seq)
	if err != nil {
		return nil
	}
	var out []Evaluated
	for at := b; at.parent != nil; at = at.parent {
		if p.furnishUndo(at.parent) == nil {
			out = append(out, Evaluated{Step: at.step, Frame: at.caller(), Scope: at.parent.scope, Configs: at.parent.configs})
		}
	}
	slices.Reverse(out)
	if p.furnishUndo(b) != nil {
		return out
	}
	frame := b.frame(d)
	frame.At = lang.Place{} // nothing is kept of it
	return append(out, Evaluated{Step: d.undo(), Frame: frame, Scope: b.scope, Configs: b.configs})
}

// undoFrom is a runner that can evaluate the undo of an effect and call it, beside the loop of r.
func (r *runner) undoFrom(b *branch) (*runner, error) {
	if b == r.branch {
		return r, nil
	}
	at := newRunner(r.session, b, r.hard)
	at.notes = r.notes
	if err := r.supplies.furnishUndo(b); err != nil {
		return at, err
	}
	r.supplies.keep(b.configs)
	return at, nil
}

// ActedAt is when an effect had taken place; zero: that can't be told.
func (p *Past) ActedAt(e run.Effect) time.Time {
	_, d, err := p.root.deedOf(e.Address, e.Seq)
	if err != nil {
		return time.Time{}
	}
	return d.acted
}

// UndoOf is the undo of an effect, and the system that it has to act on, where that can be told; nil: it has none.
func (p *Past) UndoOf(e run.Effect) (*lang.Step, run.Target) {
	b, d, err := p.root.deedOf(e.Address, e.Seq)
	if err != nil || p.furnishUndo(b) != nil {
		return nil, run.Target{}
	}
	if was, _ := p.runnerOf(b).undoSystem(d, b.frame(d)); was != nil {
		return d.undo(), *was
	}
	target, diags := b.configs.Target(d.undo(), b.frame(d))
	if diags.HasErrors() {
		return d.undo(), run.Target{}
	}
	return d.undo(), target
}
