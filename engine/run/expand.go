package run

import (
	"maps"
	"slices"
)

// expand gives a step its instances. One that is expanded anew keeps those that stay.
func (s *State) expand(r ref, e *Event) {
	step, keys := &s.steps[r.step], *e.Keys
	if !step.anew {
		step.forget()
	}
	s.take(r.step, keys, e)
	step.phase, step.anew = expanded, false
	switch {
	case len(keys) == 0:
		s.conclude(r, verdict{Pass, "for_each is empty: nothing to do"})
		return
	case step.left == 0:
		s.stepEnded(r.step, combined(step.instances))
		return
	}
	serial, under := s.plan.Steps[r.step].Serial, step.takesTurn()
	for i := range keys {
		if serial && under {
			break // the next one follows when this one has ended
		}
		if step.instances[i].phase == idle {
			s.prepareInstance(ref{r.step, i})
			under = true
		}
	}
}

// take gives a step the instances of some keys. Nobody is asked any more in the runbooks that those ran which it loses: should one come back, its
// questions are asked anew.
func (s *State) take(i int, keys []string, e *Event) {
	name := s.plan.Steps[i].Name
	if !s.plan.Steps[i].Child {
		s.steps[i].take(name, keys)
		return
	}
	lost := slices.DeleteFunc(slices.Clone(s.children), func(c child) bool { return StepName(c.address) != name || s.Aside(c.address) })
	s.steps[i].take(name, keys)
	for _, c := range lost {
		if s.Aside(c.address) {
			c.state.withdrawAll(e, anewAside)
		}
	}
}

// take gives a step the instances of some keys: those that it has, or had, are as they were.
func (s *stepState) take(name string, keys []string) {
	had := s.gone
	if had == nil {
		had = map[string]instance{}
	}
	for address, i := range s.byAddress {
		had[address] = s.instances[i]
	}
	s.keys, s.instances, s.byAddress, s.left = keys, make([]instance, len(keys)), make(map[string]int, len(keys)), 0
	for i, key := range keys {
		address := Address(name, key, true)
		s.instances[i], s.byAddress[address] = had[address], i
		delete(had, address)
	}
	maps.DeleteFunc(had, func(_ string, in instance) bool { return in.phase != ended && (in.phase != idle || in.sent == nil) })
	s.gone = had
	s.countLeft()
}

func (s *stepState) countLeft() {
	s.left = 0
	for i := range s.instances {
		if s.instances[i].phase != ended {
			s.left++
		}
	}
}

// expandAnew has a step whose for_each is another have other instances, and be expanded in its turn: what those did that stay is not
// repeated.
func (s *State) expandAnew(x Instances, e *Event) {
	i, ok := s.byName[x.Step]
	if !ok || s.steps[i].byAddress == nil {
		return // --target leaves it out, or it has other instances in any case
	}
	s.take(i, x.Keys, e)
	s.steps[i].anew = true
}

// Aside reports whether a step does not have, or not any more, the instance of an address, though it has come to its instances: what that did,
// and the runbook that it ran, is put aside.
func (s *State) Aside(address string) bool {
	name := StepName(address)
	i, ok := s.byName[name]
	if !ok || name == address || s.steps[i].byAddress == nil {
		return false
	}
	_, has := s.steps[i].byAddress[address]
	return !has
}

// forget has a step have no instances yet.
func (s *stepState) forget() {
	s.keys, s.instances, s.byAddress, s.gone, s.left, s.anew = nil, nil, nil, nil, 0, false
}

// awaitTurn has steps that are to be expanded anew wait for that, unless somebody is asked about what is left of it.
func (s *State) awaitTurn(e *Event) {
	for i := range s.steps {
		step := &s.steps[i]
		if !step.anew {
			continue
		}
		step.countLeft()
		said, asks := step.asked, step.phase == asking && step.asked.question != nil
		if !asks || step.left == 0 {
			s.renew(ref{i, -1}, e)
		}
		if said != nil && said.what == ForWrites && said.answer.Yes() {
			step.asked = said // for which writes it was is held against those that are left
		}
	}
}

// endRest has those instances of a step that was to be expanded anew, and ended before that, end as it did, which have not. It gives how
// the step ended then.
func (s *State) endRest(i int, outcome Outcome) Outcome {
	step := &s.steps[i]
	if !step.anew || step.left == 0 {
		return outcome
	}
	for k := range step.instances {
		if in := &step.instances[k]; in.phase != ended {
			in.phase, in.outcome, in.atOnce = ended, outcome, true
			if in.sent != nil && in.sent.declared {
				in.sent.inDoubt = true
			}
		}
	}
	step.left = 0
	return combined(step.instances)
}

// Rest are the keys of the instances of a step that have not ended, of those that its for_each gives.
func (s *State) Rest(name string, keys []string) []string {
	i, ok := s.byName[name]
	if !ok || !s.steps[i].anew {
		return keys
	}
	step := &s.steps[i]
	var out []string
	for _, key := range keys {
		if at, had := step.byAddress[Address(name, key, true)]; !had || step.instances[at].phase != ended {
			out = append(out, key)
		}
	}
	return out
}

// Expanded reports whether a step came to its instances, if only to none, and does not run again as a whole.
func (s *State) Expanded(name string) bool {
	i, ok := s.byName[name]
	return ok && s.steps[i].byAddress != nil
}

// Anew reports whether a step that has instances is expanded once more, with others.
func (s *State) Anew(name string) bool {
	i, ok := s.byName[name]
	return ok && s.steps[i].anew
}
