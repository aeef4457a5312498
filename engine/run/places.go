package run

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
