package run

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// house is a runbook of a run, with those that its steps run.
type house struct {
	plan   *Plan
	state  *State
	prefix string
	parent *house
	// address is that of the step in the parent that runs it.
	address string
	below   map[string]*house
	// kids are the plans of the runbooks that steps run, by the step's name.
	kids map[string]*blueprint
	// active says that its loop goes on; live are the attempts and undo the undo under way.
	active bool
	live   []string
	undo   *Event
}

// blueprint is a plan with those of the runbooks that its steps run.
type blueprint struct {
	plan *Plan
	kids map[string]*blueprint
}

func randomBlueprint(t *rapid.T, depth int) *blueprint {
	b := &blueprint{plan: &Plan{MaxParallel: 3, StopOnFailure: rapid.Bool().Draw(t, "stop")}, kids: map[string]*blueprint{}}
	for i := range rapid.IntRange(1, 5).Draw(t, "steps") {
		spec := StepSpec{
			Name: fmt.Sprintf("s%d", i), RunIf: "success", Group: -1, Write: true, Serial: true,
			Undo: rapid.SampledFrom([]UndoKind{UndoNever, UndoOnFailure, UndoOnFailure, UndoOnEnd}).Draw(t, "undo"),
		}
		for d := range i {
			if rapid.IntRange(0, 2).Draw(t, "edge") == 0 {
				spec.Deps = append(spec.Deps, Dep{Step: d, Full: true})
			}
		}
		if depth > 0 && rapid.IntRange(0, 2).Draw(t, "runs another") == 0 {
			spec.Child = true
			b.kids[spec.Name] = randomBlueprint(t, depth-1)
		}
		b.plan.Steps = append(b.plan.Steps, spec)
	}
	return b
}

func newHouse(b *blueprint, parent *house, address string) *house {
	h := &house{plan: b.plan, state: NewState(b.plan), kids: b.kids, below: map[string]*house{}, parent: parent, address: address}
	if parent != nil {
		h.prefix = parent.prefix + address + "/"
		parent.below[address] = h
		parent.state.Adopt(address, h.state)
	}
	return h
}

func (h *house) walk(visit func(*house)) {
	visit(h)
	for i := range h.plan.Steps {
		for _, key := range []string{"", "0", "1"} {
			if b := h.below[Address(h.plan.Steps[i].Name, key, key != "")]; b != nil {
				b.walk(visit)
			}
		}
	}
}

// nest drives a run of several runbooks over several sessions, and looks at it from outside.
type nest struct {
	t      *rapid.T
	plans  *blueprint
	root   *house
	events []Event
	seen   *overseer
	now    time.Time
	over   bool
}

func (n *nest) find(address string) (*house, string) {
	h := n.root
	for {
		head, rest := SplitAddress(address)
		if rest == "" {
			return h, address
		}
		next := h.below[head]
		if next == nil {
			next = newHouse(h.kids[StepName(head)], h, head)
			n.apply(next, Event{Type: RunStarted})
		}
		h, address = next, rest
	}
}

func (n *nest) apply(h *house, e Event) {
	if err := h.state.Apply(&e); err != nil {
		n.t.Fatalf("%s %s%s: %v", e.Type, h.prefix, e.Step, err)
	}
}

// tell adds an event of a house to the history.
func (n *nest) tell(h *house, e Event) {
	n.now = n.now.Add(time.Millisecond)
	e.Seq, e.Time = int64(len(n.events)+1), n.now
	n.apply(h, e)
	e.Step = h.prefix + e.Step
	n.events = append(n.events, e)
	n.seen.see(n.t, n.root, &e)
}

// turn has a house go on by one event, and reports whether it could.
func (n *nest) turn(h *house) bool {
	if commands := h.state.Next(n.now); len(commands) > 0 {
		n.do(h, commands[0])
		return true
	}
	switch {
	case h.undo != nil:
		e := *h.undo
		h.undo = nil
		of, _ := n.find(e.Step)
		e.Step = e.Step[len(of.prefix):]
		e.Type, e.Outcome = UndoFinished, rapid.SampledFrom([]Outcome{Pass, Pass, Pass, Error}).Draw(n.t, "undone")
		n.tell(of, e)
	case len(h.live) > 0:
		address := take(&h.live, n.t, "ends")
		e := Event{Type: StepFinished, Step: address, Outcome: rapid.SampledFrom([]Outcome{Pass, Pass, Pass, Fail, Error}).Draw(n.t, "outcome")}
		if e.Outcome != Error {
			e.Result = json.RawMessage("{}")
		}
		e.InDoubt = e.Outcome == Error && rapid.Bool().Draw(n.t, "in doubt")
		n.tell(h, e)
	default:
		return false
	}
	return true
}

func (n *nest) do(h *house, c Command) {
	switch c.Kind {
	case Prepare:
		if c.Key < 0 && rapid.IntRange(0, 3).Draw(n.t, "for_each") == 0 {
			n.tell(h, Event{Type: StepExpanded, Step: c.Address, Keys: &[]string{"0", "1"}})
			return
		}
		n.tell(h, Event{Type: StepReady, Step: c.Address})
	case Start:
		n.tell(h, Event{Type: StepStarted, Step: c.Address, Attempt: c.Attempt, Key: cmp.Or(c.Sent, fmt.Sprint(len(n.events)))})
		if !h.plan.Steps[c.Step].Child {
			h.live = append(h.live, c.Address)
			return
		}
		inner, _ := n.find(h.prefix + c.Address + "/x")
		inner.active = true
	case Settle:
		n.tell(h, Event{Type: StepFinished, Step: c.Address, Outcome: c.Outcome})
	case Stop:
		n.tell(h, Event{Type: RunStopping, Reason: c.Reason})
	case Undo:
		of, own := n.find(h.prefix + c.Address)
		n.tell(of, Event{Type: UndoStarted, Step: own, Undoes: c.Undoes})
		h.undo = &Event{Step: h.prefix + c.Address, Undoes: c.Undoes}
	case Finish:
		n.finish(h, c.Outcome)
	default:
		n.t.Fatalf("command %d", c.Kind)
	}
}

func (n *nest) finish(h *house, outcome Outcome) {
	h.active = false
	if h.parent == nil {
		n.tell(h, Event{Type: RunFinished, Outcome: outcome})
		n.over = true
		return
	}
	n.apply(h, Event{Type: RunFinished})
	e := Event{Type: StepFinished, Step: h.address, Outcome: outcome}
	if outcome != Cancelled {
		e.Result = json.RawMessage("{}")
	}
	n.tell(h.parent, e)
}

// session goes on until the run is over or has so many events (negative: without end).
func (n *nest) session(events int) {
	n.root.active = true
	for range 5000 {
		if n.over || events >= 0 && len(n.events) >= events {
			return
		}
		var active []*house
		n.root.walk(func(h *house) {
			if h.active {
				active = append(active, h)
			}
		})
		from := rapid.IntRange(0, len(active)-1).Draw(n.t, "whose turn")
		if !slices.ContainsFunc(append(active[from:len(active):len(active)], active[:from]...), n.turn) {
			n.t.Fatalf("nothing goes on:\n%s", n.told())
		}
		if rapid.IntRange(0, 60).Draw(n.t, "stop") == 0 && !n.over {
			why := rapid.SampledFrom([]string{StopInterrupt, StopTimeout}).Draw(n.t, "why")
			n.root.walk(func(h *house) {
				if h.active {
					n.tell(h, Event{Type: RunStopping, Reason: why})
				}
			})
		}
	}
	n.t.Fatalf("the run does not end:\n%s", n.told())
}

func (n *nest) told() string {
	text := ""
	for _, e := range n.events {
		text += fmt.Sprintf("%d %s %s %s %d %v\n", e.Seq, e.Type, e.Step, e.Outcome, e.Undoes, e.Reset)
	}
	return text
}

// crash leaves only the first events, and what they tell.
func (n *nest) crash(events int) {
	kept := n.events[:events]
	n.root, n.events, n.over, n.seen = newHouse(n.plans, nil, ""), nil, false, newOverseer()
	for _, e := range kept {
		switch e.Type {
		case RunResumed:
			n.resumeAll(e)
		case RunStarted, RunFinished:
			n.apply(n.root, e)
			n.over = e.Type == RunFinished
		case RunStopping:
			h, _ := n.find(e.Step + "x")
			e.Step = ""
			n.apply(h, e)
			e.Step = h.prefix
		default:
			h, own := n.find(e.Step)
			whole := e.Step
			e.Step = own
			n.apply(h, e)
			e.Step = whole
		}
		n.events = append(n.events, e)
		n.seen.see(n.t, n.root, &e)
	}
}

func (n *nest) resumeAll(e Event) {
	n.root.walk(func(h *house) {
		own := e
		own.Reset = []string{}
		for _, a := range e.Reset {
			of, address := n.find(a)
			if _, _, known := of.state.Find(address); of == h && known { // an instance may have gone with its step
				own.Reset = append(own.Reset, address)
			}
		}
		n.apply(h, own)
		h.active, h.live, h.undo = false, nil, nil
	})
}

// resume begins another session, with random decisions about what is in doubt.
func (n *nest) resume() {
	type doubt struct {
		of *house
		Doubt
		done bool
	}
	var doubts []doubt
	var undone []int64
	reset := map[string]bool{}
	n.root.walk(func(h *house) {
		for _, d := range h.state.InDoubt() {
			one := doubt{h, d, rapid.Bool().Draw(n.t, "took place")}
			if doubts = append(doubts, one); one.done && d.Undo {
				undone = append(undone, d.Undoes)
			}
		}
	})
	for _, a := range n.root.state.Again(undone...).Steps {
		reset[a] = true
	}
	for _, d := range doubts {
		if whole := d.of.prefix + d.Address; !d.Undo && d.done {
			delete(reset, whole)
		} else if !d.Undo {
			reset[whole] = true
		}
	}
	e := Event{Type: RunResumed, Reset: []string{}}
	for a := range reset {
		e.Reset = append(e.Reset, a)
	}
	slices.Sort(e.Reset)
	e.Seq = int64(len(n.events) + 1)
	n.resumeAll(e)
	n.events, n.over = append(n.events, e), false
	n.seen.see(n.t, n.root, &e)
	for _, d := range doubts {
		switch {
		case d.Undo && d.done:
			n.tell(d.of, Event{Type: UndoFinished, Step: d.Address, Undoes: d.Undoes, Outcome: Pass})
		case d.Undo:
			n.tell(d.of, Event{Type: StepResolved, Step: d.Address, Undoes: d.Undoes, Resolution: &Resolution{Decision: DecisionRedo}})
		case d.done:
			n.tell(d.of, Event{Type: StepResolved, Step: d.Address, Resolution: &Resolution{Decision: DecisionDone}})
			n.tell(d.of, Event{Type: StepFinished, Step: d.Address, Outcome: Warn})
		default:
			n.tell(d.of, Event{Type: StepResolved, Step: d.Address, Resolution: &Resolution{Decision: DecisionRedo, How: randomWord(n.t)}})
		}
	}
}

// TestNestedUndos: over several runbooks and crashes, what is due is undone, once, and last first.
func TestNestedUndos(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := &nest{t: t, plans: randomBlueprint(t, 2), seen: newOverseer(), now: time.Unix(1e9, 0)}
		n.root = newHouse(n.plans, nil, "")
		n.tell(n.root, Event{Type: RunStarted})
		for range rapid.IntRange(0, 3).Draw(t, "crashes") {
			n.session(len(n.events) + rapid.IntRange(1, 60).Draw(t, "length"))
			n.crash(rapid.IntRange(1, len(n.events)).Draw(t, "crash after"))
			n.resume()
		}
		n.session(-1)
	})
}
