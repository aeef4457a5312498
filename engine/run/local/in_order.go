package local

import (
	"slices"
	"time"

	"github.com/e82355ed/runbook/engine/run"
)

// Questions that come at the same time are asked in the order of the file, in which they are listed too: whoever types ahead is to know what
// for. Each is worked out beside the others, and is ready when it happens to be.
const (
	// turnTime bounds how long one that is ready waits for those before it in the file, whose dry runs may take long.
	turnTime = time.Second
	// settleTime bounds how long the first one waits at the terminal for those of runbooks that run beside its own.
	settleTime = 200 * time.Millisecond
)

// spot is where a step stands in the files of a run: the step and the instance of each runbook down to it.
type spot []int

// spot is that of a step or, with a key, of its instance.
func (r *runner) spot(step string, key int) spot {
	var out spot
	if r.parent != nil {
		out = r.parent.spot(r.asStep.step.Name, r.asStep.key)
	}
	at := -1
	if n := r.graph.Node(step); n != nil {
		at = n.Index
	}
	return append(out, at, key)
}

// spotOf is that of what is asked about; a step that has no instances yet comes before them.
func (r *runner) spotOf(address string) spot {
	key := -1
	if x := r.live[address]; x != nil {
		key = x.key
	}
	return r.spot(run.StepName(address), key)
}

// turn is a question that is worked out: nil until it is.
type turn struct {
	spot
	execution *execution
	question  *question
}

// workOut notes that a question is being worked out.
func (r *runner) workOut(x *execution) {
	t := &turn{spot: r.spot(x.step.Name, x.key), execution: x}
	r.turns = slices.Insert(r.turns, r.turnAt(t.spot, true), t)
}

// turnAt is where the turns of a spot begin, or where they end.
func (r *runner) turnAt(p spot, end bool) int {
	i, _ := slices.BinarySearchFunc(r.turns, p, func(t *turn, p spot) int {
		if c := slices.Compare(t.spot, p); c != 0 || !end {
			return c
		}
		return -1
	})
	return i
}

// worked lays a question open that was worked out, once those before it are.
func (r *runner) worked(q *question) error {
	for _, t := range r.turns[r.turnAt(r.spot(q.step.Name, q.key), false):] {
		if t.execution == q.execution {
			t.question = q
			break
		}
	}
	for len(r.turns) > 0 && r.turns[0].question != nil {
		first := r.turns[0]
		r.turns = r.turns[1:]
		if err := r.questionDone(first.question); err != nil {
			return err
		}
	}
	r.holdBack()
	return nil
}

// holdBack bounds how long those wait that are ready.
func (r *runner) holdBack() {
	switch held := slices.ContainsFunc(r.turns, (*turn).ready); {
	case !held:
		r.heldUntil = nil
	case r.heldUntil == nil:
		r.heldUntil = time.After(turnTime)
	}
}

func (t *turn) ready() bool { return t.question != nil }

// waitNoLonger lays open what is ready.
func (r *runner) waitNoLonger() error {
	r.heldUntil = nil
	all := r.turns
	r.turns = slices.DeleteFunc(slices.Clone(all), (*turn).ready)
	for _, t := range all {
		if t.ready() {
			if err := r.questionDone(t.question); err != nil {
				return err
			}
		}
	}
	return nil
}

// settles is how long the first question is still held back at the terminal, while others may come that stand before it. Called with the lock
// held.
func (d *desk) settles() time.Duration {
	if len(d.open) == 0 || d.shown != nil || d.allRest() {
		return 0
	}
	first := d.open[0].put
	for _, q := range d.open {
		if q.put.Before(first) {
			first = q.put
		}
	}
	return settleTime - time.Since(first)
}
