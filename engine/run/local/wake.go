package local

import (
	"context"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// wake gets a branch that was recalled ready to go on: the steps that are past their preparation have executions, and the
// open questions lie on the desk again. One that comes out otherwise by now is asked anew.
func (r *runner) wake(ctx context.Context) error {
	for _, address := range r.state.Prepared() {
		r.live[address] = r.recalled(address)
	}
	for _, w := range r.state.Waits() {
		x := r.live[w.Address]
		if x == nil {
			x = r.recalled(w.Address) // a step that is asked about before it has instances
		}
		again, err := r.otherwise(x, w)
		switch {
		case err != nil:
			err = r.end(x.step, x.key, &run.Event{Step: x.address, Outcome: run.Error, Error: err.Error()}, nil)
		case again != nil:
			err = r.askOtherwise(ctx, x, w, again)
		default:
			err = r.openAgain(x, w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recalled is the execution of a step, or of an instance, that was prepared in an earlier session.
func (r *runner) recalled(address string) *execution {
	i, key, _ := r.state.Find(address)
	step, local := r.graph.Nodes[i].Step, lang.Frame{}
	if key >= 0 {
		local = r.values.each(step.Name, key)
	}
	return r.newExecution(step, key, local)
}

// openAgain lays a question on the desk as it was asked, unless it was answered beforehand.
func (r *runner) openAgain(x *execution, w run.Wait) error {
	if taken, err := r.beforehand(x.step, x.key, w, nil); taken || err != nil {
		return err
	}
	w, err := r.askWithKey(w)
	if err != nil {
		return err
	}
	r.desk.put(r, w)
	return nil
}

// askOtherwise asks anew what comes out otherwise.
func (r *runner) askOtherwise(ctx context.Context, x *execution, w run.Wait, again *run.AskedAgain) error {
	x.again, r.live[w.Address] = again, x
	var work func()
	var err error
	if w.For == run.ForWrites {
		var keys []string
		var instances []lang.Frame
		if _, keys, instances, err = r.instances(x.step); err != nil {
			return err
		}
		all, q := r.writesQuestion(x.step, keys, instances)
		q.Again = again
		work, err = r.workOutWrites(ctx, x, all, q)
	} else {
		work, _, err = r.ask(ctx, x)
	}
	if err != nil {
		return err
	}
	r.underWay++
	go work()
	return nil
}
