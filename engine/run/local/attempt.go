package local

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// prepared is what is evaluated once for a step or an instance.
type prepared struct {
	args cty.Value
	// opened says that client is the one to use; an approval may come between the arguments and the client.
	opened bool
	client provider.Client
}

// attempt is one attempt at an action and what it came to. Its goroutine writes it; the loop reads it after that.
type attempt struct {
	*execution
	number int
	ended  time.Time

	// result is what the action gave, also beside an error: then it took effect, as far as the result tells.
	result *provider.Result
	// err is why the step errs; final that repeating would give the same: arguments don't change.
	err   error
	final bool
	// precondition is set when it did not hold: the action did not run.
	precondition *checked
	// answer is what a person said, for an action that asks.
	answer *provider.Answer
	// earlier is an attempt at the same write that may have taken place.
	earlier *run.Earlier
	// sent says that the action was begun, so that an error leaves a write in doubt unless it says that nothing was done.
	sent bool
	// atBest is the outcome that the step has at best: that of the runbook that it ran. Empty: any.
	atBest run.Outcome
	// nothingDone is what the error said before it was explained.
	nothingDone bool
	// cut says that the poll's time was over before the read had ended.
	cut bool
	// until is what a poll's condition gave; untilProblem why it could not be evaluated.
	until        bool
	untilProblem string
	// conclusion is worked out in the attempt's goroutine where nothing but a conclusion can follow.
	conclusion *conclusion
}

// attempt carries the action out once, in as much of its own time as it has, zero: as long as it does. It runs in a goroutine of its own.
func (r *runner) attempt(ctx context.Context, a *attempt, limit time.Duration, deadline time.Time) {
	defer a.cancel(nil)
	r.act(ctx, a, limit, deadline)
	a.ended = r.clock()
	switch {
	case a.err != nil && a.precondition == nil:
	case a.step.Poll != nil && a.precondition == nil:
		a.until, a.untilProblem = r.untilHolds(a)
	default:
		a.conclusion = r.conclude(a, false)
	}
}

// timeOf is how long an attempt that begins now may take, whose poll is over at a deadline; zero: as long as it does.
func (r *runner) timeOf(step *lang.Step, deadline time.Time) time.Duration {
	limit := step.Timeout
	if !deadline.IsZero() {
		if left := max(deadline.Sub(r.clock()), time.Millisecond); limit == 0 || left < limit {
			limit = left
		}
	}
	return limit
}

func (r *runner) act(ctx context.Context, a *attempt, limit time.Duration, deadline time.Time) {
	ctx = provider.ForStep(ctx, r.prefix+a.address)
	if limit > 0 && a.step.Child == nil {
		var cancel context.CancelFunc
		ctx, cancel = withOwnTime(ctx, limit)
		defer cancel()
	}
	way := beginHeadway()
	if a.prepared == nil || !a.prepared.opened {
		p, final, err := r.evaluate(ctx, a, way)
		if err != nil {
			a.err, a.final = explainContext(ctx, err, limit), final
			return
		}
		a.prepared = p
	}
	if a.precondition = r.precondition(a); a.precondition != nil {
		return
	}
	way.past("its precondition was held against what it saw")
	if a.step.Child != nil {
		a.result, a.err = r.runChild(a, limit)
		a.final = true // its steps have ended: only a resume does what did not pass again
		return
	}
	if a.err = aside(ctx, func() error { return r.timesKept(a.effect) }); a.err != nil {
		return
	}
	way.goOn()
	call := r.call(a.step, a.prepared, a.effect)
	call.Key, call.Answer = a.writeKey, r.answerInFull(a)
	r.takesNotes(ctx, call, a.address, 0)
	if call.Earlier, a.err = earlierOf(a.step, a.earlier, a.writeKey); a.err != nil {
		return
	}
	a.sent = true
	refused, g := r.heedsUndo(a, call), gated(call)
	result, err := carry(ctx, a.step.Spec, call, patience)
	if why := refused(); why != nil && result == nil {
		err = why
	}
	if result != nil {
		tellResult(a.step.Spec.Spec().Results(), result.Value, r.Secrets)
		a.result, a.err = result, err
		return
	}
	if err != nil {
		a.nothingDone = g.nothingDone(a.step.Spec, call, err)
		a.cut = !deadline.IsZero() && !r.clock().Before(deadline) && ctx.Err() != nil
		a.err = explainContext(ctx, r.notStarted(way, a.step, a.sends(), a.prepared.args, err), limit)
	}
}

// earlierOf is what an action is told of an attempt before at the same write; nil: there is none, or there is nothing to tell.
func earlierOf(step *lang.Step, earlier *run.Earlier, key string) (*provider.Sent, error) {
	switch {
	case earlier == nil:
		return nil, nil
	case !isLost(earlier.Note):
		return &provider.Sent{Key: key, At: earlier.At, Note: earlier.Note, Judged: earlier.Judged}, nil
	case step.Undo != nil:
		return nil, &provider.Error{
			Op: step.Action, Err: fmt.Errorf("not sent again: %w, so that its undo would not know how it was before", errNoteLost),
			Hint: "Set RUNBOOK_KEY to the key of the session that sent it first, and resume.", NothingDone: true, Permanent: true,
		}
	}
	return nil, nil
}

// explainContext says which limit an action ran into: contexts only say that there was one.
func explainContext(ctx context.Context, err error, limit time.Duration) error {
	if ctx.Err() == nil {
		return err
	}
	cause := context.Cause(ctx)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded): // whatever has come since
		return fmt.Errorf("timed out after %s: %w", run.InUnits(provider.Told(limit)), err)
	case errors.Is(cause, errInterrupted), errors.Is(cause, errElsewhere), errors.Is(cause, errRunTimeout), errors.Is(cause, errStepTimeout):
		return cancelledError{cause}
	}
	return cancelledError{errInterrupted}
}

// cancelledError marks attempts that the run itself ended.
type cancelledError struct{ cause error }

func (e cancelledError) Error() string { return e.cause.Error() }
func (e cancelledError) Unwrap() error { return e.cause }

// call is what an action is called with, but for what belongs to one attempt.
func (r *runner) call(step *lang.Step, p *prepared, effect provider.Effect) *provider.Call {
	return &provider.Call{Client: p.client, Args: p.args, Effect: effect, ReadOnly: r.ReadOnly, Dir: step.Dir, Host: r.Host, CountedOn: step.UndoCountsOn}
}

// takesNotes has a call keep its notes with a step, or with the undo of an effect of it (0: none).
func (r *runner) takesNotes(ctx context.Context, call *provider.Call, address string, undoes int64) {
	n := noteRequest{from: r, address: address, undoes: undoes}
	call.Note = func(note []byte) error { return r.keepNote(ctx, n, note, false) }
	call.NoteSealed = func(note []byte) error { return r.keepNote(ctx, n, note, true) }
}

// keepNote has the loop keep a note of an action that is under way, and returns when it is on disk. Who does not wait any more by then is
// not let go on either.
func (r *runner) keepNote(ctx context.Context, n noteRequest, note []byte, sensitive bool) error {
	n.note, n.sensitive, n.done = note, sensitive, make(chan error, 1)
	return aside(ctx, func() error {
		select {
		case r.notes <- n:
		case <-ctx.Done():
			return noteLateError{ctx.Err()}
		}
		select {
		case err := <-n.done:
			if err != nil || ctx.Err() == nil {
				return err
			}
		case <-ctx.Done():
		}
		return noteLateError{ctx.Err()}
	})
}

// noteLateError is a context that ended before a note was on disk.
type noteLateError struct{ cause error }

func (e noteLateError) Error() string { return "there was no time left to write it down beforehand" }
func (e noteLateError) Unwrap() error { return e.cause }

// note keeps a note and those that wait beside it: they are on disk with one write.
func (r *runner) note(n noteRequest) error {
	waiting := []noteRequest{n}
	for more := true; more; {
		select {
		case next := <-r.notes:
			waiting = append(waiting, next)
		default:
			more = false
		}
	}
	var err error
	for _, w := range waiting {
		if err = w.from.emitNote(w); err != nil {
			break
		}
	}
	if err == nil {
		err = r.unfreed(r.hard) // what is noted is about to be done
	}
	if err == nil {
		err = r.keepAhead(r.hard, true, true)
	}
	for _, w := range waiting {
		w.done <- err
	}
	return err
}

// emitNote tells a note, which the state has; of one that is sensitive the event says only that there is one.
func (r *runner) emitNote(n noteRequest) error {
	return r.emit(&run.Event{Type: run.StepNoted, Step: n.address, Undoes: n.undoes, Note: n.note, NoteSealed: n.sensitive})
}

// evaluate works out the arguments, unless somebody has approved of them before, and gets the client. final is true for
// arguments: repeating would give the same.
func (r *runner) evaluate(ctx context.Context, x *attempt, way *headway) (_ *prepared, final bool, err error) {
	var args cty.Value
	if x.prepared != nil {
		args = x.prepared.args
	} else if args, err = r.arguments(x.step, x.sends()); err != nil {
		return nil, true, err
	}
	if err := worseThanPlanned(x.step, args, x.effect); err != nil {
		return nil, true, err
	}
	if x.earlier == nil && !x.doubted { // else it is too late for that
		if err := r.undoAllowed(x.execution); err != nil {
			return nil, true, err
		}
	}
	if x.step.Child != nil {
		return &prepared{args: args, opened: true}, false, nil
	}
	way.past("its arguments were worked out")
	p, final, err := r.open(ctx, x.step, x.sends(), args)
	way.past("its client was made")
	return p, final, err
}

// worseThanPlanned refuses what does worse with these arguments than was told of it beforehand: a step may have other instances at its
// turn.
func worseThanPlanned(step *lang.Step, args cty.Value, planned provider.Effect) error {
	spec := step.Spec.Spec()
	if step.Child != nil || spec.AuthorStatesEffect || spec.Classify(args) <= planned {
		return nil
	}
	return fmt.Errorf("nothing was sent: its effect is %s, and it was planned as a %s; state effect = \"%[1]s\" in it", spec.Classify(args), planned)
}

// arguments works out what an action is called with, and holds it against the policies, --read-only and the secrets of the run: what only
// the run can tell may do more than the plan could see.
func (r *runner) arguments(step *lang.Step, local lang.Frame) (cty.Value, error) {
	args, diags := object(r.scope, step.Spec.Spec().Args(), step.Args, local, r.Secrets)
	if diags.HasErrors() {
		return cty.NilVal, errors.New(text(diags))
	}
	if err := r.echoed(step, args, local); err != nil {
		return cty.NilVal, err
	}
	if r.Allowed != nil {
		if err := r.Allowed(r.runbook, step, args); err != nil {
			return cty.NilVal, err
		}
	}
	return args, nil
}

// open gets the client of a step.
func (r *runner) open(ctx context.Context, step *lang.Step, local lang.Frame, args cty.Value) (_ *prepared, final bool, err error) {
	config, diags := r.configs.choose(step, local)
	if diags.HasErrors() {
		return nil, true, errors.New(text(diags))
	}
	if why := config.withoutTarget(step.Action); why != "" && graph.Effect(step) > provider.Read && !r.onlyUndoes { // what is undone has its place noted
		return nil, true, errors.New("nothing was sent: " + why)
	}
	client, err := config.open(ctx)
	if err != nil {
		return nil, false, err
	}
	return &prepared{args: args, opened: true, client: client}, false, nil
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
	a.cancel, a.stops = nil, nil
	a.doubted = a.doubted || a.inDoubt() || a.tookPart()
	if last := a.last; a.cut && last != nil && last.err == nil {
		// What the poll saw last is what the last read gave that had the time to.
		last.number, last.ended = a.number, a.ended
		return r.concludeWith(r.conclude(last, true))
	}
	a.last = a
	var cancelled cancelledError
	if errors.As(a.err, &cancelled) {
		why := cancelled.Error()
		if a.doubted {
			why += " while the step was under way: it may have changed something"
		}
		err := r.end(a.step, a.key, &run.Event{
			Step: a.address, Outcome: run.Cancelled, Error: why, Attempts: a.number, InDoubt: a.doubted,
			DurationMS: new(milliseconds(a.ended.Sub(a.timing.started))),
		}, &ending{outcome: run.Cancelled, err: why, timing: timing{started: a.timing.started, finished: a.ended}, attempts: a.number})
		if err == nil && a.step.Child != nil && errors.Is(cancelled, errElsewhere) && r.state.Stopping() == "" {
			return r.stop(stopRequest{reason: run.StopElsewhere, cause: errElsewhere})
		}
		return err
	}
	if a.conclusion != nil {
		return r.concludeWith(a.conclusion)
	}
	d, err := r.state.After(a.address, run.Observation{
		Time: a.ended, Err: a.err != nil, Permanent: provider.Permanent(a.err), Final: a.final, NothingDone: !a.mayHaveActed(), Until: a.until,
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
			Type: run.StepRetrying, Step: a.address, Time: a.ended, Attempt: a.number, Error: a.err.Error(), InDoubt: a.inDoubt() || a.tookPart(), DelayMS: milliseconds(delay),
		})
	case run.ReadAgain:
		until := a.ended.Add(d.Delay).UTC()
		deadline := d.Deadline.UTC()
		return r.emit(&run.Event{
			Type: run.StepWaiting, Step: a.address, Time: a.ended, Attempt: a.number, For: run.ForPoll,
			Until: &until, Deadline: &deadline, Holds: d.Holds, Error: a.notYet(),
		})
	}
	return r.concludeWith(r.conclude(a, d.TimedOut))
}

// leftInDoubt reports whether nobody knows if the write took place, now that this was the last attempt at it: that this one surely
// did nothing says nothing about those before it.
func (a *attempt) leftInDoubt() bool { return a.inDoubt() || a.result == nil && a.doubted }

// inDoubt reports whether the attempt was a write of which nobody knows whether it took place.
func (a *attempt) inDoubt() bool {
	if a.result != nil {
		return a.sent && a.effect != provider.Read && failedInDoubt(a.result)
	}
	return a.mayHaveActed()
}

// failedInDoubt reports whether what answered a write can't tell if it took place.
func failedInDoubt(result *provider.Result) bool {
	return result.Failure != nil && result.Failure.InDoubt
}

// tookPart reports whether the attempt was a write that erred after a part of it took place, which would take place twice.
func (a *attempt) tookPart() bool {
	return a.result != nil && a.mayHaveActed() && provider.Partial(a.err)
}

// mayHaveActed reports whether the attempt erred as a write that took place, or may have.
func (a *attempt) mayHaveActed() bool {
	return a.err != nil && a.sent && a.effect != provider.Read && !a.nothingDone
}

// notYet says why a read counted as "not yet" where it was not the condition.
func (a *attempt) notYet() string {
	if a.err != nil {
		return a.err.Error()
	}
	return a.untilProblem
}
