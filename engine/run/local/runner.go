package local

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// Why attempts are cancelled: the cause of their contexts.
var (
	errInterrupted = errors.New("the run was interrupted")
	errRunTimeout  = errors.New("the runbook's timeout has passed")
	errStepTimeout = errors.New("the timeout of the step that runs this runbook has passed")
	// errElsewhere is as if somebody had interrupted the run, so that nothing is taken back for it.
	errElsewhere = errors.New("a step would have acted on another system than the run did before")
	// errPaused is what a runner ends with that waits for people: nothing is wrong.
	errPaused = errors.New("the run is paused")
)

// runner is the loop of one branch. Its fields belong to the loop's goroutine, but for values, which attempts read.
type runner struct {
	*session
	*branch
	// hard ends when the run must stop at once.
	hard context.Context
	// live are the steps and instances that have begun; done carries the attempts that ended.
	live map[string]*execution
	done chan *attempt
	// asked carries questions that were worked out, given answers, notes what actions want to keep, undone undos that ended.
	asked  chan *question
	given  chan given
	notes  chan noteRequest
	undone chan *undoing
	// turns are the questions that are being worked out, in the order of the file; heldUntil says when those that are ready wait no longer for
	// the others, nil: none is.
	turns     []*turn
	heldUntil <-chan time.Time
	// notified carries notifications of levels that ended; notifying are those under way, which hold up nothing but the end.
	notified  chan *notifying
	notifying map[*notifying]bool
	// answering are the questions of which an answer is on its way: their levels wait for what comes of it.
	answering map[string]bool
	// otherKey are the sensitive questions that this session asks with another key than they were asked with before.
	otherKey map[string]bool
	// stops carries requests to stop, from elsewhere or from the runner whose step this runbook is; interrupt is closed by Ctrl-C, and nil
	// once that was heard.
	stops     chan stopRequest
	interrupt <-chan struct{}
	// underWay counts the goroutines of attempts, questions and undos; children those among them that run a runbook.
	underWay, children int
	// parent is the runner whose step this runbook is, nil for the run's own; yields carries what its children tell.
	parent *runner
	// asStep is that step.
	asStep *execution
	yields chan yield
	// yielding counts the children that only wait; yielded is what this runner told its parent.
	yielding int
	yielded  bool
	// timedOut is true when the branch's own time was over.
	timedOut bool
	// limit is how long the branch may take; zero: as long as it does. limitOfStep says that it is that of the step that runs the
	// runbook, and not the runbook's own.
	limit       time.Duration
	limitOfStep bool
	// prolonged is what of the time for which the history has held the session up is none of that, or was before it.
	prolonged time.Duration

	// wakes says that the branch was begun in an earlier session, and goes on.
	wakes bool
	// onlyUndoes says that the session only undoes what a person asked for.
	onlyUndoes bool
	// stays says that the run was paused before a session that only undoes, and stays that.
	stays bool

	outputDiags hcl.Diagnostics
	outputs     []run.OutputValue
	// interrupted is true when the run must be called resumable.
	interrupted bool
}

type stopRequest struct {
	reason string
	cause  error
	// limit is how long the runbook could take, where that is why.
	limit time.Duration
}

// noteRequest asks to keep something on disk for a step that is under way, or the undo of an effect of it.
type noteRequest struct {
	from    *runner
	address string
	undoes  int64
	note    json.RawMessage
	// sensitive keeps the note out of the event.
	sensitive bool
	done      chan error
}

func newRunner(s *session, b *branch, hard context.Context) *runner { //nolint:revive // the context is kept on purpose: it is the runner's life
	return &runner{
		session: s, branch: b, hard: hard, interrupt: s.Interrupt, live: map[string]*execution{}, done: make(chan *attempt, 64), asked: make(chan *question, 16),
		given: make(chan given), notes: make(chan noteRequest), undone: make(chan *undoing, 1), yields: make(chan yield), stops: make(chan stopRequest, 8),
		notified: make(chan *notifying, 16), notifying: map[*notifying]bool{}, answering: map[string]bool{},
	}
}

// killGrace is how long a cancelled attempt may take to return before the run ends without it; killStep how much sooner a
// runbook within a runbook gives up.
const (
	killGrace = 3 * time.Second
	killStep  = 200 * time.Millisecond
)

// depth is how many runbooks stand around this one.
func (r *runner) depth() int {
	n := 0
	for p := r.parent; p != nil; p = p.parent {
		n++
	}
	return n
}

// run is the whole run's loop, with what only the runbook itself has: interrupts and the end of the run.
func (r *runner) run() (*Result, error) {
	limit := r.Timeout
	if r.onlyUndoes {
		limit = 0
	}
	err := r.loop(limit)
	switch {
	case errors.Is(err, errPaused):
		return r.pause(r.state.Waiting(), exitInterrupted)
	case err != nil:
		return nil, err
	}
	return r.finish()
}

// cancelFrom stops the run as another process asks for.
func (r *runner) cancelFrom(by string) {
	r.Host.Log.Info("the run is cancelled from elsewhere", "by", by)
	select {
	case r.stops <- stopRequest{reason: run.StopInterrupt, cause: errInterrupted}:
	default: // it is stopping already
	}
}

// loop carries out what the scheduler says until the branch is finished.
func (r *runner) loop(limit time.Duration) (err error) {
	defer func() {
		if r.parent != nil && r.state.LeftOver() {
			r.left.Store(true)
		}
		r.desk.leaveRunner(r, errors.Is(err, errPaused))
	}()
	work, cancel := context.WithCancelCause(r.hard)
	defer cancel(nil)
	r.limit, r.prolonged = limit, r.heldUp()
	timeout := stopTimer()
	if limit > 0 {
		timeout.Reset(limit)
	}
	defer timeout.Stop()
	wake := stopTimer()
	defer wake.Stop()
	r.desk.rest(r, false)
	if r.wakes {
		if err := r.wake(work); err != nil {
			return r.quit(cancel, err)
		}
	}
	for {
		finished, err := r.advance(work)
		if err != nil || finished {
			return r.quit(cancel, err)
		}
		r.setWake(wake)
		rests := r.underWay == r.children && len(r.notifying) == 0 && r.state.Rests()
		if rests {
			r.desk.rest(r, true)
		}
		r.tellParent()
		err = r.next(wake, timeout, rests)
		if r.hard.Err() != nil {
			return r.abandon(cancel)
		}
		if errors.Is(err, errPaused) {
			return err
		}
		if err != nil {
			return r.quit(cancel, err)
		}
	}
}

// next waits for one thing to happen and takes it in.
func (r *runner) next(wake, timeout *time.Timer, rests bool) error {
	var pausing chan struct{}
	if rests {
		pausing = r.pausing
	}
	select {
	case <-pausing:
		return r.drainChildren()
	case a := <-r.done:
		r.desk.rest(r, false)
		return r.attemptsDone(a)
	case q := <-r.asked:
		r.underWay--
		return r.worked(q)
	case <-r.heldUntil:
		return r.waitNoLonger()
	case g := <-r.given:
		r.desk.rest(r, false)
		return r.take(g)
	case n := <-r.notes:
		return r.note(n)
	case u := <-r.undone:
		r.underWay--
		return r.undoDone(u)
	case n := <-r.notified:
		return r.notifyDone(n)
	case y := <-r.yields:
		return r.childYields(y)
	case <-wake.C:
		r.desk.rest(r, false)
		return nil
	case <-r.interrupt:
		return r.heard()
	case s := <-r.stops:
		r.desk.rest(r, false)
		return r.stop(s)
	case <-timeout.C:
		if !r.state.Open() || r.prolongs(timeout) {
			return nil // undos are left, which it does not bound
		}
		r.timedOut = true
		r.desk.rest(r, false)
		return r.stop(r.timeIsOver())
	case <-r.hard.Done():
		return nil
	}
}

// heed takes in an interrupt, and what has another reason to stop, before anything else begins.
func (r *runner) heed() error {
	select {
	case <-r.interrupt:
		return r.heard()
	case s := <-r.stops:
		r.desk.rest(r, false)
		return r.stop(s)
	default:
		return nil
	}
}

// heard stops the run as Ctrl-C asks for.
func (r *runner) heard() error {
	r.interrupt = nil
	r.desk.rest(r, false)
	return r.stop(stopRequest{reason: run.StopInterrupt, cause: errInterrupted})
}

// timeIsOver stops a runbook whose time is over.
func (r *runner) timeIsOver() stopRequest {
	if r.limitOfStep {
		return stopRequest{run.StopStepTimeout, errStepTimeout, r.limit}
	}
	return stopRequest{run.StopTimeout, errRunTimeout, r.limit}
}

// drainChildren waits until the runbooks that steps run have paused too. One that had something to do after all is stopped
// as ever.
func (r *runner) drainChildren() error {
	for r.underWay > 0 {
		var err error
		select {
		case a := <-r.done:
			err = r.attemptsDone(a)
		case <-r.interrupt:
			err = r.heard()
		case s := <-r.stops:
			err = r.stop(s)
		}
		if err != nil {
			return err
		}
	}
	return errPaused
}

// quit ends the branch: because it is finished, when questions may still be worked out that nobody asks any more, or
// because nothing can be written any more. What is under way is cancelled and waited for, as it uses the clients.
func (r *runner) quit(cancel context.CancelCauseFunc, why error) error {
	cancel(errInterrupted)
	if why != nil {
		r.kill(why)
	}
	grace := time.NewTimer(r.grace())
	defer grace.Stop()
	for r.underWay+len(r.notifying) > 0 {
		select {
		case a := <-r.done:
			r.attemptOver(a)
		case n := <-r.notified:
			delete(r.notifying, n)
		case <-r.asked:
			r.underWay--
		case n := <-r.notes:
			n.done <- errInterrupted
		case <-r.undone:
			r.underWay--
		case <-grace.C:
			r.leaveBehind()
			return why
		}
	}
	return why
}

// leaveBehind tells that something does not end although it was cancelled.
func (r *runner) leaveBehind() {
	r.Host.Log.Error("steps did not end when they were cancelled; the run ends without them", "steps", r.underWay, "notifications", len(r.notifying))
}

// grace is how long what was cancelled is waited for. A runbook that a step runs gives up a moment before the one that
// waits for it.
func (r *runner) grace() time.Duration {
	return max(killGrace-time.Duration(r.depth())*killStep, killStep)
}

func stopTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

func (r *runner) setWake(t *time.Timer) {
	if at, ok := r.state.Wake(); ok {
		t.Reset(max(at.Sub(r.clock()), time.Millisecond))
		return
	}
	t.Stop()
}

// attemptsDone takes in one attempt and every other that has ended by now, so that they are written together. A runbook that an attempt
// ran may have ended for an interrupt, which counts before its end.
func (r *runner) attemptsDone(a *attempt) error {
	for {
		r.attemptOver(a)
		if err := r.heed(); err != nil {
			return err
		}
		// A runbook that paused has not ended: its step stays under way in the history.
		if !errors.Is(a.err, errPaused) {
			if err := r.attemptDone(a); err != nil {
				return err
			}
		}
		select {
		case a = <-r.done:
		default:
			return nil
		}
	}
}

func (r *runner) attemptOver(a *attempt) {
	r.underWay--
	if a.step.Child == nil {
		return
	}
	r.children--
	if !errors.Is(a.err, errPaused) {
		r.desk.received(r)
	}
	if a.yields {
		a.yields = false
		r.yielding--
	}
}

// stop starts nothing new and cancels the reads under way; writes end within their timeouts, and runbooks that steps run
// stop by themselves. Who stops for that reason already has heard of it before those that tell it.
func (r *runner) stop(s stopRequest) error {
	if r.state.Stopping() == s.reason {
		return nil
	}
	if s.reason == run.StopInterrupt || s.reason == run.StopElsewhere {
		r.interrupted = true
	}
	within := stopRequest{reason: s.reason, cause: s.cause}
	for _, x := range r.live {
		switch {
		case x.stops != nil:
			select {
			case x.stops <- within:
			default: // it has been told often enough
			}
		case x.cancel != nil && (x.effect == provider.Read || run.IsTimeout(s.reason)):
			x.cancel(s.cause)
		}
	}
	return r.emit(&run.Event{Type: run.RunStopping, Reason: s.reason, LimitMS: milliseconds(s.limit)})
}

// abandon ends the branch at once: everything under way is cancelled and given a moment to return.
func (r *runner) abandon(cancel context.CancelCauseFunc) error {
	cause := context.Cause(r.hard)
	if errors.Is(cause, errLost) {
		return r.quit(cancel, cause)
	}
	r.interrupted = true
	cancel(errInterrupted)
	if r.state.Stopping() != run.StopInterrupt {
		if err := r.stop(stopRequest{reason: run.StopInterrupt, cause: errInterrupted}); err != nil {
			return err
		}
	}
	grace := time.NewTimer(r.grace())
	defer grace.Stop()
	for r.underWay+len(r.notifying) > 0 {
		var err error
		select {
		case a := <-r.done:
			err = r.attemptsDone(a)
		case n := <-r.notified:
			err = r.notifyDone(n)
		case <-r.asked:
			r.underWay--
		case n := <-r.notes:
			n.done <- errInterrupted
		case u := <-r.undone:
			r.underWay--
			err = r.undoDone(u)
		case <-grace.C:
			r.leaveBehind()
			return nil
		}
		if err != nil {
			return err
		}
	}
	return r.settleAll()
}

// settleAll ends what can end without running.
func (r *runner) settleAll() error {
	for {
		settled := false
		for _, c := range r.state.Next(r.clock()) {
			if c.Kind != run.Settle {
				continue
			}
			settled = true
			if err := r.settle(r.nodeStep(c), c); err != nil {
				return err
			}
		}
		if !settled {
			return nil
		}
	}
}

// emit tells an event of this branch.
func (r *runner) emit(e *run.Event) error { return r.emitSealed(e, nil) }

func (r *runner) emitSealed(e *run.Event, sealed []byte) error {
	if (e.Type == run.StepAnswered || e.Type == run.StepFinished) && e.Step != "" && r.state.Asks(e.Step) {
		r.desk.take(r.prefix + e.Step)
		r.questionOver(e.Step)
	}
	return r.session.emit(r.state, r.prefix, journal.Entry{Event: e, Sealed: sealed})
}

// milliseconds keeps microseconds. What began in another session may lie ahead where the system's clock was set back since.
func milliseconds(d time.Duration) float64 {
	return float64(max(d, 0).Microseconds()) / 1000
}
