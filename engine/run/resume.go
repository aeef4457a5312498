package run

import (
	"fmt"
	"slices"
)

// Dependents adds to a list of addresses every step that depends on one of them, through others too: what a changed step
// affects.
func (s *State) Dependents(addresses []string) []string {
	seen := map[int]bool{}
	var visit func(i int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		for _, d := range s.out[i] {
			if !d.order {
				visit(d.step)
			}
		}
	}
	for _, a := range addresses {
		if i, ok := s.byName[StepName(a)]; ok {
			visit(i)
		}
	}
	out := make([]string, 0, len(seen))
	for i := range s.steps {
		if seen[i] {
			out = append(out, s.plan.Steps[i].Name)
		}
	}
	return out
}

// resume begins another session: what the event names is as if it had not run, and the rest is counted anew.
func (s *State) resume(e *Event) error {
	s.inOrder = false
	if e.Reset == nil && e.Undo != nil {
		s.resumeToUndo(e)
		return nil
	}
	var later []string
	for _, address := range e.Reset {
		if r, err := s.resolve(address); err == nil {
			s.reset(r, e)
		} else {
			later = append(later, address)
		}
	}
	for _, x := range e.Instances {
		s.expandAnew(x, e)
	}
	for _, address := range later {
		r, err := s.resolve(address)
		switch {
		case err == nil: // it is back
			s.reset(r, e)
		case slices.Contains(e.Reset, StepName(address)): // the instance went with its step
		case s.Anew(StepName(address)): // it is gone
		default:
			return fmt.Errorf("resume: %w", err)
		}
	}
	s.resumed, s.keepsWaiting, s.interrupted = true, false, false
	s.stopping, s.wantStop, s.finished, s.paused, s.undoing, s.timedOut, s.byHand = "", false, false, false, false, false, nil
	s.resumeEffects()
	s.awaitHalfDone(e.Reason != ReasonCancel)
	if e.Reason != ReasonCancel {
		s.awaitTurn(e)
	}
	behind := s.behindAgain()
	s.recount(behind)
	s.askAnew(e, behind)
	return nil
}

// awaitHalfDone has a write of which a part took place wait for its end where it does not run again: it counts as done. It does not where the
// session only ends the run.
func (s *State) awaitHalfDone(settled bool) {
	s.each(func(_ ref, in *instance) {
		switch {
		case in.partly == nil:
		case settled && in.halfDone():
			in.phase = running
		default:
			in.phase = ended
		}
	})
}

// Find gives what an address names: the step's index in the plan, and that of the instance, or -1.
func (s *State) Find(address string) (step, key int, ok bool) {
	r, err := s.resolve(address)
	return r.step, r.key, err == nil
}

// Instances are the addresses of a step's instances; none where it has none yet.
func (s *State) Instances(name string) []string {
	i, ok := s.byName[name]
	if !ok {
		return nil
	}
	out := make([]string, len(s.steps[i].keys))
	for k := range out {
		out[k] = s.address(ref{i, k})
	}
	return out
}

// Ended is Find, for what has ended.
func (s *State) Ended(address string) (step, key int, ok bool) {
	r, err := s.resolve(address)
	return r.step, r.key, err == nil && s.at(r).phase == ended
}

// Began reports whether a step, or a part of it, had begun, be it of an instance that is gone.
func (s *State) Began(address string) bool {
	r, err := s.resolve(address)
	if err != nil {
		return s.keptAside(address)
	}
	return s.at(r).attempts > 0 || s.at(r).asked != nil || s.at(r).phase >= expanded
}

// keptAside reports whether something is kept of an instance that is gone.
func (s *State) keptAside(address string) bool {
	i, ok := s.byName[StepName(address)]
	if !ok {
		return false
	}
	_, kept := s.steps[i].gone[address]
	return kept
}

// Untouched reports whether a step, or an instance of it, has nothing that running again would do away with: it has its turn still to come, or is
// not there yet.
func (s *State) Untouched(address string) bool {
	r, err := s.resolve(address)
	if err != nil {
		return !s.keptAside(address)
	}
	in := s.at(r)
	return in.phase == idle && in.asked == nil && in.sent == nil && in.effect == nil && (r.key >= 0 || s.steps[r.step].byAddress == nil)
}

// UnderWay lists the steps and instances of which an attempt was under way that leaves nothing in doubt.
func (s *State) UnderWay() []string {
	var out []string
	s.each(func(r ref, in *instance) {
		if in.phase == running && !in.doubtful(&s.plan.Steps[r.step]) {
			out = append(out, s.address(r))
		}
	})
	return out
}

// Prepared lists the steps and instances that are past their preparation and have not ended.
func (s *State) Prepared() []string {
	var out []string
	s.each(func(r ref, in *instance) {
		switch in.phase {
		case ready, waiting, toAsk:
			out = append(out, s.address(r))
		case asking:
			if in.asked.what != ForWrites {
				out = append(out, s.address(r))
			}
		}
	})
	return out
}

// reset makes a step or an instance as if it had not run. A yes counts for what was not started yet, and for what is left of a runbook that
// a step runs, unless the files changed; who said no, or let the time pass, or was asked in a run that was stopped then, is asked anew. A
// write that is sent again, because it was in
// doubt or about to be repeated, keeps its key, and what an attempt that may have taken
// place kept, also over one that did not, and over sessions in which it had not its turn. What it did, and was not undone, stays to be undone.
func (s *State) reset(r ref, e *Event) {
	s.renew(r, e)
	if r.key < 0 {
		s.steps[r.step].forget()
	}
}

// renew is reset without what a step has instances for.
func (s *State) renew(r ref, e *Event) {
	in := s.at(r)
	fresh := instance{phase: idle}
	if in.attempts == 0 && in.asked != nil && (in.phase != ended || in.outcome == Cancelled) {
		fresh.asked = in.asked
		switch {
		case (in.phase == ended || in.phase == settling) && in.asked.answer == nil:
			fresh.asked.askAnew(e, anewCancelled)
		case len(e.Changes) > 0:
			fresh.asked.askAnew(e, anewChanged)
			if s.above != nil { // of another runbook, all that comes after may be another
				fresh.asked.former = nil
			}
		case in.phase == asking && in.asked.question != nil:
			fresh.asked.askAnew(e, anewUndone)
		}
	} else if in.asked != nil && in.phase == running && s.plan.Steps[r.step].Child && len(e.Changes) == 0 {
		fresh.asked = in.asked
	}
	if in.sent != nil && in.partly == nil && (in.phase == running || in.phase == waiting || in.sent.inDoubt || in.sent.again) {
		fresh.sent = &sent{
			Doubt: in.sent.Doubt, begun: in.sent.begun, earlier: in.sent.last(), again: in.sent.again || in.phase == running && in.sent.begun,
			ended: in.sent.ended, declared: in.sent.declared,
		}
		if in.phase == running || in.sent.inDoubt {
			fresh.sent.earlier = fresh.sent.earlier.judged()
		}
	}
	*in = fresh
}

// TakesOver reports whether a step that runs again takes something over from before: what it was asked about, or the key of
// a write that is sent again.
func (s *State) TakesOver(address string) bool {
	r, err := s.resolve(address)
	return err == nil && (s.at(r).asked != nil || s.at(r).sent != nil)
}

// recount works out from the phases what the events would have counted. behind are the steps that wait for one that runs again.
func (s *State) recount(behind []bool) {
	s.prepare, s.settle, s.ask, s.due, s.levels, s.waiting = queue{}, queue{}, queue{}, queue{}, queue{}, nil
	s.ready = make([]queue, len(s.plan.Limits)+1)
	s.running, s.active, s.open = 0, make([]int, len(s.plan.Limits)), 0
	for i := range s.steps {
		step := &s.steps[i]
		step.missing, step.held, step.told = len(s.plan.Steps[i].Deps), false, false
		step.fullBad, step.fullSkipped, step.cancelled, step.anyBad, step.directFailed = false, false, false, false, false
		s.recountInstances(i)
		if step.phase != ended {
			s.open++
		}
	}
	for i := range s.steps {
		s.steps[i].held = s.steps[i].phase == ended
	}
	for i := range s.steps {
		if len(s.plan.Steps[i].Deps) == 0 && s.steps[i].held {
			s.letGo(i)
		}
	}
	for i := range s.steps {
		if step := &s.steps[i]; step.phase == idle && step.missing == 0 {
			s.decide(i)
		}
		s.rearm(i, behind[i])
	}
}

// letGo has a step that ended in an earlier session count as ended, and those behind it that did. It gives the steps that wait for
// one of them and have not ended.
func (s *State) letGo(i int) []int {
	s.steps[i].held = false
	return s.letGoBehind(s.tell(i, !s.steps[i].told, true))
}

// letGoBehind lets go of those of some that wait for nothing any more and had ended, and gives the steps that have not.
func (s *State) letGoBehind(told []int) []int {
	var waiters []int
	for _, w := range told {
		switch to := &s.steps[w]; {
		case !to.held:
			waiters = append(waiters, w)
		case to.missing == 0:
			waiters = append(waiters, s.letGo(w)...)
		}
	}
	return waiters
}

// recountInstances brings a step that went its own ways in instances in line with them, and a write in doubt that is not
// sent again back to where its end is awaited. What was about to end does so.
func (s *State) recountInstances(i int) {
	step := &s.steps[i]
	for k, in := range s.parts(i) {
		switch {
		case in.phase == ended && in.sent != nil && in.sent.inDoubt:
			in.phase = running
		case in.phase == settling:
			s.settle.push(ref{i, k - 1}) // the session only ends the run: it does not run again
		}
	}
	if len(step.instances) == 0 {
		return
	}
	if step.countLeft(); step.left > 0 && !step.anew {
		step.phase = expanded
	}
}

// rearm puts the parts of a step back where they wait; behind says that something that it waits for runs again.
func (s *State) rearm(i int, behind bool) {
	if behind {
		s.withdraw(i)
	}
	for _, in := range s.parts(i) {
		if in.phase == running {
			s.occupy(i, 1)
		}
	}
	if in := &s.steps[i].instance; in.phase == asking {
		s.armQuestion(ref{i, -1})
		s.tellLevels(ref{i, -1})
	}
	instances, under := s.steps[i].instances, s.steps[i].takesTurn()
	for k := range instances {
		switch instances[k].phase {
		case asking:
			s.armQuestion(ref{i, k})
			s.tellLevels(ref{i, k})
		case idle:
			if s.steps[i].missing == 0 && !s.steps[i].anew && (!s.plan.Steps[i].Serial || !under) {
				s.prepareInstance(ref{i, k})
				under = true
			}
		}
	}
}

// takesTurn reports whether an instance of the step has its turn: it has begun, and has not ended.
func (s *stepState) takesTurn() bool {
	return slices.ContainsFunc(s.instances, func(in instance) bool { return in.phase != idle && in.phase != ended })
}

// decideInstances settles what happens to the instances that run again, or are asked about, once what they depend on, and runs again too or was in
// doubt, has ended.
func (s *State) decideInstances(i int) {
	outcome := verdicts[s.plan.Steps[i].RunIf](&s.steps[i])
	under := s.steps[i].takesTurn()
	for k := range s.steps[i].instances {
		r := ref{i, k}
		switch {
		case s.at(r).phase == asking:
			s.keepsAsking(r)
		case s.at(r).phase != idle:
		case s.stops() != "" && !s.mayStillRun(i):
			s.cancel(r, s.stops())
		case outcome != "":
			s.conclude(r, verdict{outcome, s.because(i, outcome)})
		case !s.plan.Steps[i].Serial || !under:
			s.prepareInstance(r)
			under = true
		}
	}
}
