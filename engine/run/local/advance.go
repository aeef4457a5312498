package local

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// execution is a step or an instance that was prepared.
type execution struct {
	address string
	step    *lang.Step
	local   lang.Frame
	effect  provider.Effect
	// again is why it is asked about once more; nil: it was not answered before.
	again *run.AskedAgain
	// cancel ends the attempt under way; nil between attempts.
	cancel context.CancelCauseFunc
	// key is the instance's place among the keys of for_each, or -1.
	key int
	// prepared holds what is evaluated once, before the first attempt.
	prepared *prepared
	attempts int
	timing   timing
	// last is the latest attempt: what a poll that gives up concludes with.
	last *attempt
	// doubted says that nobody knows what became of an attempt at a write, or that a part of one took place.
	doubted bool
	// key identifies the write to the system that it is sent to, or what is left of a read; empty for reads of which nothing can be left.
	writeKey string
	// sentTo is the system that its attempts act on, as their start tells: they end beside others that begin.
	sentTo *run.Target
	// undoAt is where its undo has to act, of a write that counts as done; nil: where the files have it act that are there now.
	undoAt func(*ending) *run.UndoTarget
	// child is the runbook that the step runs, and fresh that it has not run before; nil for other steps.
	child *branch
	fresh bool
	// stops carries requests to stop to the runbook that the step runs; nil for other steps.
	stops chan stopRequest
	// yields says that the runbook that the step runs only waits.
	yields bool
}

// flushAt bounds how many events wait for the journal while many steps become ready at once.
const flushAt = 256

// advance carries out commands until the scheduler has no more to say, and reports whether the run is over.
func (r *runner) advance(ctx context.Context) (finished bool, err error) {
	for {
		if err := r.heed(); err != nil {
			return false, err
		}
		commands := r.state.Next(r.clock())
		if len(commands) == 0 {
			return false, r.tellLevels(ctx)
		}
		if err := r.lookBefore(ctx, commands); err != nil {
			return false, err
		}
		var launch []func()
		barrier, sync, stopping := false, false, r.state.Stopping()
		for _, c := range commands {
			start, finished, err := r.carryOut(ctx, c)
			if err != nil || finished {
				return finished, err
			}
			if start != nil {
				launch = append(launch, start)
				writes, waits := r.barrier(c)
				barrier, sync = barrier || writes, sync || waits
			}
			if r.state.MustStop() || r.state.Stopping() != stopping {
				break
			}
			if r.queued() >= flushAt {
				if err := r.flush(ctx, false); err != nil {
					return false, err
				}
			}
		}
		if err := r.keepAhead(ctx, barrier, sync); err != nil {
			return false, err
		}
		for _, start := range launch {
			r.underWay++
			go start()
		}
	}
}

// lookBefore looks at the locks before writes are told as started. What has ended until then is kept in any case.
func (r *runner) lookBefore(ctx context.Context, commands []run.Command) error {
	starts := func(c run.Command) bool { writes, _ := r.barrier(c); return writes }
	if len(r.Locks) == 0 || !slices.ContainsFunc(commands, starts) {
		return nil
	}
	if err := r.flush(ctx, false); err != nil {
		return err
	}
	return r.unfreed(ctx)
}

// keepAhead is write-ahead: what starts now is in the journal first, and on disk where it is a write, unless its action has it
// there itself. A write only starts while the run is surely this process's, also where keeping its start took long.
func (r *runner) keepAhead(ctx context.Context, writes, sync bool) error {
	if !writes {
		return r.flush(ctx, sync)
	}
	if err := r.leased(ctx); err != nil { // before: a start that is kept, and nothing sent, would be a write in doubt
		return err
	}
	if err := r.flush(ctx, sync); err != nil {
		return err
	}
	return r.leased(ctx)
}

// barrier says whether a command starts a write, and whether it has to wait until its start is on disk: so does a read of which something may
// be left where the program is killed right after.
func (r *runner) barrier(c run.Command) (writes, waits bool) {
	if c.Kind == run.Undo {
		return true, true
	}
	if c.Kind != run.Start {
		return false, false
	}
	x := r.live[c.Address]
	spec := x.step.Spec
	if x.effect == provider.Read {
		return false, spec != nil && spec.Spec().Lingers
	}
	return true, spec == nil || !spec.Spec().NotesFirst
}

// carryOut does what a command asks. A start gives the function that makes the attempt.
func (r *runner) carryOut(ctx context.Context, c run.Command) (start func(), finished bool, err error) {
	step := r.nodeStep(c)
	switch c.Kind {
	case run.Prepare:
		start, err = r.prepare(ctx, step, c)
		return start, false, err
	case run.Start:
		return r.start(ctx, r.live[c.Address], c)
	case run.Expire:
		return nil, false, r.expire(r.live[c.Address])
	case run.Ask:
		return r.ask(ctx, r.live[c.Address])
	case run.TimeUp:
		return nil, false, r.timeUp(step, c)
	case run.Escalate:
		return nil, false, r.escalate(c)
	case run.Undo:
		return r.startUndo(ctx, c)
	case run.Settle:
		return nil, false, r.settle(step, c)
	case run.Stop:
		return nil, false, r.emit(&run.Event{Type: run.RunStopping, Reason: c.Reason})
	case run.Finish:
		if err := r.lastNotices(); err != nil {
			return nil, false, err
		}
		return nil, true, r.finishBranch()
	}
	return nil, false, fmt.Errorf("unknown command %d", c.Kind)
}

func (r *runner) nodeStep(c run.Command) *lang.Step {
	if c.Step < 0 {
		return nil
	}
	return r.graph.Nodes[c.Step].Step
}

// settle ends a step that does not run.
func (r *runner) settle(step *lang.Step, c run.Command) error {
	e := &run.Event{Step: c.Address, Outcome: c.Outcome, Error: c.Reason}
	if c.Outcome == run.Pass {
		e.Error, e.Summary = "", c.Reason
	}
	return r.end(step, c.Key, e, nil)
}

// start begins an attempt. A check, which talks to nobody, is concluded on the spot.
func (r *runner) start(ctx context.Context, x *execution, c run.Command) (func(), bool, error) {
	if again, err := r.mustAskAgain(x); again != nil || err != nil {
		return r.askAgain(ctx, x, again, err)
	}
	if denied := r.denial(x); denied != nil {
		return nil, false, r.concludeWith(r.refused(x, denied))
	}
	if why := r.strays(x); why != "" {
		return nil, false, r.stopElsewhere(x, why)
	}
	x.attempts = c.Attempt
	e := &run.Event{Type: run.StepStarted, Step: x.address, Action: x.step.Action, Attempt: c.Attempt}
	if !x.step.IsCheck() {
		e.Effect = x.effect.String()
	}
	var sealed []byte
	if x.effect != provider.Read {
		var why string
		if sealed, why = r.stamp(x, c, e); why != "" {
			return nil, false, r.unsent(x, why)
		}
	} else if x.step.Spec != nil && x.step.Spec.Spec().Lingers {
		x.writeKey = r.newKey(x.address)
		e.Key = x.writeKey
	}
	r.sends(e)
	x.sentTo = r.systems[x.address]
	if err := r.emitSealed(e, sealed); err != nil {
		return nil, false, err
	}
	if x.timing.started.IsZero() {
		x.timing.started = e.Time
	}
	a := &attempt{execution: x, number: c.Attempt, answer: r.answerOf(x), earlier: c.EarlierOf(e.Key)}
	if x.step.IsCheck() {
		return nil, false, r.concludeWith(r.conclude(a, false))
	}
	attemptCtx, cancel := context.WithCancelCause(ctx)
	x.cancel = cancel
	if x.step.Child != nil {
		if err := r.branchOf(x); err != nil {
			cancel(nil)
			return nil, false, err
		}
		x.stops = make(chan stopRequest, 8)
		r.children++
		r.desk.expect()
	}
	limit := r.timeOf(x.step, c.Deadline) // before its start is kept, which is none of its time
	return func() {
		r.attempt(attemptCtx, a, limit, c.Deadline)
		r.done <- a
	}, false, nil
}

// unsent ends a step whose write is not sent again, and of which nobody knows what became of it before.
func (r *runner) unsent(x *execution, why string) error {
	return r.end(x.step, x.key, &run.Event{Step: x.address, Action: x.step.Action, Outcome: run.Error, Error: why, InDoubt: true}, &ending{outcome: run.Error, err: why})
}

// stamp gives the start of a write its key, and what it is sent with; why says why it must not be sent.
func (r *runner) stamp(x *execution, c run.Command, e *run.Event) (sealed []byte, why string) {
	if x.prepared == nil && x.step.Child == nil {
		if args, err := r.arguments(x.step, x.sends()); err == nil { // else the attempt says what is wrong
			x.prepared = &prepared{args: args}
		}
	}
	first := x.writeKey == ""
	switch {
	case !first: // another attempt at it
	case x.step.Child != nil || x.prepared == nil:
		x.writeKey = cmp.Or(c.Sent, r.newKey(x.address))
		sealed = r.sealStart(cty.EmptyObjectVal, r.keepUndoWith(x, e), "")
	default:
		target, _ := r.configs.Target(x.step, x.sends()) // what is wrong with it, the attempt says
		if x.writeKey, why = r.keyOf(x.step, x.address, 0, c.Sent, target, x.prepared.args); why != "" {
			return nil, why
		}
		sealed = r.tellSent(e, target, x.prepared.args, r.keepUndoWith(x, e))
	}
	e.Key = x.writeKey
	return sealed, ""
}

// newKey names a write: no two writes of any run share it.
func (r *runner) newKey(address string) string {
	return fmt.Sprintf("%s/%s%s/%d", r.RunID, r.prefix, address, r.nextSeq())
}

// expire concludes a poll whose time passed while it waited.
func (r *runner) expire(x *execution) error {
	x.last.ended = r.clock() // the waiting is the step's too
	return r.concludeWith(r.conclude(x.last, true))
}
