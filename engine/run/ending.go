package run

// finish ends a step or an instance.
func (s *State) finish(r ref, e *Event) {
	in, outcome := s.at(r), e.Outcome
	if in.phase == running {
		s.vacate(r)
	}
	s.tookEffect(r, e)
	in.phase = ended
	in.outcome = outcome
	if s.timedOut && outcome == Cancelled {
		s.undoing = true // a timeout that no step felt is no failure: nothing is taken back for it
	}
	if r.key < 0 {
		s.stepEnded(r.step, s.endRest(r.step, outcome))
		return
	}
	step := &s.steps[r.step]
	step.left--
	if outcome == Fail || outcome == Error {
		s.failed()
	}
	if step.anew {
		return // it has its turn still to come
	}
	if step.left == 0 {
		s.stepEnded(r.step, combined(step.instances))
		return
	}
	if next := s.nextInTurn(r); s.plan.Steps[r.step].Serial && next >= 0 {
		s.prepareInstance(ref{r.step, next})
		if s.stopping != "" && !s.mayStillRun(r.step) {
			s.cancel(ref{r.step, next}, s.stopping)
		}
	}
}

// nextInTurn is the instance of a serial step that follows when one has ended, or -1. After a resume one before it may
// have its turn still to come, and several may end at once that were in doubt: the last of them makes way.
func (s *State) nextInTurn(r ref) int {
	instances := s.steps[r.step].instances
	if s.steps[r.step].missing > 0 {
		return -1 // what it depends on runs again
	}
	if !s.resumed {
		if next := r.key + 1; next < len(instances) && instances[next].phase == idle {
			return next
		}
		return -1
	}
	first := -1
	for k := range instances {
		switch instances[k].phase {
		case ended:
		case idle:
			if first < 0 {
				first = k
			}
		default:
			return -1
		}
	}
	return first
}

// combined is the outcome of a step from those of its instances.
func combined(instances []instance) Outcome {
	worst := instances[0].outcome
	for _, in := range instances[1:] {
		if worst == Skipped && in.outcome == Pass {
			worst = Pass
		}
		worst = Worse(worst, in.outcome)
	}
	return worst
}

// failed notes that a step failed or erred. One that does so while the run stops for another reason stops nothing any more, but
// is a failure all the same: what was done before is taken back.
func (s *State) failed() {
	switch {
	case !s.plan.StopOnFailure:
	case s.stopping == "":
		s.wantStop = true
	default:
		s.undoing = true
	}
}

// stepEnded tells those that wait for a step.
func (s *State) stepEnded(i int, outcome Outcome) {
	step := &s.steps[i]
	step.phase = ended
	step.outcome = outcome
	s.open--
	if outcome == Fail || outcome == Error {
		s.failed()
	}
	var waiters []int
	switch step.held = step.missing > 0; {
	case !step.held:
		waiters = s.letGo(i)
	case outcome == Cancelled:
		// Who only refers to it need not wait. A write whose turn comes after it has that after what it waited for too.
		step.told, waiters = true, s.letGoBehind(s.tell(i, true, false))
	default:
		return // it was in doubt, and something that it waited for runs again
	}
	for _, waiter := range waiters {
		switch to := &s.steps[waiter]; {
		case to.missing > 0:
		case to.phase == idle:
			s.decide(waiter)
		case to.phase == expanded:
			s.decideInstances(waiter)
		case to.phase == asking:
			s.keepsAsking(ref{waiter, -1})
		}
	}
}

// tell has the steps that wait for a step count how it ended, and lists them: those that refer to it, and those that only have a
// turn after it.
func (s *State) tell(i int, refer, turns bool) []int {
	outcome := s.steps[i].outcome
	bad := outcome == Fail || outcome == Error || outcome == Blocked
	waiters := make([]int, 0, len(s.out[i]))
	for _, d := range s.out[i] {
		waiter := &s.steps[d.step]
		if d.turn && turns || !d.turn && refer {
			waiters = append(waiters, d.step)
			waiter.missing--
		}
		if !refer {
			continue
		}
		if !d.order {
			waiter.anyBad = waiter.anyBad || bad
			waiter.directFailed = waiter.directFailed || outcome == Fail || outcome == Error
		}
		if d.full {
			waiter.fullBad = waiter.fullBad || bad
			waiter.fullSkipped = waiter.fullSkipped || outcome == Skipped
			waiter.cancelled = waiter.cancelled || outcome == Cancelled
		}
	}
	return waiters
}
