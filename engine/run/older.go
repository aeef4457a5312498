package run

// sooner is where an event finds a step that waits for what runs again in a resumed session. Only histories that an older version
// wrote have such events: where what stood between the two had passed, it let the step go on.
var sooner = map[Type]phase{
	StepExpanded: preparing, StepReady: preparing, StepFinished: settling,
	StepWaiting: asking, StepAnswered: asking, StepEscalated: asking, NotifyStarted: asking,
}

// goesOnSooner lets a step go on that waits, where an older version did.
func (s *State) goesOnSooner(r ref, e *Event) {
	in := s.at(r)
	if s.resumed && in.phase == asking && (e.Type == StepReady || e.Type == StepExpanded) {
		in.phase = preparing // it took the question back, as a write before it had been in doubt
	}
	to, known := sooner[e.Type]
	if !known || !s.resumed || in.phase != idle || s.steps[r.step].missing == 0 {
		return
	}
	if to == asking && (in.asked == nil || in.asked.question == nil) {
		return
	}
	in.phase = to
}
