package local

import (
	"context"
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
)

// runner is the loop. Its fields belong to the loop's goroutine, but for values, which attempts read.
type runner struct {
	Config
	state  *run.State
	values *values

	seq     int64
	clock   func() time.Time
	pending []journal.Entry
	// live are the steps and instances that have begun; done carries the attempts that ended.
	live map[string]*execution
	done chan *attempt
	// underWay counts the attempts' goroutines.
	underWay int

	outputDiags hcl.Diagnostics
	outputs     []run.OutputValue
	// interrupted is true when the run must be called resumable.
	interrupted bool
	// durable is true when the beginning of the run is on disk.
	durable bool
}

func newRunner(cfg Config) *runner {
	r := &runner{
		Config: cfg, state: run.NewState(schedule(&cfg)), clock: steady(cfg.Now),
		live: map[string]*execution{}, done: make(chan *attempt, 64), values: newValues(cfg.Graph),
	}
	r.Scope.Step = r.values.step
	r.Scope.StepOutcome = r.values.outcome
	return r
}

// killGrace is how long a cancelled attempt may take to return before the run ends without it.
const killGrace = 3 * time.Second

func (r *runner) run(ctx context.Context) (*Result, error) {
	header := r.Header
	if err := r.emit(&run.Event{Type: run.RunStarted, Header: &header}); err != nil {
		return nil, err
	}
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timeout := stopTimer()
	if r.Timeout > 0 {
		timeout.Reset(r.Timeout)
	}
	defer timeout.Stop()
	wake := stopTimer()
	defer wake.Stop()
	interrupt := r.Interrupt
	for {
		finished, err := r.advance(work)
		if err != nil || finished {
			return r.finish(ctx, err)
		}
		r.setWake(wake)
		select {
		case a := <-r.done:
			err = r.attemptsDone(a)
		case <-wake.C:
		case <-interrupt:
			interrupt = nil
			r.interrupted = true
			err = r.stop(run.StopInterrupt, errInterrupted)
		case <-timeout.C:
			err = r.stop(run.StopTimeout, errRunTimeout)
		case <-ctx.Done():
			r.interrupted = true
			return r.abandon(cancel)
		}
		if err != nil {
			return r.finish(ctx, err)
		}
	}
}

func stopTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

func (r *runner) setWake(t *time.Timer) {
	if at, ok := r.state.Wake(); ok {
		t.Reset(at.Sub(r.clock()))
		return
	}
	t.Stop()
}

// attemptsDone takes in one attempt and every other that has ended by now, so that they are written together.
func (r *runner) attemptsDone(a *attempt) error {
	for {
		r.underWay--
		if err := r.attemptDone(a); err != nil {
			return err
		}
		select {
		case a = <-r.done:
		default:
			return nil
		}
	}
}

// stop starts nothing new and cancels the reads under way; writes end within their timeouts.
func (r *runner) stop(reason string, cause error) error {
	for _, x := range r.live {
		if x.cancel != nil && (x.effect == provider.Read || reason == run.StopTimeout) {
			x.cancel(cause)
		}
	}
	return r.emit(&run.Event{Type: run.RunStopping, Reason: reason})
}

// abandon ends the run at once: everything under way is cancelled and given a moment to return.
func (r *runner) abandon(cancel context.CancelCauseFunc) (*Result, error) {
	cancel(errInterrupted)
	if r.state.Stopping() != run.StopInterrupt {
		if err := r.stop(run.StopInterrupt, errInterrupted); err != nil {
			return nil, err
		}
	}
	grace := time.NewTimer(killGrace)
	defer grace.Stop()
	for r.underWay > 0 {
		select {
		case a := <-r.done:
			if err := r.attemptsDone(a); err != nil {
				return nil, err
			}
		case <-grace.C:
			r.Host.Log.Error("steps did not end when they were cancelled; the run ends without them", "steps", r.underWay)
			return r.finish(context.Background(), nil)
		}
	}
	if _, err := r.advance(context.Background()); err != nil {
		return nil, err
	}
	return r.finish(context.Background(), nil)
}

// finish writes what is left. On an error of the journal, attempts under way are left to their contexts.
func (r *runner) finish(ctx context.Context, err error) (*Result, error) {
	if err != nil {
		return nil, err
	}
	if !r.state.Finished() {
		if err := r.finishRun(); err != nil {
			return nil, err
		}
	}
	if err := r.flush(ctx, true); err != nil {
		return nil, err
	}
	outcome := r.state.RunOutcome()
	return &Result{Outcome: outcome, ExitStatus: r.exitStatus(outcome), Counts: r.state.Counts(), Outputs: r.outputs}, nil
}

func (r *runner) exitStatus(outcome run.Outcome) int {
	switch {
	case r.interrupted:
		return exitInterrupted
	case r.outputDiags.HasErrors():
		return exitFailed
	case outcome == run.Pass, outcome == run.Warn && !r.FailOnWarn:
		return exitPassed
	}
	return exitFailed
}

func (r *runner) finishRun() error {
	r.outputs, r.outputDiags = r.evaluateOutputs()
	outcome := r.state.RunOutcome()
	if r.interrupted || outcome != run.Pass && outcome != run.Warn {
		// What did not run gave no results; why is told by the steps, and beside each output.
		r.outputDiags = nil
	}
	status := r.exitStatus(outcome)
	took := milliseconds(r.clock().Sub(r.StartedAt))
	return r.emit(&run.Event{
		Type: run.RunFinished, Outcome: outcome, Counts: r.state.Counts(), Outputs: r.outputs,
		DurationMS: &took, ExitStatus: &status,
	})
}

// milliseconds keeps microseconds. What began in another session may lie ahead where the system's clock was set back since.
func milliseconds(d time.Duration) float64 {
	return float64(max(d, 0).Microseconds()) / 1000
}
