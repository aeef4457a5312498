package run

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
