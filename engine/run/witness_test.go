package run

import (
	"cmp"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// witness looks at a run from outside and knows nothing of the scheduler: it holds the events against what is promised.
type witness struct {
	plan  *Plan
	steps map[string]*seenStep
	// effects are what executions did that may be undone, in the order in which they were carried out.
	effects  []*seenEffect
	stopping string
	// undoing says that the run stops after a failure, failed that a step failed for which it is to stop, timedOut that its time was
	// over, which counts once a step feels it.
	undoing, failed, timedOut bool
}

type seenStep struct {
	spec    *StepSpec
	running bool
	// open is true from the start of a write until a decision about it, or a retry.
	open    bool
	outcome Outcome
	// again is true from the resume that has it run again until it has ended.
	again bool
	// anew is true of a step with instances until it is expanded once more, with others.
	anew bool
	// last is what its last execution did.
	last *seenEffect
	// key is that of its last write, doubtful the first end of it after which it may have taken place; 0: there is none.
	key      string
	doubtful int64

	since time.Time
	level int
}

// seenEffect is what one execution did, and at the event with which that was carried out. undo is empty while it is to be undone, "under way", or
// how the undo ended.
type seenEffect struct {
	seq, at int64
	address string
	undo    string
}

func newWitness(p *Plan) *witness { return &witness{plan: p, steps: map[string]*seenStep{}} }

func (w *witness) at(address string) *seenStep {
	s := w.steps[address]
	if s == nil {
		s = &seenStep{}
		for i := range w.plan.Steps {
			if w.plan.Steps[i].Name == StepName(address) {
				s.spec = &w.plan.Steps[i]
			}
		}
		w.steps[address] = s
	}
	return s
}

func (w *witness) see(t *rapid.T, e *Event) {
	switch e.Type {
	case RunStopping:
		w.stopping = e.Reason
		w.undoing = w.undoing || w.failed || e.Reason == StopFailure
		w.timedOut = w.timedOut || e.Reason == StopTimeout && w.plan.StopOnFailure
	case RunResumed:
		w.resumed(t, e.Reset)
		w.others(e.Instances)
	case StepExpanded:
		if s := w.at(e.Step); s.again {
			s.again, s.anew = false, false
			for _, key := range *e.Keys {
				s := w.at(Address(e.Step, key, true))
				s.again = s.outcome == ""
			}
		}
	case StepStarted:
		w.started(t, e)
	case StepRetrying:
		s := w.at(e.Step)
		s.running, s.open = false, false
	case StepWaiting:
		s := w.at(e.Step)
		s.running, s.open = false, false
		if e.Question != nil {
			s.since, s.level = e.Time, 0
		}
	case StepEscalated:
		w.escalated(t, e)
	case StepFinished:
		w.finished(t, e)
	case UndoStarted:
		w.undoStarted(t, e)
	case UndoFinished:
		w.undoFinished(t, e)
	case StepResolved:
		if e.Undoes == 0 && e.Resolution.Decision == DecisionRedo && e.Resolution.How != HowDeclared {
			w.at(e.Step).doubtful = 0 // it did not take place
		}
		if at := slices.IndexFunc(w.effects, func(x *seenEffect) bool { return x.seq == e.Undoes }); at >= 0 && e.Resolution.Decision == DecisionRedo {
			w.effects[at].undo = ""
		}
	case RunFinished:
		for _, x := range w.effects {
			if x.undo == "" && w.due(x) && !w.held(x) {
				t.Fatalf("the run ends, and what %s did in %d is not undone", x.address, x.seq)
			}
		}
	}
}

func (w *witness) resumed(t *rapid.T, reset []string) {
	w.stopping, w.undoing, w.failed, w.timedOut = "", false, false, false
	for address, s := range w.steps {
		w.again(t, address, s, reset)
	}
	for address, s := range w.steps {
		named := slices.Contains(reset, address) || slices.Contains(reset, StepName(address))
		s.running = false
		if named {
			*s = seenStep{spec: s.spec, since: s.since, level: s.level, key: s.key, doubtful: s.doubtful}
			if !slices.Contains(reset, address) {
				delete(w.steps, address)
			}
		}
	}
	for _, address := range reset {
		w.at(address).again = true
	}
}

// others takes in that steps have other instances from now on, and are expanded anew.
func (w *witness) others(instances []Instances) {
	for _, x := range instances {
		name, keys := x.Step, x.Keys
		for address, s := range w.steps {
			if StepName(address) == name && address != name && !slices.ContainsFunc(keys, func(key string) bool { return Address(name, key, true) == address }) {
				s.again = false // what it did stays, should it come back
			}
		}
		w.at(name).anew = true
	}
	for _, s := range w.steps {
		if s.anew {
			s.outcome, s.again = "", true
		}
	}
}

// again checks that what passed runs again where it must, and only where it may.
func (w *witness) again(t *rapid.T, address string, s *seenStep, reset []string) {
	if s.outcome != Pass && s.outcome != Warn {
		return
	}
	named := slices.Contains(reset, address) || slices.Contains(reset, StepName(address))
	may, must := w.repeats(s.spec, reset)
	if (s.last == nil || s.last.undo == "") && named && !may {
		t.Fatalf("%s passed, and is to run again", address)
	}
	if !named && must {
		t.Fatalf("%s passed, and depends on what runs again, and does not", address)
	}
}

// repeats reports whether a step that passed may run again with what is reset, and whether it must: it depends on a step that was
// undone, or changes nothing and depends on one that runs again.
func (w *witness) repeats(spec *StepSpec, reset []string) (may, must bool) {
	for _, d := range spec.Deps {
		dep := &w.plan.Steps[d.Step]
		if d.Order {
			continue
		}
		for address, s := range w.steps {
			if s.spec != dep {
				continue
			}
			named := slices.Contains(reset, address) || slices.Contains(reset, dep.Name)
			undone := s.last != nil && s.last.undo != ""
			may = may || undone || !spec.Write && (named || s.open) // one in doubt may count as done now
			must = must || undone && s.last.undo == "pass" && named || !spec.Write && named && s.outcome != Cancelled
		}
		further, _ := w.repeats(dep, reset)
		may = may || further
	}
	return may, must && (spec.RunIf != "failure" || !spec.Write)
}

func (w *witness) started(t *rapid.T, e *Event) {
	s := w.at(e.Step)
	if s.outcome != "" {
		t.Fatalf("%s had ended with %s, and starts again", e.Step, s.outcome)
	}
	if s.running || s.open {
		t.Fatalf("%s starts a second time, and nobody decided about the first", e.Step)
	}
	s.running, s.open = true, s.spec.Write
	if s.key != e.Key {
		s.key, s.doubtful = e.Key, 0
	}
	w.afterAll(t, e.Step, s.spec, map[string]bool{})
	if !s.spec.Serial {
		return
	}
	for address, other := range w.steps {
		if address != e.Step && other.running && other.spec == s.spec {
			t.Fatalf("%s starts beside %s", e.Step, address)
		}
	}
}

// afterAll checks that nothing runs any more that a step waits for, through others too, unless it refers to those and
// they were cancelled.
func (w *witness) afterAll(t *rapid.T, starts string, spec *StepSpec, seen map[string]bool) {
	for _, d := range spec.Deps {
		dep := &w.plan.Steps[d.Step]
		if seen[dep.Name] {
			continue
		}
		seen[dep.Name] = true
		cancelled := false
		for address, other := range w.steps {
			if other.spec == dep && (other.running || other.again) {
				t.Fatalf("%s starts, and %s, for which it waits, has not ended", starts, address)
			}
			cancelled = cancelled || other.spec == dep && other.outcome == Cancelled
		}
		if !cancelled || d.Order {
			w.afterAll(t, starts, dep, seen)
		}
	}
}

func (w *witness) escalated(t *rapid.T, e *Event) {
	s := w.at(e.Step)
	s.level++
	due := s.since.Add(time.Duration(e.Level.AfterMS) * time.Millisecond)
	if e.Level.Number != s.level || e.Time.Before(due) {
		t.Fatalf("%s: level %d is told at %s, and is the %dth, due at %s", e.Step, e.Level.Number, e.Time, s.level, due)
	}
}

func (w *witness) finished(t *rapid.T, e *Event) {
	s := w.at(e.Step)
	if s.outcome != "" && !s.open && !e.InDoubt && s.outcome != Error {
		t.Fatalf("%s had ended with %s, and ends again with %s", e.Step, s.outcome, e.Outcome)
	}
	s.running, s.outcome, s.open, s.again = false, e.Outcome, e.InDoubt, false
	if s.anew {
		w.restEnds(e.Step)
	}
	bad := e.Outcome == Fail || e.Outcome == Error
	w.failed = w.failed || bad && w.plan.StopOnFailure && w.stopping == ""
	w.undoing = w.undoing || bad && w.plan.StopOnFailure && w.stopping != "" || e.Outcome == Cancelled && w.timedOut
	if e.InDoubt && s.doubtful == 0 {
		s.doubtful = e.Seq
	}
	if e.Result != nil && s.spec.Undo != UndoNever {
		s.last = &seenEffect{seq: e.Seq, at: cmp.Or(s.doubtful, e.Seq), address: e.Step}
		w.effects = append(w.effects, s.last)
		slices.SortStableFunc(w.effects, func(a, b *seenEffect) int { return cmp.Compare(a.at, b.at) })
	}
	if e.Outcome != Cancelled {
		s.since, s.level = time.Time{}, 0
	}
}

// restEnds takes in that a step ended before it was expanded anew, and those of its instances with it that had not ended.
func (w *witness) restEnds(step string) {
	for address, s := range w.steps {
		if StepName(address) == step {
			s.again = false
		}
	}
}

// due reports whether an effect is to be undone at the end of this session.
func (w *witness) due(x *seenEffect) bool {
	spec := w.at(x.address).spec
	return spec.Undo == UndoOnEnd || spec.Undo == UndoOnFailure && w.undoing
}

// held reports whether what the step did later is still there, or may be.
func (w *witness) held(x *seenEffect) bool {
	return w.at(x.address).open || slices.ContainsFunc(w.effects, func(later *seenEffect) bool {
		return later.address == x.address && later.seq > x.seq && later.undo != "pass"
	})
}

func (w *witness) undoStarted(t *rapid.T, e *Event) {
	at := slices.IndexFunc(w.effects, func(x *seenEffect) bool { return x.seq == e.Undoes })
	if at < 0 || w.effects[at].address != e.Step {
		t.Fatalf("%d of %s is undone, and did nothing", e.Undoes, e.Step)
	}
	x := w.effects[at]
	if x.undo != "" || !w.due(x) || w.held(x) {
		t.Fatalf("%s is undone, and was (%q), is not due (%v) or must wait (%v)", e.Step, x.undo, !w.due(x), w.held(x))
	}
	x.undo = "under way"
	for _, later := range w.effects[at+1:] {
		if later.undo == "" && w.due(later) && !w.held(later) {
			t.Fatalf("%s is undone before %s, which was carried out later", e.Step, later.address)
		}
	}
}

func (w *witness) undoFinished(t *rapid.T, e *Event) {
	for _, x := range w.effects {
		if x.seq != e.Undoes {
			continue
		}
		if x.undo != "under way" {
			t.Fatalf("the undo of %s ends, and is not under way (%q)", e.Step, x.undo)
		}
		x.undo = string(e.Outcome)
	}
}
