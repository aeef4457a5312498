package local

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// errand is an action that the engine carries out for itself, and that is no step's own, with what it came to. Its
// goroutine writes it; the loop reads it after that.
type errand struct {
	// what names it in the log.
	what    string
	address string
	step    *lang.Step
	local   lang.Frame
	key     string
	started time.Time
	// may refuses the action with its arguments, or nil: nothing does. takesNotes has it keep notes; nil: it keeps none.
	may        func(args cty.Value) error
	takesNotes func(context.Context, *provider.Call)
	// over ends the wait for another attempt when it is closed; nil: nothing does.
	over chan struct{}

	// earlier is the last attempt that kept a note, of those that may have taken place; noted what the one under way kept.
	earlier *run.Earlier
	noted   *run.Earlier

	args   cty.Value
	result *provider.Result
	err    error
	// sent says that it was begun, and that an error leaves it in doubt; doubted that this holds of an attempt.
	sent     bool
	doubted  bool
	attempts int
}

// run carries an errand out. An interrupt of the run does not end it, nor the run's own end; its timeout does, and whoever
// stops the program at once.
func (r *runner) errand(ctx context.Context, e *errand) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(r.hard, func() { cancel(errInterrupted) })
	defer stop()
	for {
		e.attempts++
		r.attemptErrand(provider.ForStep(ctx, r.prefix+e.address), e)
		if e.err != nil && e.sent && (e.result == nil || failedInDoubt(e.result)) {
			e.doubted, e.earlier = true, cmp.Or(e.noted, e.earlier)
		}
		wait, again := e.again()
		if !again || ctx.Err() != nil {
			return
		}
		r.Host.Log.Warn(e.what+" erred and is tried again", "step", r.prefix+e.address, "attempt", e.attempts, "error", e.err)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
			continue
		case <-e.over:
		case <-ctx.Done():
		}
		timer.Stop()
		return
	}
}

func (r *runner) attemptErrand(ctx context.Context, e *errand) {
	e.result, e.err, e.sent, e.noted = nil, nil, false, nil
	if limit := e.step.Timeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = withOwnTime(ctx, limit)
		defer cancel()
	}
	way := beginHeadway()
	if e.args, e.err = r.arguments(e.step, e.local); e.err != nil {
		return
	}
	way.past("its arguments were worked out")
	if e.may != nil {
		if e.err = e.may(e.args); e.err != nil {
			return
		}
	}
	p, _, err := r.open(ctx, e.step, e.local, e.args)
	if err != nil {
		e.err = err
		return
	}
	way.past("its client was made")
	if e.err = aside(ctx, func() error { return r.timesKept(provider.Write) }); e.err != nil {
		return
	}
	if e.err = aside(ctx, func() error { return r.leased(ctx) }); e.err != nil {
		r.kill(e.err)
		return
	}
	way.goOn()
	call := r.call(e.step, p, graph.Effect(e.step))
	if call.Earlier, e.err = earlierOf(e.step, e.earlier, e.key); e.err != nil {
		return
	}
	e.sent = true
	if e.takesNotes != nil {
		e.takesNotes(ctx, call)
		if r.Unread != "" {
			call.Note = call.NoteSealed // it tells how the system was before
		}
		call.Note, call.NoteSealed = e.remembers(r, call.Note), e.remembers(r, call.NoteSealed)
	}
	call.Key = e.key
	g := gated(call)
	result, err := carry(ctx, e.step.Spec, call, patience)
	if result != nil {
		tellResult(e.step.Spec.Spec().Results(), result.Value, r.Secrets)
	}
	result, err = r.veil(result, err)
	switch {
	case err != nil && result != nil:
		e.err = err
	case err != nil:
		e.err = explainContext(ctx, r.notStarted(way, e.step, e.local, e.args, err), e.step.Timeout)
		e.sent = !g.nothingDone(e.step.Spec, call, err)
	case result.Failure != nil:
		e.err = errors.New(result.Failure.Message)
	}
	e.result = result
}

// remembers has an errand know what it noted when it is tried again.
func (e *errand) remembers(r *runner, keep func([]byte) error) func([]byte) error {
	at := r.clock()
	return func(note []byte) error {
		err := keep(note)
		if err == nil {
			e.noted = &run.Earlier{At: at, Note: note}
		}
		return err
	}
}

// again says whether an errand that erred is repeated, and after how long.
func (e *errand) again() (time.Duration, bool) {
	retry := e.step.Retry
	if e.err == nil || e.result != nil || retry == nil || e.attempts >= retry.Attempts || provider.Permanent(e.err) || e.sent && !retry.Writes {
		return 0, false
	}
	policy := run.RetryPolicy{Delay: retry.Delay, MaxDelay: retry.MaxDelay, Constant: retry.Constant}
	ceiling := policy.Ceiling(e.attempts)
	if retry.Constant {
		return ceiling, true
	}
	return rand.N(ceiling + 1), true
}

// inDoubt reports whether nobody knows if it took place.
func (e *errand) inDoubt() bool {
	return e.err != nil && e.doubted && (e.result == nil || failedInDoubt(e.result))
}
