package local

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// prepared is what is evaluated once for a step or an instance.
type prepared struct {
	args   cty.Value
	client provider.Client
}

// attempt is one attempt at an action and what it came to. Its goroutine writes it; the loop reads it after that.
type attempt struct {
	*execution
	number int
	ended  time.Time

	result *provider.Result
	// err is why there is no result; final that repeating would give the same: arguments don't change.
	err   error
	final bool
	// precondition is set when it did not hold: the action did not run.
	precondition *checked
	// until is what a poll's condition gave; untilProblem why it could not be evaluated.
	until        bool
	untilProblem string
	// conclusion is worked out in the attempt's goroutine where nothing but a conclusion can follow.
	conclusion *conclusion
}

// attempt carries the action out once. It runs in a goroutine of its own.
func (r *runner) attempt(ctx context.Context, a *attempt, deadline time.Time) {
	defer a.cancel(nil)
	r.act(ctx, a, deadline)
	a.ended = r.clock()
	switch {
	case a.err != nil && a.precondition == nil:
	case a.step.Poll != nil && a.precondition == nil:
		a.until, a.untilProblem = r.untilHolds(a)
	default:
		a.conclusion = r.conclude(a, false)
	}
}

func (r *runner) act(ctx context.Context, a *attempt, deadline time.Time) {
	limit := a.step.Timeout
	if !deadline.IsZero() {
		if left := deadline.Sub(r.clock()); limit == 0 || left < limit {
			limit = left
		}
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	if a.prepared == nil {
		p, final, err := r.evaluate(ctx, a.execution)
		if err != nil {
			a.err, a.final = explainContext(ctx, err, limit), final
			return
		}
		a.prepared = p
	}
	if a.precondition = r.precondition(a); a.precondition != nil {
		return
	}
	result, err := carry(ctx, a.step.Spec, &provider.Call{
		Client: a.prepared.client, Args: a.prepared.args, Effect: a.effect, ReadOnly: r.ReadOnly, Dir: a.step.Dir, Host: r.Host,
	}, patience)
	if err != nil {
		a.err = explainContext(ctx, err, limit)
		return
	}
	tellResult(a.step.Spec.Spec().Results(), result.Value, r.Secret)
	a.result = result
}

// explainContext says which limit an action ran into: contexts only say that there was one.
func explainContext(ctx context.Context, err error, limit time.Duration) error {
	if ctx.Err() == nil {
		return err
	}
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errInterrupted), errors.Is(cause, errRunTimeout):
		return cancelledError{cause}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("timed out after %s: %w", limit.Round(time.Millisecond), err)
	}
	return cancelledError{errInterrupted}
}

// cancelledError marks attempts that the run itself ended.
type cancelledError struct{ cause error }

func (e cancelledError) Error() string { return e.cause.Error() }
func (e cancelledError) Unwrap() error { return e.cause }

// evaluate works out the arguments and gets the client. final is true for arguments: repeating would give the same.
func (r *runner) evaluate(ctx context.Context, x *execution) (_ *prepared, final bool, err error) {
	args, diags := object(r.Scope, x.step.Spec.Spec().Args(), x.step.Args, x.local, r.Secret)
	if diags.HasErrors() {
		return nil, true, errors.New(text(diags))
	}
	config, diags := r.Configs.choose(x.step, x.local)
	if diags.HasErrors() {
		return nil, true, errors.New(text(diags))
	}
	client, err := config.open(ctx)
	if err != nil {
		return nil, false, err
	}
	return &prepared{args: args, client: client}, false, nil
}

// untilHolds evaluates a poll's condition on the latest result.
func (r *runner) untilHolds(a *attempt) (bool, string) {
	holds, diags := r.condition(a.step.Poll.Until, r.withSelf(a))
	if diags.HasErrors() {
		return false, text(diags)
	}
	return holds, ""
}

// attemptDone decides with the scheduler how a step goes on.
func (r *runner) attemptDone(a *attempt) error {
	a.cancel = nil
	a.last = a
	var cancelled cancelledError
	if errors.As(a.err, &cancelled) {
		why := cancelled.Error()
		if a.effect != provider.Read && a.prepared != nil {
			why += " while the step was under way: it may have changed something"
		}
		return r.end(a.step, a.key, &run.Event{
			Step: a.address, Outcome: run.Cancelled, Error: why, Attempts: a.number,
			DurationMS: new(milliseconds(a.ended.Sub(a.timing.started))),
		}, &ending{outcome: run.Cancelled, err: why, timing: timing{a.timing.started, a.ended}, attempts: a.number})
	}
	if a.conclusion != nil {
		return r.concludeWith(a.conclusion)
	}
	d, err := r.state.After(a.address, run.Observation{
		Time: a.ended, Err: a.err != nil, Permanent: provider.Permanent(a.err), Final: a.final, NothingDone: provider.NothingDone(a.err), Until: a.until,
	})
	if err != nil {
		return err
	}
	switch d.Kind {
	case run.Again:
		delay := d.Delay
		if d.Jitter {
			delay = rand.N(d.Delay + 1)
		}
		return r.emit(&run.Event{
			Type: run.StepRetrying, Step: a.address, Time: a.ended, Attempt: a.number, Error: a.err.Error(), DelayMS: milliseconds(delay),
		})
	case run.ReadAgain:
		until := a.ended.Add(d.Delay).UTC()
		deadline := d.Deadline.UTC()
		return r.emit(&run.Event{
			Type: run.StepWaiting, Step: a.address, Time: a.ended, Attempt: a.number, For: "poll",
			Until: &until, Deadline: &deadline, Holds: d.Holds, Error: a.notYet(),
		})
	}
	return r.concludeWith(r.conclude(a, d.TimedOut))
}

// notYet says why a read counted as "not yet" where it was not the condition.
func (a *attempt) notYet() string {
	if a.err != nil {
		return a.err.Error()
	}
	return a.untilProblem
}
