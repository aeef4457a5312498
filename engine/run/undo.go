package run

// undoPhase is where the undo of a step or an instance stands.
type undoPhase uint8

const (
	undoNone    undoPhase = iota // there is nothing to undo
	undoPending                  // the step took effect
	undoRunning
	undoDone
	undoFailed
	undoInDoubt
)

// tookEffect notes that a step with an undo did what there is to undo: its action ended with a result, or somebody knows
// that its write took place.
func (s *State) tookEffect(r ref, e *Event) {
	in := s.at(r)
	if in.sent != nil {
		in.sent.inDoubt = e.InDoubt
	}
	resolved := in.sent != nil && in.sent.resolution != nil && in.sent.resolution.Decision == DecisionDone
	if s.plan.Steps[r.step].Undo == UndoNever || e.Result == nil && !resolved {
		return
	}
	in.undo = undoPending
	s.effects = append(s.effects, r)
}

// nextUndo is what is to be undone next, nil: nothing; under says that an undo is under way.
func (s *State) nextUndo() (_ *ref, under bool) {
	for i := len(s.effects) - 1; i >= 0; i-- {
		r := s.effects[i]
		switch in := s.at(r); {
		case in.undo == undoRunning:
			return nil, true
		case in.undo == undoPending && s.wantsUndo(r):
			return &r, false
		}
	}
	return nil, false
}

func (s *State) wantsUndo(r ref) bool {
	if s.byHand != nil {
		return s.byHand[r]
	}
	switch s.plan.Steps[r.step].Undo {
	case UndoOnEnd:
		return true
	case UndoOnFailure:
		return s.undoing
	}
	return false
}

func (s *State) undoEvent(r ref, e *Event) {
	in := s.at(r)
	switch {
	case in.phase != ended: // it was in doubt, counts as done, and the step was reset for it
	case e.Type == UndoStarted:
		in.undo = undoRunning
		in.sending().send(e)
	case e.Outcome == Pass:
		in.undo = undoDone
	case e.Reason == DecisionRedo:
		in.undo = undoPending
	case e.InDoubt:
		in.undo = undoInDoubt
	default:
		in.undo = undoFailed
	}
}

// Undoable lists what took effect and was not undone, last first: what `undo` by hand can take back.
func (s *State) Undoable() []string {
	var out []string
	for i := len(s.effects) - 1; i >= 0; i-- {
		if in := s.at(s.effects[i]); in.undo != undoDone {
			out = append(out, s.address(s.effects[i]))
		}
	}
	return out
}

// Undone lists what was undone: it counts as not run.
func (s *State) Undone() []string {
	var out []string
	s.each(func(r ref, in *instance) {
		if in.undo == undoDone {
			out = append(out, s.address(r))
		}
	})
	return out
}

// LeftOver reports whether something is left that a person must look at: an undo that failed, or a write in doubt.
func (s *State) LeftOver() bool {
	left := len(s.InDoubt()) > 0
	s.each(func(_ ref, in *instance) { left = left || in.undo == undoFailed })
	return left
}
