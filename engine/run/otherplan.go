package run

// OtherPlan says whether the events that follow are of a run whose files changed since, so that they may be of another plan
// than this: with other dependencies, other instances, or without a question that is now asked. What such an event tells took
// place, whatever would come first today; a session that goes on counts anew what is left.
func (s *State) OtherPlan(yes bool) { s.otherPlan = yes }

// catchUp puts a step or an instance where an event of another plan found it, which is in a phase to; false: nothing can bring it there.
func (s *State) catchUp(r ref, e *Event, to phase) bool {
	in := s.at(r)
	if e.Type == StepWaiting && e.For != ForPoll {
		to = preparing
	}
	switch to {
	case asking:
		if in.asked == nil || in.asked.question == nil {
			return false
		}
	case running:
		s.occupy(r.step, 1)
	}
	if in.phase == running {
		s.vacate(r)
	}
	in.phase = to
	return true
}

// writes reports whether an attempt that began may change something: as its event says, which may be of another plan.
func (spec *StepSpec) writes(started *Event) bool {
	return started.Effect != "read" && (spec.Write || started.Effect != "")
}
