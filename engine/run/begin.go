package run

func (s *State) start() {
	s.started = true
	for i := range s.steps {
		if s.steps[i].missing == 0 {
			s.decide(i)
		}
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
