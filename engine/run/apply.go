package run

import (
	"fmt"
	"time"
)

// Apply adds one event to the state. An error means that the event can't follow what came before: the journal belongs
// to another plan, or is damaged.
func (s *State) Apply(e *Event) error {
	switch e.Type {
	case RunStarted:
		s.start()
		return nil
	case RunStopping:
		s.stop(e.Reason)
		return nil
	case RunFinished:
		s.finished = true
		return nil
	case RunPaused:
		s.paused, s.byHand, s.inOrder = true, nil, false
		return nil
	case RunResumed:
		return s.resume(e)
	case CheckEvaluated, ClockRead:
		return nil
	case UndoStarted, UndoFinished:
		return s.undoEvent(e)
	case StepResolved:
		switch {
		case e.Undoes != 0:
			return s.undoEvent(e)
		case e.Resolution.Decision == DecisionRedo:
			return nil // it is among what run_resumed named
		}
	}
	if e.Type == StepNoted && s.noteOfUndo(e) {
		return nil
	}
	s.inOrder = false
	r, err := s.resolve(e.Step)
	if err != nil {
		return err
	}
	in := s.at(r)
	s.goesOnSooner(r, e)
	if !s.mayFollow(r, e) {
		return fmt.Errorf("%s of step %s can't follow: it is %s", e.Type, e.Step, phaseNames[in.phase])
	}
	switch e.Type {
	case StepExpanded:
		s.expand(r, *e.Keys)
	case StepReady:
		s.makeReady(r)
	case StepStarted:
		s.startAttempt(r, e)
	case StepRetrying:
		if in.sent != nil {
			in.sent.attempted(e.InDoubt)
		}
		s.wait(r, e.Time.Add(time.Duration(e.DelayMS*float64(time.Millisecond))))
		in.heldSince = time.Time{}
	case StepWaiting:
		s.waits(r, e)
	case StepAnswered:
		s.answered(r, e)
	case StepEscalated:
		in.asked.escalated++
		s.armQuestion(r)
		s.tellLevels(r)
	case NotifyStarted, NotifyFinished:
		s.notified(r, e)
	case StepNoted:
		in.sending().Note = e.Note
	case StepResolved:
		in.sending().resolution = e.Resolution
	case StepFinished:
		s.finish(r, e)
	}
	return nil
}

var phaseNames = [...]string{
	idle: "waiting for others", preparing: "being prepared", expanded: "expanded", ready: "ready", running: "running",
	waiting: "waiting", toAsk: "about to ask", asking: "waiting for a person", settling: "about to end without running", ended: "ended",
}

// follows are the phases in which an event may come.
var follows = map[Type][]phase{
	StepExpanded:  {preparing},
	StepReady:     {preparing},
	StepStarted:   {ready, waiting},
	StepRetrying:  {running},
	StepWaiting:   {running, preparing, toAsk, asking, ready},
	StepAnswered:  {asking},
	StepEscalated: {asking},
	NotifyStarted: {asking},
	// It may end long after the question, and the step may run again by then.
	NotifyFinished: {idle, preparing, expanded, ready, running, waiting, toAsk, asking, settling, ended},
	StepNoted:      {running},
	StepResolved:   {running},
	StepFinished:   {preparing, ready, running, waiting, toAsk, asking, settling},
}

func (s *State) start() {
	s.started = true
	for i := range s.steps {
		if s.steps[i].missing == 0 {
			s.decide(i)
		}
	}
}

func (s *State) expand(r ref, keys []string) {
	step := &s.steps[r.step]
	step.phase = expanded
	step.keys = keys
	step.instances = make([]instance, len(keys))
	step.byAddress = make(map[string]int, len(keys))
	step.left = len(keys)
	for i := range keys {
		step.byAddress[Address(s.plan.Steps[r.step].Name, keys[i], true)] = i
	}
	if len(keys) == 0 {
		s.conclude(r, verdict{Pass, "for_each is empty: nothing to do"})
		return
	}
	for i := range keys {
		if i > 0 && s.plan.Steps[r.step].Serial {
			break // the next one follows when this one has ended
		}
		s.prepareInstance(ref{r.step, i})
	}
}

func (s *State) prepareInstance(r ref) {
	s.at(r).phase = preparing
	s.prepare.push(r)
}

func (s *State) makeReady(r ref) {
	in := s.at(r)
	if s.plan.Steps[r.step].Asks && in.asked.open() {
		in.phase = toAsk
		s.ask.push(r)
		return
	}
	in.phase = ready
	s.enqueue(r)
}

func (s *State) enqueue(r ref) {
	s.tickets++
	s.at(r).ticket = s.tickets
	s.ready[s.group(r.step)].push(r)
}

// group is the step's queue: its configuration's, or the last.
func (s *State) group(step int) int {
	if g := s.plan.Steps[step].Group; g >= 0 {
		return g
	}
	return len(s.plan.Limits)
}

// occupy counts an attempt that begins (+1) or ends (-1).
func (s *State) occupy(step, delta int) {
	s.running += delta
	if g := s.plan.Steps[step].Group; g >= 0 {
		s.active[g] += delta
	}
}

// vacate gives the place of an attempt that ends back, where it holds one.
func (s *State) vacate(r ref) {
	in := s.at(r)
	if !in.yields {
		s.occupy(r.step, -1)
	}
	in.yields = false
}

// Yield says whether a step that runs a runbook holds no place for now, because all that runbook does is wait. It is no
// event: a new session starts such a step anew.
func (s *State) Yield(address string, yields bool) error {
	r, err := s.resolve(address)
	if err != nil {
		return err
	}
	in := s.at(r)
	if in.phase != running || in.yields == yields {
		return nil
	}
	in.yields = yields
	if yields {
		s.occupy(r.step, -1)
	} else {
		s.occupy(r.step, 1)
	}
	return nil
}

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
		s.stepEnded(r.step, outcome)
		return
	}
	step := &s.steps[r.step]
	step.left--
	if outcome == Fail || outcome == Error {
		s.failed()
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
		// Who refers to it need not wait. A write whose turn comes after it has that after what it waited for too.
		step.told, waiters = true, s.tell(i, true, false)
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
		if d.order && !turns || !d.order && !refer {
			continue
		}
		waiter := &s.steps[d.step]
		waiters = append(waiters, d.step)
		waiter.missing--
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
