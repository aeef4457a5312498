package run

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestInstancesWaitForWhatRunsAgain: the instances of a step that are left wait for a dependency that was reset, and end
// without running where it fails this time.
func TestInstancesWaitForWhatRunsAgain(t *testing.T) {
	plan := &Plan{MaxParallel: 3, Steps: []StepSpec{
		{Name: "a", RunIf: "success", Group: -1},
		{Name: "b", RunIf: "success", Group: -1, Deps: []Dep{{Step: 0, Full: true}}},
	}}
	for outcome, want := range map[Outcome]Command{
		Pass: {Kind: Prepare, Step: 1, Key: 1, Address: `b["y"]`},
		Fail: {Kind: Settle, Step: 1, Key: 1, Address: `b["y"]`, Outcome: Blocked, Reason: "a did not pass"},
	} {
		s := NewState(plan)
		keys := []string{"x", "y"}
		for _, e := range []Event{
			{Type: RunStarted},
			{Type: StepReady, Step: "a"}, {Type: StepStarted, Step: "a"}, {Type: StepFinished, Step: "a", Outcome: Pass},
			{Type: StepExpanded, Step: "b", Keys: &keys},
			{Type: StepReady, Step: `b["x"]`}, {Type: StepStarted, Step: `b["x"]`}, {Type: StepFinished, Step: `b["x"]`, Outcome: Pass},
			{Type: StepReady, Step: `b["y"]`}, {Type: StepStarted, Step: `b["y"]`}, {Type: StepFinished, Step: `b["y"]`, Outcome: Fail},
			{Type: RunFinished, Outcome: Fail},
			{Type: RunResumed, Reset: []string{"a", `b["y"]`}},
		} {
			if err := s.Apply(&e); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]Command{{Kind: Prepare, Key: -1, Address: "a"}}, s.Next(time.Unix(1e9, 0))); diff != "" {
			t.Error(diff)
		}
		for _, e := range []Event{{Type: StepReady, Step: "a"}, {Type: StepStarted, Step: "a"}, {Type: StepFinished, Step: "a", Outcome: outcome}} {
			if err := s.Apply(&e); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]Command{want}, s.Next(time.Unix(1e9, 0))); diff != "" {
			t.Errorf("a ended as %s: %s", outcome, diff)
		}
	}
}

// TestWaitsThroughWhatPassed: a step that runs again waits for another that does, though all that stands between them passed, and so
// does a question that is open.
func TestWaitsThroughWhatPassed(t *testing.T) {
	plan := &Plan{MaxParallel: 3, Steps: []StepSpec{
		{Name: "a", RunIf: "success", Group: -1, Undo: UndoOnFailure},
		{Name: "b", RunIf: "success", Group: -1, Deps: []Dep{{Step: 0, Order: true}}},
		{Name: "c", RunIf: "success", Group: -1, Deps: []Dep{{Step: 1, Order: true}}},
		{Name: "d", RunIf: "success", Group: -1, Asks: true, Deps: []Dep{{Step: 1, Order: true}}},
	}}
	s := NewState(plan)
	begin := time.Unix(1e9, 0)
	for _, e := range []Event{
		{Type: RunStarted},
		{Type: StepReady, Step: "a"}, {Type: StepStarted, Step: "a"}, {Type: StepFinished, Step: "a", Outcome: Pass, Seq: 4, Result: []byte("{}")},
		{Type: StepReady, Step: "b"}, {Type: StepStarted, Step: "b"}, {Type: StepFinished, Step: "b", Outcome: Pass},
		{Type: StepReady, Step: "c"}, {Type: StepStarted, Step: "c"}, {Type: StepFinished, Step: "c", Outcome: Fail},
		{Type: StepReady, Step: "d"}, {Type: StepWaiting, Step: "d", For: ForApproval, Question: &Question{Kind: AskApproval}, Time: begin},
		{Type: RunPaused},
		{Type: RunResumed, Undo: []string{"a"}},
		{Type: UndoStarted, Step: "a", Undoes: 4}, {Type: UndoFinished, Step: "a", Undoes: 4, Outcome: Pass},
		{Type: RunFinished, Outcome: Cancelled},
		{Type: RunResumed, Reset: []string{"a", "c"}},
	} {
		if err := s.Apply(&e); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]Command{{Kind: Prepare, Key: -1, Address: "a"}}, s.Next(begin)); diff != "" {
		t.Error(diff)
	}
	if waits := s.Waits(); len(waits) > 0 {
		t.Errorf("somebody is asked too early: %+v", waits)
	}
	for _, e := range []Event{{Type: StepReady, Step: "a"}, {Type: StepStarted, Step: "a"}, {Type: StepFinished, Step: "a", Outcome: Pass}} {
		if err := s.Apply(&e); err != nil {
			t.Fatal(err)
		}
	}
	want := []Command{{Kind: Prepare, Step: 2, Key: -1, Address: "c"}, {Kind: Prepare, Step: 3, Key: -1, Address: "d"}}
	if diff := cmp.Diff(want, s.Next(begin)); diff != "" {
		t.Error(diff)
	}
}

// TestTurnsBehindWhatWasCancelled: a handler of failures that writes waits for the write under way whose turn comes before its own,
// though the write between them was cancelled, and also where it refers to that.
func TestTurnsBehindWhatWasCancelled(t *testing.T) {
	for name, turn := range map[string]Dep{"its turn comes after it": {Step: 2, Order: true}, "it reads how it ended": {Step: 2, Turn: true}} {
		t.Run(name, func(t *testing.T) { turnsBehindWhatWasCancelled(t, turn) })
	}
}

func turnsBehindWhatWasCancelled(t *testing.T, turn Dep) {
	t.Helper()
	s := NewState(&Plan{MaxParallel: 3, StopOnFailure: true, Steps: []StepSpec{
		{Name: "fails", RunIf: "success", Group: -1},
		{Name: "first", RunIf: "success", Group: -1, Write: true},
		{Name: "between", RunIf: "success", Group: -1, Write: true, Deps: []Dep{{Step: 1, Order: true}}},
		{Name: "handles", RunIf: "failure", Group: -1, Write: true, Deps: []Dep{{Step: 0, Full: true}, turn}},
	}})
	for _, e := range []Event{
		{Type: RunStarted},
		{Type: StepReady, Step: "fails"}, {Type: StepReady, Step: "first"}, {Type: StepStarted, Step: "fails"}, {Type: StepStarted, Step: "first"},
		{Type: StepFinished, Step: "fails", Outcome: Fail}, {Type: RunStopping, Reason: StopFailure},
		{Type: StepFinished, Step: "between", Outcome: Cancelled},
	} {
		if err := s.Apply(&e); err != nil {
			t.Fatal(err)
		}
	}
	if next := s.Next(time.Unix(1e9, 0)); len(next) > 0 {
		t.Errorf("nothing is to begin beside the write: %+v", next)
	}
	if err := s.Apply(&Event{Type: StepFinished, Step: "first", Outcome: Pass}); err != nil {
		t.Fatal(err)
	}
	want := []Command{{Kind: Prepare, Step: 3, Key: -1, Address: "handles"}}
	if diff := cmp.Diff(want, s.Next(time.Unix(1e9, 0))); diff != "" {
		t.Error(diff)
	}
}

// TestBehindWhatWasCancelled: a step that ended in an earlier session, and waits for one that is cancelled before its turn, keeps nobody
// waiting.
func TestBehindWhatWasCancelled(t *testing.T) {
	s := NewState(&Plan{MaxParallel: 3, StopOnFailure: true, Steps: []StepSpec{
		{Name: "fails", RunIf: "success", Group: -1},
		{Name: "first", RunIf: "success", Group: -1, Write: true},
		{Name: "between", RunIf: "success", Group: -1, Write: true, Deps: []Dep{{Step: 1, Order: true}}},
		{Name: "ended", RunIf: "success", Group: -1, Deps: []Dep{{Step: 2, Full: true}}},
		{Name: "waits", RunIf: "always", Group: -1, Deps: []Dep{{Step: 0, Full: true}, {Step: 3, Full: true}}},
	}})
	events := []Event{{Type: RunStarted}}
	for _, name := range []string{"first", "between", "ended"} {
		events = append(events, Event{Type: StepReady, Step: name}, Event{Type: StepStarted, Step: name}, Event{Type: StepFinished, Step: name, Outcome: Pass})
	}
	events = append(events,
		Event{Type: RunResumed, Reset: []string{"first", "between"}},
		Event{Type: StepReady, Step: "fails"}, Event{Type: StepReady, Step: "first"}, Event{Type: StepStarted, Step: "fails"}, Event{Type: StepStarted, Step: "first"},
		Event{Type: StepFinished, Step: "fails", Outcome: Fail}, Event{Type: RunStopping, Reason: StopFailure},
		Event{Type: StepFinished, Step: "between", Outcome: Cancelled})
	for _, e := range events {
		if err := s.Apply(&e); err != nil {
			t.Fatal(err)
		}
	}
	if next := s.Next(time.Unix(1e9, 0)); len(next) != 1 || next[0].Address != "waits" {
		t.Errorf("what waits for the step that had ended is to begin: %+v", next)
	}
}
