package run

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// effect is what one execution of a step with an undo did. A step that took effect twice has two, each with an undo of its
// own.
type effect struct {
	// seq is the number of the step_finished event that told it, and its name; at its place in the order of what was done, see [sent.place].
	seq, at int64
	step    int
	// address is the step's or the instance's, also where that went since.
	address string
	undo    undoPhase
	// was is where an undo stood that is to be sent again, and of which somebody still has to look at what it did before: it stands there again
	// should it not be sent in this session. undoPending: nothing of it is there.
	was undoPhase
	// well says that the execution passed or warned: only a change of the files has such a step run again.
	well bool
	// sent is the undo as it was sent last.
	sent sent
	// refused says that the undo failed and surely did nothing; stands that the run went on since, with the effect as it is.
	refused, stands bool
	// partly tells of an undo that failed, and of which a part took place, how far it came and how to finish it.
	partly string
}

// child is the state of a runbook that a step, or an instance of one, runs.
type child struct {
	address string
	state   *State
}

// Adopt makes the state of a runbook known that a step runs, at whichever address: what it did is undone with the rest. The
// states belong to one caller from then on where undos are concerned, and no step may be under way in the other when they run.
func (s *State) Adopt(address string, other *State) {
	other.above = s
	s.children = append(s.children, child{address, other})
	s.inOrder = false
}

// Effect names what one execution of a step did.
type Effect struct {
	// Address is the step's as it stands in the events of the whole run.
	Address string
	// Seq is the number of the step_finished event that told it.
	Seq int64
}

// String names the effect apart from what other executions of its step did: "scale@17".
func (e Effect) String() string { return e.Address + "@" + strconv.FormatInt(e.Seq, 10) }

// ParseEffect reads what [Effect.String] gives; false: it is none, such as the address of a step.
func ParseEffect(name string) (Effect, bool) {
	at := strings.LastIndexByte(name, '@')
	if at <= 0 {
		return Effect{}, false
	}
	seq, err := strconv.ParseInt(name[at+1:], 10, 64)
	return Effect{name[:at], seq}, err == nil && seq > 0
}

// NameEffects names some of all effects: by the step where these are all that it did, otherwise each by itself.
func NameEffects(some, all []Effect) []string {
	among, partly := map[Effect]bool{}, map[string]bool{}
	for _, e := range some {
		among[e] = true
	}
	for _, e := range all {
		partly[e.Address] = partly[e.Address] || !among[e]
	}
	var out []string
	seen := map[string]bool{}
	for _, e := range some {
		name := e.Address
		if partly[name] {
			name = e.String()
		}
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out
}

// Addresses are the steps that effects are of, each once.
func Addresses(effects []Effect) []string {
	var out []string
	seen := map[string]bool{}
	for _, e := range effects {
		if !seen[e.Address] {
			seen[e.Address] = true
			out = append(out, e.Address)
		}
	}
	return out
}

// placed is an effect in the order of a state around it.
type placed struct {
	*effect
	of *State
	// prefix is what its address begins with, seen from the state whose order it is.
	prefix string
	// place is the number of the event with which it ended, seen from there: that of the step that runs its runbook.
	place int64
}

func (p *placed) whole() string { return p.prefix + p.address }

// effectsInOrder lists what the steps did, and those of the runbooks that they run: what was carried out first first, by the ends. What a
// runbook did ended when the step that ran it did, and just before what that step has an undo of its own for.
func (s *State) effectsInOrder() []placed {
	var out []placed
	for _, c := range s.children {
		out = append(out, c.effects(s.ends[c.address])...)
	}
	for _, e := range s.effects {
		out = append(out, placed{effect: e, of: s, place: e.at})
	}
	slices.SortStableFunc(out, func(a, b placed) int { return cmp.Compare(a.place, b.place) })
	return out
}

// effects places what a runbook did among the ends of the step that ran it. Where that has not ended since, it counts as
// ended with the last of them.
func (c child) effects(ends []int64) []placed {
	list := c.state.effectsInOrder()
	for i := range list {
		p := &list[i]
		p.prefix = c.address + "/" + p.prefix
		at, _ := slices.BinarySearch(ends, p.place)
		if at < len(ends) {
			p.place = ends[at]
		} else {
			p.place = list[len(list)-1].place
		}
	}
	return list
}

// tookEffect notes what an execution did that ended with a result, or of which somebody knows that its write took place.
func (s *State) tookEffect(r ref, e *Event) {
	in, spec := s.at(r), &s.plan.Steps[r.step]
	address := s.address(r)
	did := in.tookPart(e, address)
	place := in.sent.place(e, spec)
	in.unchanged = e.ChangedNothing && (in.sent == nil || !in.sent.again)
	if in.sent != nil {
		in.sent.inDoubt, in.sent.Ended = e.InDoubt, cmp.Or(e.Error, e.Summary)
		in.sent.declared = in.sent.declared && e.InDoubt
		in.sent.attempted(e.InDoubt)
		if !e.InDoubt && (e.Result != nil || e.Outcome == Pass || e.Outcome == Warn) {
			in.sent.earlier, in.sent.again = nil, false
		}
	}
	if spec.Child {
		if s.ends == nil {
			s.ends = map[string][]int64{}
		}
		s.ends[address] = append(s.ends[address], e.Seq)
	}
	resolved := in.sent != nil && in.sent.resolution != nil && in.sent.resolution.Decision == DecisionDone
	if in.unchanged {
		in.effect = s.standsOn(address)
		return
	}
	if did != nil && resolved && did.undo != undoDone {
		if did.well = true; e.Result == nil {
			return // what the run itself did of it is what its undo takes back
		}
		s.effects = slices.DeleteFunc(s.effects, func(x *effect) bool { return x == did }) // the result tells of all of it
	}
	if spec.Undo == UndoNever && !s.otherPlan || e.InDoubt || e.Result == nil && !resolved {
		return
	}
	in.effect = &effect{seq: e.Seq, at: place, step: r.step, address: address, undo: undoPending, well: e.Outcome == Pass || e.Outcome == Warn}
	if spec.Undo != UndoNever { // otherwise it can't be undone any more, but may have been
		s.effects = append(s.effects, in.effect)
	}
}

// tookPart notes that a write erred after a part of it took place. It gives what such a one did before that counts as done by now; nil:
// it was none.
func (in *instance) tookPart(e *Event, address string) *effect {
	var did *effect
	if in.partly != nil {
		did = in.effect
	}
	in.partly = nil
	if e.Partial && e.Outcome == Error && in.sent != nil {
		d := in.sent.doubt(address)
		d.Partly = e.Error
		in.partly = &d
	}
	return did
}

// standsOn is what an earlier execution of a step did that is still there: one that changed nothing found it as it is to be. Undoing that
// is due as if it had been done just now. Nil: there is none.
func (s *State) standsOn(address string) *effect {
	for _, x := range slices.Backward(s.effects) {
		if x.address == address && x.undo != undoDone {
			if x.undo == undoFailed && x.refused {
				x.undo, x.stands = undoPending, false
			}
			return x
		}
	}
	return nil
}

// effectOf finds the effect that an event of an undo is about; nil: there is none.
func (s *State) effectOf(e *Event, phases ...undoPhase) *effect {
	if e.Undoes != 0 {
		at, ok := slices.BinarySearchFunc(s.effects, e.Undoes, func(x *effect, seq int64) int { return cmp.Compare(x.seq, seq) })
		if !ok {
			return nil
		}
		return s.effects[at]
	}
	for i := len(s.effects) - 1; i >= 0; i-- {
		if x := s.effects[i]; x.address == e.Step && slices.Contains(phases, x.undo) {
			return x
		}
	}
	return nil
}

// current reports whether an effect is what the last execution of its step did.
func (s *State) current(e *effect) bool {
	r, err := s.resolve(e.address)
	return err == nil && s.at(r).effect == e
}

// lastOfGone reports whether an effect is what an instance did last that its step does not have any more.
func (s *State) lastOfGone(e *effect) bool {
	if !s.Aside(e.address) {
		return false
	}
	for _, x := range slices.Backward(s.effects) {
		if x.address == e.address {
			return x == e
		}
	}
	return false
}
