package run

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// BenchmarkUndo undoes what 10,000 steps did, but for a quarter of them: each undo must cost no more than one of few would.
func BenchmarkUndo(b *testing.B) {
	const steps = 10_000
	p := &Plan{MaxParallel: 1}
	for i := range steps {
		kind := UndoOnEnd
		if i%4 == 0 {
			kind = UndoOnFailure
		}
		p.Steps = append(p.Steps, StepSpec{Name: fmt.Sprint("s", i), RunIf: "success", Group: -1, Write: true, Undo: kind})
	}
	for b.Loop() {
		s, seq, now := NewState(p), int64(0), time.Unix(1e9, 0)
		tell := func(e Event) {
			seq++
			e.Seq = seq
			if err := s.Apply(&e); err != nil {
				b.Fatal(err)
			}
		}
		tell(Event{Type: RunStarted})
		for _, spec := range p.Steps {
			tell(Event{Type: StepReady, Step: spec.Name})
			tell(Event{Type: StepStarted, Step: spec.Name})
			tell(Event{Type: StepFinished, Step: spec.Name, Outcome: Pass, Result: json.RawMessage("{}")})
		}
		for c := s.Next(now)[0]; c.Kind == Undo; c = s.Next(now)[0] {
			tell(Event{Type: UndoStarted, Step: c.Address, Undoes: c.Undoes})
			tell(Event{Type: UndoFinished, Step: c.Address, Undoes: c.Undoes, Outcome: Pass})
		}
	}
}
