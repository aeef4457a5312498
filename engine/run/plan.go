package run

import "time"

// Plan is what the scheduler has to know of a runbook. It never changes during a run.
type Plan struct {
	// Steps in the order of the file.
	Steps []StepSpec
	// MaxParallel is how many attempts are under way at once; at least 1.
	MaxParallel int
	// StopOnFailure starts nothing new after the first fail or error.
	StopOnFailure bool
	// Limits bounds how many attempts of a group of steps are under way at once.
	Limits []int
}

// StepSpec is one step as the scheduler sees it.
type StepSpec struct {
	Name string
	// Deps are the steps that must have ended first.
	Deps []Dep
	// RunIf is "success", "none_failed", "failure" or "always".
	RunIf string
	// Group is an index into Plan.Limits, or -1.
	Group int
	// Serial steps run their instances one after another.
	Serial bool
	// Write says that an attempt may have changed something.
	Write           bool
	ContinueOnError bool
	// Asks says that a person must answer before an attempt.
	Asks bool
	// Check says that the step only judges what others gave.
	Check bool
	// Child says that the step runs another runbook, whose own events tell what took place.
	Child bool
	// Undo is when what the step did is taken back.
	Undo UndoKind
	// Retry is nil for a single attempt, Poll nil for a single read.
	Retry *RetryPolicy
	Poll  *PollPolicy
}

// UndoKind is when a step's undo runs.
type UndoKind uint8

// The kinds of undo.
const (
	UndoNever     UndoKind = iota
	UndoOnFailure          // when the run stops after a failure
	UndoOnEnd              // at the end of the run, whatever happened
)

// Dep is a step that another waits for.
type Dep struct {
	// Step is an index into Plan.Steps.
	Step int
	// Full counts for every run_if; otherwise the dependency only orders and counts for "failure" and "always".
	Full bool
	// Order only orders and counts for nothing: two writes through one configuration.
	Order bool
	// Turn says of a reference that it orders two such writes as well.
	Turn bool
}

// RetryPolicy is when an attempt that erred is repeated.
type RetryPolicy struct {
	// Attempts counts the first.
	Attempts        int
	Delay, MaxDelay time.Duration
	Constant        bool
	// Writes permits repeating a write of which it is not known that nothing was done.
	Writes bool
}

// Ceiling is the longest delay after the nth failed attempt: the delay itself where it is constant, else the bound of
// the full jitter (see "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
func (p *RetryPolicy) Ceiling(failed int) time.Duration {
	if p.Constant {
		return min(p.Delay, p.MaxDelay)
	}
	d := p.Delay
	for range failed - 1 {
		if d >= p.MaxDelay {
			break
		}
		d *= 2
	}
	return min(d, p.MaxDelay)
}

// PollPolicy is how often a read is repeated until its condition holds.
type PollPolicy struct {
	Interval, Timeout, Hold time.Duration
}
