package run

import (
	"slices"
	"time"

	"pgregory.net/rapid"
)

// witness looks at a run from outside and knows nothing of the scheduler: it holds the events against what is promised.
type witness struct {
	plan  *Plan
	steps map[string]*seenStep
	// effects are the addresses whose effect may be undone, in the order in which they ended.
	effects  []string
	stopping string
	undoing  bool
}

type seenStep struct {
	spec    *StepSpec
	running bool
	// open is true from the start of a write until a decision about it, or a retry.
	open    bool
	outcome Outcome
	// undoing is true while the undo is under way, or in doubt.
	undoing, undone bool
	undos           int
	since           time.Time
	level           int
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
		w.undoing = w.undoing || e.Reason == StopFailure || e.Reason == StopTimeout && w.plan.StopOnFailure
	case RunResumed:
		w.resumed(t, e.Reset)
	case StepStarted:
		w.started(t, e)
	case StepRetrying:
		s := w.at(e.Step)
		s.running, s.open = false, false
	case StepWaiting:
		s := w.at(e.Step)
		s.running, s.open = false, false
		if e.Question != nil && s.since.IsZero() {
			s.since = e.Time
		}
	case StepEscalated:
		w.escalated(t, e)
	case StepFinished:
		w.finished(t, e)
	case UndoStarted:
		w.undoStarted(t, e.Step)
	case UndoFinished:
		w.undoFinished(e)
	}
}

func (w *witness) resumed(t *rapid.T, reset []string) {
	w.stopping, w.undoing = "", false
	for address, s := range w.steps {
		named := slices.Contains(reset, address) || slices.Contains(reset, StepName(address))
		passed := s.outcome == Pass || s.outcome == Warn
		if passed && !s.undone && !s.undoing && slices.Contains(reset, address) {
			t.Fatalf("%s passed, and is to run again", address)
		}
		s.running = false
		if named {
			answered := s.since
			*s = seenStep{spec: s.spec, since: answered, level: s.level}
			if !slices.Contains(reset, address) {
				delete(w.steps, address)
			}
			w.effects = slices.DeleteFunc(w.effects, func(a string) bool { return a == address })
		}
	}
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
	if !s.spec.Serial {
		return
	}
	for address, other := range w.steps {
		if address != e.Step && other.running && other.spec == s.spec {
			t.Fatalf("%s starts beside %s", e.Step, address)
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
	if s.outcome != "" && !e.InDoubt && s.outcome != Error {
		t.Fatalf("%s had ended with %s, and ends again with %s", e.Step, s.outcome, e.Outcome)
	}
	s.running, s.outcome, s.open = false, e.Outcome, e.InDoubt
	if e.Result != nil && s.spec.Undo != UndoNever {
		w.effects = append(w.effects, e.Step)
	}
	if e.Outcome != Cancelled {
		s.since, s.level = time.Time{}, 0
	}
}

func (w *witness) undoStarted(t *rapid.T, address string) {
	s := w.at(address)
	at := slices.Index(w.effects, address)
	if at < 0 {
		t.Fatalf("%s is undone, and did nothing", address)
	}
	s.undoing = true
	if s.undos++; s.undos > 1 {
		t.Fatalf("%s is undone twice", address)
	}
	for _, later := range w.effects[at+1:] {
		if other := w.at(later); other.undos == 0 && (w.undoing || other.spec.Undo == UndoOnEnd) {
			t.Fatalf("%s is undone before %s, which ended later", address, later)
		}
	}
	if s.spec.Undo == UndoOnFailure && !w.undoing {
		t.Fatalf("%s is undone without a failure", address)
	}
}

func (w *witness) undoFinished(e *Event) {
	s := w.at(e.Step)
	s.undoing, s.undone = false, s.outcome != "" && e.Outcome == Pass
	if e.Reason == DecisionRedo {
		s.undos = 0
	}
}
