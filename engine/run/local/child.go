package local

import (
	"errors"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// branchOf gives a step that runs a runbook its branch: that of an earlier session, or a new one.
func (r *runner) branchOf(x *execution) (err error) {
	x.child = r.below[x.address]
	if x.fresh = x.child == nil; x.fresh {
		r.mu.Lock() // who looks for what is left over, when the run is stopped at once, does so beside this
		defer r.mu.Unlock()
		x.child, err = r.adopt(x.step, x.address)
	}
	return err
}

// runChild runs the runbook of a step "runbook": a loop of its own, whose events stand among the run's under the step's
// address. limit is the step's timeout.
func (r *runner) runChild(a *attempt, limit time.Duration) (*provider.Result, error) {
	b := a.child
	scope, configs, err := r.Child(a.step, a.prepared.args.GetAttr("variables"))
	if err != nil {
		return nil, err
	}
	b.use(scope, configs)
	child := newRunner(r.session, b, r.hard)
	child.stops, child.parent, child.asStep = a.stops, r, a.execution
	if child.wakes = !a.fresh; child.wakes {
		b.recallFrames()
	}
	if child.limitOfStep = limit != 0; !child.limitOfStep {
		limit = a.step.Child.Timeout
	}
	r.desk.enter(child)
	err = child.loop(limit)
	if closeErr := configs.Close(); closeErr != nil {
		r.Host.Log.Warn("a client did not close cleanly", "error", closeErr)
	}
	if err != nil {
		return nil, err
	}
	a.atBest = child.state.RunOutcome()
	return child.asResult(limit)
}

// asResult is what the step that ran the runbook gives: the outputs, and a failure where a step did not pass. limit is how
// long the runbook could take.
func (r *runner) asResult(limit time.Duration) (*provider.Result, error) {
	outcome := r.state.RunOutcome()
	counts := r.state.Counts()
	switch {
	case r.state.Stopping() == run.StopElsewhere:
		return nil, cancelledError{errElsewhere}
	case r.interrupted:
		return nil, cancelledError{errInterrupted}
	case outcome == run.Cancelled && r.timedOut:
		return nil, fmt.Errorf("timed out after %s: %s", limit, countsText(counts))
	case outcome == run.Cancelled && r.state.Stopping() == run.StopTimeout:
		return nil, cancelledError{errRunTimeout}
	case outcome == run.Cancelled && r.state.Stopping() == run.StopStepTimeout:
		return nil, cancelledError{errStepTimeout}
	case outcome == run.Cancelled:
		return nil, cancelledError{errInterrupted}
	}
	outputs := map[string]cty.Value{}
	for _, o := range r.runbook.Outputs {
		v, diags := r.scope.Value(o.Value, lang.Frame{})
		if diags.HasErrors() {
			if outcome == run.Pass || outcome == run.Warn {
				return nil, errors.New("output " + o.Name + ": " + text(diags))
			}
			continue
		}
		if o.Sensitive {
			v = v.Mark(provider.Sensitive)
		}
		outputs[o.Name] = v
	}
	result := &provider.Result{
		Value:   cty.ObjectVal(map[string]cty.Value{"outputs": cty.ObjectVal(outputs)}),
		Summary: fmt.Sprintf("%s: %s", r.runbook.Name, countsText(counts)),
	}
	if outcome == run.Fail || outcome == run.Error {
		result.Failure = &provider.Failure{Message: fmt.Sprintf("%s did not pass: %s", r.runbook.Name, countsText(counts))}
	}
	return result, nil
}

// outcomeOrder is the order in which outcomes are counted for people.
var outcomeOrder = []run.Outcome{run.Pass, run.Warn, run.Fail, run.Error, run.Blocked, run.Skipped, run.Cancelled}

func countsText(counts map[run.Outcome]int) string {
	text := ""
	for _, o := range outcomeOrder {
		if counts[o] == 0 {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d %s", counts[o], outcomeWords[o])
	}
	if text == "" {
		return "no steps"
	}
	return text
}

var outcomeWords = map[run.Outcome]string{
	run.Pass: "passed", run.Warn: "warned", run.Fail: "failed", run.Error: "erred", run.Blocked: "blocked", run.Skipped: "skipped",
	run.Cancelled: "cancelled",
}
