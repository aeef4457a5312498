package run

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// sent is a write that was sent, or is about to be.
type sent struct {
	Doubt
	// begun says that it was sent, by an action: what a runbook that a step runs sent is told by that. inDoubt that it ended and that
	// nobody knows whether it took place.
	begun, inDoubt bool
	resolution     *Resolution
	// declared says that it is to be sent again on its author's word alone: until it is, nobody knows whether it took place.
	declared bool
	// again says that an attempt before may have taken place, and none did for sure since: what the last one found there may be that one's work.
	again bool
	// earlier is what an attempt before kept of the same write that may have taken place.
	earlier *Earlier
	// ended is the number of the step_finished event after which it may have taken place, whole or in part, the first of these; 0: there is none.
	ended int64
}

// place is where a write that ends stands in the order of what was done: where it ended. One of which nobody knew then whether all of it took
// place was carried out when it ended so, however much later that is decided: what was done since may stand on it.
func (s *sent) place(e *Event, spec *StepSpec) int64 {
	if s == nil || spec.Child {
		return e.Seq
	}
	if s.ended == 0 && (e.InDoubt || e.Partial) {
		s.ended = e.Seq
	}
	return cmp.Or(s.ended, e.Seq)
}

// Earlier is an attempt at a write that may have taken place, and after which the write is sent again.
type Earlier struct {
	At   time.Time
	Note json.RawMessage
	// Judged says that it was in doubt when a session ended, and that whoever went on has had it decided.
	Judged bool
}

// judged is the attempt once it is decided that it did not take place.
func (e *Earlier) judged() *Earlier {
	if e == nil {
		return nil
	}
	return &Earlier{At: e.At, Note: e.Note, Judged: true}
}

// Doubt is a write of which nobody knows whether it took place.
type Doubt struct {
	Address string
	// Key is the write's; At when it was sent last; Attempt counts.
	Key     string
	At      time.Time
	Attempt int
	// Note is the last that the action kept, of the last attempt that kept one and may have taken place.
	Note json.RawMessage
	// Ended is what was said when it ended; empty: that was not told.
	Ended string
	// Undo says that it is the step's undo that is in doubt, Undoes that of which effect, see [Event].
	Undo   bool
	Undoes int64
	// Resolution is set where it was decided already, and the crash came before what follows from it.
	Resolution *Resolution
	// Failed says that it is an undo that failed, or was never sent (At is zero then), of which a person knows whether it was done by hand.
	Failed bool
	// Partly is set where a part took place for sure, and tells how far it came: such a write is asked about as one in doubt is, before it
	// is sent again.
	Partly string
	// OfPart says that it is the undo of a write of which a part took place, and which would run again were that not taken back.
	OfPart bool
	// Gone says that the runbook has no place for the step any more: what is decided is kept, and nothing follows from it.
	Gone bool
	// ToSend says that it is sent again on its author's word once it has its turn, as was decided before. Where nobody says otherwise, the run goes
	// on with that.
	ToSend bool
}

// Same reports whether another is about the same step, or the same undo.
func (d Doubt) Same(other Doubt) bool {
	return d.Address == other.Address && d.Undo == other.Undo && (d.Undoes == other.Undoes || d.Undoes == 0)
}

func (in *instance) sending() *sent {
	if in.sent == nil {
		in.sent = &sent{}
	}
	return in.sent
}

func (s *sent) send(e *Event) {
	if e.Key != s.Key {
		s.earlier, s.again, s.ended = nil, false, 0
	}
	s.Key, s.At, s.Attempt, s.Note, s.Ended = e.Key, e.Time, e.Attempt, nil, ""
	s.begun, s.inDoubt, s.resolution, s.declared = e.Action != "runbook", false, nil, false
}

// attempted takes in how an attempt ended. What it kept counts for the next one where it may have taken place: one that surely
// did not has nothing to tell.
func (s *sent) attempted(inDoubt bool) {
	if inDoubt {
		s.earlier, s.again = s.last(), true
	}
	s.Note = nil
}

// last is the last attempt that kept a note, of those that may have taken place; nil: there is none.
func (s *sent) last() *Earlier {
	if s.Note != nil {
		return &Earlier{At: s.At, Note: s.Note}
	}
	return s.earlier
}

// doubt is what is known of the write where nobody knows whether it took place.
func (s *sent) doubt(address string) Doubt {
	d := s.Doubt
	d.Address, d.Resolution = address, s.resolution
	if last := s.last(); last != nil {
		d.Note = last.Note
	}
	return d
}

// Declared reports whether nobody knows if a write took place that is to be sent again on its author's word: until it is, that stays so.
func (s *State) Declared(address string) bool {
	r, err := s.resolve(address)
	return err == nil && s.at(r).sent != nil && s.at(r).sent.declared
}

// TakenAsDone is when the write of a step or an instance was sent last that was in doubt and counts as done; zero: there is none.
func (s *State) TakenAsDone(address string) time.Time {
	r, err := s.resolve(address)
	if err != nil || s.at(r).sent == nil {
		return time.Time{}
	}
	if sent := s.at(r).sent; sent.resolution != nil && sent.resolution.Decision == DecisionDone {
		return sent.At
	}
	return time.Time{}
}

// halfDone reports whether a write erred after a part of it took place, which was not taken back: sent again, that would take place twice. It
// stays that until its end is told, should the session that settles it break off.
func (in *instance) halfDone() bool {
	return in.partly != nil && !in.wasUndone(nil)
}

// HalfDone lists the steps and instances whose write erred after a part of it took place. One whose undo is in doubt, or among
// [State.HalfUndone], is not: what became of the undo decides about it.
func (s *State) HalfDone() []Doubt {
	var out []Doubt
	s.each(func(_ ref, in *instance) {
		if in.halfDone() && (in.effect == nil || in.effect.partly == "" && !in.effect.doubtful()) {
			d := *in.partly
			d.Resolution = in.sent.resolution
			out = append(out, d)
		}
	})
	return out
}

// doubtful reports whether a write is under way, or ended without anybody knowing how, or was in doubt and is to be sent again on its author's
// word.
func (in *instance) doubtful(spec *StepSpec) bool {
	return !spec.Child && in.sent != nil && in.sent.begun && (in.phase == running || in.endedInDoubt() || in.toSend())
}

// toSend reports whether a write that was in doubt is to be sent again on its author's word, and has its turn still to come.
func (in *instance) toSend() bool {
	return in.sent != nil && in.sent.declared && !slices.Contains([]phase{expanded, running, ended}, in.phase)
}

// awaitEnd has a write that was to be sent again wait for its end instead, which follows: it counts as done. Nobody is asked about it any more.
func (s *State) awaitEnd(r ref) {
	in := s.at(r)
	in.phase, in.asked = running, nil
	s.occupy(r.step, 1)
}

// endedInDoubt reports whether a write ended without anybody knowing how, and the session does not send it again.
func (in *instance) endedInDoubt() bool {
	return in.phase == ended && in.sent != nil && in.sent.inDoubt
}

// settled takes in what became of a write that ended in doubt, in a session that runs no step: what ended after it stays as it is.
func (s *State) settled(r ref, e *Event) {
	in := s.at(r)
	if e.Type == StepResolved {
		in.sent.resolution = e.Resolution
		return
	}
	s.tookEffect(r, e)
	if in.outcome = e.Outcome; r.key >= 0 && s.steps[r.step].phase == ended {
		s.steps[r.step].outcome = combined(s.steps[r.step].instances)
	}
}

// sendAgain takes in that a write which may have taken place is sent again. On the word of somebody who knows that it did not, it is carried out
// then.
func (s *State) sendAgain(e *Event) {
	r, err := s.resolve(e.Step)
	if err != nil {
		s.nothingSends(e.Step)
		return
	}
	if s.at(r).sent == nil {
		return
	}
	in := s.at(r)
	in.sent.declared = e.Resolution.How == HowDeclared
	if in.doubtful(&s.plan.Steps[r.step]) { // otherwise it is among what run_resumed named
		in.sent.attempted(true)
		in.sent.earlier = in.sent.earlier.judged()
	}
	if in.endedInDoubt() {
		in.sent.resolution = e.Resolution
	}
	if e.Resolution.How != HowDeclared {
		in.sent.ended = 0
	}
}

// nothingSends takes in what was decided of a write of an instance that is gone: should that come back, nobody has its word to send it again.
func (s *State) nothingSends(address string) {
	if i, ok := s.byName[StepName(address)]; ok && s.steps[i].gone[address].sent != nil {
		s.steps[i].gone[address].sent.declared = false
	}
}

// anyToSettle reports whether somebody has to say what became of a write or an undo, here or in a runbook that a step runs.
func (s *State) anyToSettle() bool {
	return len(s.InDoubt())+len(s.HalfDone()) > 0 || slices.ContainsFunc(s.children, func(c child) bool { return c.state.anyToSettle() })
}

// toSettle adds the addresses of the writes of which somebody has to say what became, here and in the runbooks that steps run, behind prefix.
func (s *State) toSettle(prefix string, out []string) []string {
	for _, d := range slices.Concat(s.InDoubt(), s.HalfDone()) {
		if !d.Undo {
			out = append(out, prefix+d.Address)
		}
	}
	for _, c := range s.children {
		out = c.state.toSettle(prefix+c.address+"/", out)
	}
	return out
}

// InDoubt lists the writes in doubt: those under way when the last session broke off, those that ended without
// anybody knowing how, and those of them that are to be sent again on their author's word, until they are. Undos count too.
func (s *State) InDoubt() []Doubt {
	var out []Doubt
	s.each(func(r ref, in *instance) {
		spec := &s.plan.Steps[r.step]
		if in.doubtful(spec) && in.partly == nil {
			d := in.sent.doubt(s.address(r))
			d.ToSend = in.toSend()
			out = append(out, d)
		}
	})
	for _, e := range s.effects {
		if e.doubtful() {
			d := e.sent.doubt(e.address)
			d.Undo, d.Undoes = true, e.seq
			r, err := s.resolve(e.address)
			d.OfPart = err == nil && s.at(r).effect == e && s.at(r).partly != nil
			if d.Failed = d.Resolution != nil && d.Resolution.Failed; d.Failed {
				d.Partly = e.partly
			}
			out = append(out, d)
		}
	}
	return out
}
