package run

import "time"

// Observation is what an attempt came to.
type Observation struct {
	Time time.Time
	// Err is true when the action could not be carried out; Permanent when the same attempt would err again (a refused
	// password), so that it is not retried; Final when not even a poll may go on (an argument can't be evaluated);
	// NothingDone when the service surely did nothing.
	Err, Permanent, Final, NothingDone bool
	// Until is whether a poll's condition holds; false where it could not be evaluated.
	Until bool
}

// DecisionKind is what follows an attempt.
type DecisionKind uint8

const (
	// Conclude evaluates the checks and finishes the step.
	Conclude DecisionKind = iota
	// Again does the same after a delay of at most Delay (step_retrying).
	Again
	// ReadAgain makes the next read of a poll, not before Delay has passed (step_waiting).
	ReadAgain
)

// Decision says how a step goes on after an attempt.
type Decision struct {
	Kind DecisionKind
	// Delay is exact for ReadAgain and for a constant backoff; Jitter says that any shorter one will do as well.
	Delay  time.Duration
	Jitter bool
	// Holds says that the poll's condition holds, though not yet for long enough.
	Holds bool
	// TimedOut says that the poll's time is over without its condition.
	TimedOut bool
	// Deadline is when the poll gives up.
	Deadline time.Time
}

// After decides how a step goes on after an attempt, without changing the state: the event that follows does.
func (s *State) After(address string, seen Observation) (Decision, error) {
	r, err := s.resolve(address)
	if err != nil {
		return Decision{}, err
	}
	spec, in := &s.plan.Steps[r.step], s.at(r)
	if seen.Err && !seen.Permanent && !seen.Final && s.mayRetry(spec, in, seen) {
		ceiling := spec.Retry.Ceiling(in.tries)
		d := Decision{Kind: Again, Delay: ceiling, Jitter: !spec.Retry.Constant}
		if spec.Poll == nil || seen.Time.Add(ceiling).Before(in.firstStart.Add(spec.Poll.Timeout)) {
			return d, nil
		}
	}
	if spec.Poll == nil || seen.Final {
		return Decision{Kind: Conclude}, nil
	}
	return pollDecision(spec.Poll, in, seen), nil
}

func (s *State) mayRetry(spec *StepSpec, in *instance, seen Observation) bool {
	if spec.Retry == nil || in.tries >= spec.Retry.Attempts {
		return false
	}
	if s.stopping != "" && s.stopping != StopFailure {
		return false
	}
	return !spec.Write || seen.NothingDone || spec.Retry.Writes
}

func pollDecision(poll *PollPolicy, in *instance, seen Observation) Decision {
	deadline := in.firstStart.Add(poll.Timeout)
	left := deadline.Sub(seen.Time)
	holds := !seen.Err && seen.Until
	d := Decision{Kind: ReadAgain, Delay: poll.Interval, Holds: holds, Deadline: deadline}
	if holds {
		held := time.Duration(0)
		if !in.heldSince.IsZero() {
			held = seen.Time.Sub(in.heldSince)
		}
		if held >= poll.Hold {
			return Decision{Kind: Conclude, Deadline: deadline}
		}
		d.Delay = min(poll.Interval, poll.Hold-held)
	}
	if left <= 0 {
		return Decision{Kind: Conclude, TimedOut: true, Deadline: deadline}
	}
	d.Delay = min(d.Delay, left)
	return d
}
