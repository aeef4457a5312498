package run

import "time"

func (s *State) startAttempt(r ref, e *Event) {
	in := s.at(r)
	in.phase = running
	in.attempts++
	in.tries++
	if in.firstStart.IsZero() {
		in.firstStart = e.Time
	}
	if s.plan.Steps[r.step].writes(e) {
		in.sending().send(e)
	}
	s.occupy(r.step, 1)
}

// retry has an attempt that erred followed by another.
func (s *State) retry(r ref, e *Event) {
	in := s.at(r)
	if in.sent != nil {
		in.sent.attempted(e.InDoubt)
	}
	s.wait(r, e.Time.Add(time.Duration(e.DelayMS*float64(time.Millisecond))))
	in.heldSince = time.Time{}
}

func (s *State) wait(r ref, until time.Time) {
	in := s.at(r)
	in.phase = waiting
	in.wake = until
	s.vacate(r)
	s.tickets++
	in.ticket = s.tickets
	s.waiting.add(timer{r, until, in.ticket})
	if s.stopping != "" && s.stopping != StopFailure {
		s.cancel(r, s.stopping)
	}
}

func (s *State) poll(r ref, e *Event) {
	in := s.at(r)
	in.tries = 0
	switch {
	case !e.Holds:
		in.heldSince = time.Time{}
	case in.heldSince.IsZero():
		in.heldSince = e.Time
	}
	until := e.Time
	if e.Until != nil {
		until = *e.Until
	}
	s.wait(r, until)
}
