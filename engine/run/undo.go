package run

import (
	"cmp"
	"fmt"
	"slices"
)

// undoPhase is where the undo of an effect stands.
type undoPhase uint8

const (
	undoPending undoPhase = iota // the step took effect
	undoRunning
	undoDone
	undoFailed
	undoInDoubt
)

// nextUndo is what is to be undone next, in this runbook and those that its steps run; nil: nothing. under says that an undo
// is under way.
func (s *State) nextUndo() (next *placed, under bool) {
	if s.under != nil && s.under.undo == undoRunning {
		return nil, true
	}
	if s.byHand != nil && s.stopping != "" {
		return nil, false // who undoes by hand and stops that wants no further undo
	}
	s.putInOrder()
	for n := len(s.order) - 1; n >= 0; n-- {
		p := &s.order[n]
		switch {
		case p.undo == undoFailed || p.undo == undoInDoubt:
			s.stuck[p.whole()] = true
		case p.undo == undoPending && (!s.stuck[p.whole()] || s.named(p)) && !s.heldByDoubt(p):
			return p, false
		}
		s.order = s.order[:n] // done with in this session
	}
	return nil, false
}

// putInOrder lists what is to be undone, and what keeps earlier effects of the same step from it.
func (s *State) putInOrder() {
	if s.inOrder {
		return
	}
	s.order = slices.DeleteFunc(s.effectsInOrder(), func(p placed) bool {
		return p.undo == undoDone || p.undo == undoPending && !s.wants(&p)
	})
	s.inOrder, s.stuck = true, map[string]bool{}
}

// wants reports whether an effect is to be undone in this session.
func (s *State) wants(p *placed) bool {
	if s.byHand != nil {
		return s.asked(p)
	}
	return s.dueAtEnd(p)
}

// asked reports whether the undo of an effect was asked for by hand: of all that its step did, or of this.
func (s *State) asked(p *placed) bool {
	return s.byHand[p.whole()] || s.named(p)
}

// named reports whether this undo was asked for, and not all of its step.
func (s *State) named(p *placed) bool {
	return s.byHand != nil && s.byHand[Effect{p.whole(), p.seq}.String()]
}

// AskedForLeft reports whether undos that were asked for by hand did not run, because that was stopped.
func (s *State) AskedForLeft() bool {
	list := s.effectsInOrder()
	return s.byHand != nil && slices.ContainsFunc(list, func(p placed) bool { return p.undo == undoPending && s.wants(&p) })
}

// MayFallDue lists what, here and in the runbooks that steps run, is to be undone at the end of the run, or would be if what it still has
// to do failed: last first.
func (s *State) MayFallDue(goesOn bool) []Effect {
	var out []Effect
	list := s.effectsInOrder()
	for i := range slices.Backward(list) {
		p := &list[i]
		if p.undo != undoDone && p.undo != undoFailed && (s.dueAtEnd(p) || goesOn && p.onFailure()) {
			out = append(out, Effect{p.whole(), p.seq})
		}
	}
	return out
}

// onFailure reports whether a failure has an effect undone: of its runbook, or of one around that.
func (p *placed) onFailure() bool {
	at := p.of
	for at != nil && !at.plan.StopOnFailure {
		at = at.above
	}
	return at != nil
}

// dueAtEnd reports whether an effect is to be undone at the end of this runbook: at every end, or because one of the runbooks from
// its own up to this one stopped after a failure.
func (s *State) dueAtEnd(p *placed) bool {
	switch p.of.plan.Steps[p.step].Undo {
	case UndoOnEnd:
		return true
	case UndoOnFailure:
		for at := p.of; ; at = at.above {
			if at.Failing() || at == s {
				return at.Failing()
			}
		}
	}
	return false
}

// heldByDoubt reports whether nobody knows whether the step took effect again after this: undoing the first time then would
// not leave what was there before. Who asks for this undo alone knows that.
func (s *State) heldByDoubt(p *placed) bool {
	if s.named(p) {
		return false
	}
	r, err := p.of.resolve(p.address)
	return err == nil && p.of.at(r).doubtful(&p.of.plan.Steps[r.step])
}

// undoEvent brings the undo of an effect on.
func (s *State) undoEvent(e *Event) error {
	x := s.effectOf(e, undoPending)
	if e.Type != UndoStarted {
		x = s.effectOf(e, undoRunning, undoInDoubt)
	}
	switch {
	case x == nil && s.hasUndo(e.Step) && !s.otherPlan:
		return fmt.Errorf("%s of step %s can't follow: it did nothing that is to be undone", e.Type, e.Step)
	case x == nil: // the runbook does not have the undo any more, or not of what was done
		s.undoneBefore(e)
	case e.Type == UndoStarted:
		x.undo, x.was, x.partly = undoRunning, undoPending, ""
		x.sent.send(e)
		for at := s; at != nil; at = at.above {
			at.under = x
		}
	case e.Type == StepResolved && e.Resolution.Decision == DecisionRedo:
		if x.undo != undoFailed {
			x.sent.attempted(true) // it is sent with its key
		}
		if x.partly != "" || e.Resolution.How == HowDeclared {
			x.was = x.stand()
		}
		x.undo = undoPending
		x.sent.earlier = x.sent.earlier.judged()
		for at := s; at != nil; at = at.above {
			at.inOrder = false
		}
	case e.Type == StepResolved:
		x.undo, x.sent.resolution = undoInDoubt, e.Resolution // its end follows
	case e.Outcome == Pass:
		x.undo = undoDone
	case e.InDoubt:
		x.undo, x.sent.Ended = undoInDoubt, e.Error
		x.sent.attempted(true)
	default:
		x.undo = undoFailed
		x.stands = false
		if x.sent.attempted(false); e.Result != nil || x.sent.earlier == nil {
			x.sent.Key = "" // it is another when somebody tries again
		}
		x.refused = e.Result == nil && x.sent.earlier == nil
		if x.partly = ""; e.Partial {
			x.partly = cmp.Or(e.ByHand, e.Error)
		}
	}
	return nil
}

// undoneBefore takes in that what a step did last was undone by an undo that the runbook does not have any more.
func (s *State) undoneBefore(e *Event) {
	r, err := s.resolve(e.Step)
	if err != nil || e.Type != UndoFinished || e.Outcome != Pass {
		return
	}
	if x := s.at(r).effect; x != nil && (e.Undoes == 0 || x.seq == e.Undoes) {
		x.undo = undoDone
	}
}

func (s *State) hasUndo(address string) bool {
	i, ok := s.byName[StepName(address)]
	return ok && s.plan.Steps[i].Undo != UndoNever
}

// noteOfUndo keeps what an undo notes, and reports whether it is one that does.
func (s *State) noteOfUndo(e *Event) bool {
	r, err := s.resolve(e.Step)
	if e.Undoes == 0 && (err != nil || s.at(r).phase != ended) {
		return false
	}
	if x := s.effectOf(e, undoRunning); x != nil {
		x.sent.Note = e.Note
	}
	return true
}

// resumeEffects begins another session: an undo that broke off is in doubt, and what was undone and is done again has
// nothing to be undone any more.
func (s *State) resumeEffects() {
	s.effects = slices.DeleteFunc(s.effects, func(e *effect) bool { return e.undo == undoDone && !s.current(e) && !s.lastOfGone(e) })
	for _, e := range s.effects {
		e.breakOff()
		e.stands = e.stands || e.undo == undoFailed && e.refused
	}
}

// breakOff has an undo be in doubt that was under way, and one that was to be sent again stand where it did.
func (e *effect) breakOff() {
	e.undo, e.was = e.stand(), undoPending
	if e.doubtful() {
		e.undo = undoInDoubt
	}
}

// stand is where an undo stands, whether or not it is to be sent again.
func (e *effect) stand() undoPhase {
	if e.undo == undoPending {
		return e.was
	}
	return e.undo
}

// doubtful reports whether nobody knows whether an undo took place.
func (e *effect) doubtful() bool {
	return e.stand() == undoRunning || e.stand() == undoInDoubt
}

// resumeToUndo has the run undo some steps and end again, be they of runbooks that its steps run. One that failed is tried
// again. One in doubt, or of which a part took place, stays that, and is sent again only when somebody says so.
func (s *State) resumeToUndo(e *Event) {
	s.interrupted = s.interrupted || s.byHand == nil && !s.finished && !s.paused // its program was gone
	s.byHand = map[string]bool{}
	s.keepsWaiting = s.paused || s.keepsWaiting && !s.finished // also where the program was gone that undid steps of it
	s.finished, s.paused, s.wantStop, s.stopping = false, false, false, ""
	for _, name := range e.Undo {
		s.byHand[name] = e.Reason != ReasonSettle
	}
	list := s.effectsInOrder()
	for i := range list {
		p := &list[i]
		p.breakOff()
		if s.asked(p) && p.undo == undoFailed && p.partly == "" {
			p.undo = undoPending
		}
	}
}

// Undoable lists what took effect and was not undone, here and in the runbooks that steps run, last first: what `undo` by
// hand can take back. A step that took effect twice is listed twice.
func (s *State) Undoable() []Effect {
	var out []Effect
	list := s.effectsInOrder()
	for i := range slices.Backward(list) {
		if p := &list[i]; p.undo != undoDone {
			out = append(out, Effect{p.whole(), p.seq})
		}
	}
	return out
}

// FailedUndos lists the undos that failed, as what somebody may have done by hand since.
func (s *State) FailedUndos() []Doubt {
	var out []Doubt
	for _, e := range s.effects {
		if e.stand() == undoFailed {
			out = append(out, Doubt{Address: e.address, At: e.sent.At, Attempt: e.sent.Attempt, Undo: true, Undoes: e.seq, Failed: true, Partly: e.partly})
		}
	}
	return out
}

// UnsentUndos lists the undos of what is there that were never sent, as what somebody may have done by hand.
func (s *State) UnsentUndos() []Doubt {
	var out []Doubt
	for _, e := range s.effects {
		if e.stand() == undoPending {
			out = append(out, Doubt{Address: e.address, Undo: true, Undoes: e.seq, Failed: true})
		}
	}
	return out
}

// HalfUndone lists the undos that failed and of which a part took place: what their steps did is neither there as it was, nor taken back.
func (s *State) HalfUndone() []Doubt {
	return slices.DeleteFunc(s.FailedUndos(), func(d Doubt) bool { return d.Partly == "" })
}

// Unchanged lists the steps with an undo, here and in the runbooks that steps run, whose last execution left everything as it was:
// there is nothing to take back.
func (s *State) Unchanged() []string {
	var out []string
	s.each(func(r ref, in *instance) {
		if in.phase == ended && in.unchanged && in.effect == nil && s.plan.Steps[r.step].Undo != UndoNever {
			out = append(out, s.address(r))
		}
	})
	for _, c := range s.children {
		for _, address := range c.state.Unchanged() {
			out = append(out, c.address+"/"+address)
		}
	}
	return out
}

// Undone counts the steps and instances, here and in the runbooks that steps run, of which what they did last is taken back. Those that are gone
// are among them.
func (s *State) Undone() int {
	n := 0
	list := s.effectsInOrder()
	for i := range list {
		if p := &list[i]; p.undo == undoDone && (p.of.current(p.effect) || p.of.lastOfGone(p.effect)) {
			n++
		}
	}
	return n
}

// NotUndone lists what, here and in the runbooks that steps run, is to be undone at the end, would the run end now: last
// first. A run that goes on waiting after some undos by hand is not at its end. What was asked for by hand and waits for another that failed
// is among them.
func (s *State) NotUndone() []Effect {
	var out []Effect
	list := s.effectsInOrder()
	for i := range slices.Backward(list) {
		p := &list[i]
		if p.stand() == undoPending && (!s.keepsWaiting && s.dueAtEnd(p) || s.stopping == "" && s.asked(p)) {
			out = append(out, Effect{p.whole(), p.seq})
		}
	}
	return out
}

// LeftOver reports whether something is left that a person must look at, see [State.Left].
func (s *State) LeftOver() bool { return len(s.Left()) > 0 }

// Left lists what a person must look at, here and in the runbooks that steps run: writes and undos in doubt, and undos that
// failed. One that failed before its step ran again, because the step failed too, counts only while it is due; so does one that did
// nothing before the run went on and passed, which stands on what the step did. One that was asked for by hand counts in any case, and one of which a part
// took place.
func (s *State) Left() []Left {
	out, outcome := s.leftInDoubt("", nil), s.RunOutcome()
	passed := outcome == Pass || outcome == Warn
	list := s.effectsInOrder()
	for i := range slices.Backward(list) {
		if p := &list[i]; p.stand() == undoFailed && (p.partly != "" || s.asked(p) || s.dueAtEnd(p) || p.counts(passed)) {
			out = append(out, Left{Step: p.whole(), What: LeftUndoFailed, Partial: p.partly != "", Undoes: p.seq})
		}
	}
	return out
}

// counts reports whether the effect of an undo that failed is to be looked at though the undo is not due. passed says that the run did, which
// stands on what is there.
func (p *placed) counts(passed bool) bool {
	if p.of.current(p.effect) {
		return !p.stands || !passed
	}
	return p.well // a change of the files had the step run again: this is there beside what it did then
}

func (s *State) leftInDoubt(prefix string, out []Left) []Left {
	for _, d := range s.InDoubt() {
		what := LeftInDoubt
		if d.Undo {
			what = LeftUndoInDoubt
		}
		out = append(out, Left{Step: prefix + d.Address, What: what, Undoes: d.Undoes})
	}
	for _, c := range s.children {
		out = c.state.leftInDoubt(prefix+c.address+"/", out)
	}
	return out
}
