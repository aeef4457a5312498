package run

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUndosOfOldHistories: an event that does not name what is undone is about the last effect of its step that it fits.
func TestUndosOfOldHistories(t *testing.T) {
	s := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{{Name: "a", RunIf: "success", Group: -1, Write: true, Undo: UndoOnFailure}}})
	once := func(seq int64) []Event {
		return []Event{
			{Type: StepReady, Step: "a"}, {Type: StepStarted, Step: "a"},
			{Type: StepFinished, Step: "a", Seq: seq, Outcome: Fail, Result: json.RawMessage("{}")},
		}
	}
	events := append([]Event{{Type: RunStarted}}, once(4)...)
	events = append(append(events, Event{Type: RunResumed, Reset: []string{"a"}}), once(8)...)
	tell(t, s, append(events,
		Event{Type: UndoStarted, Step: "a", Key: "k"}, Event{Type: StepNoted, Step: "a", Note: json.RawMessage("1")},
	)...)
	want := []Doubt{{Address: "a", Undo: true, Undoes: 8, Key: "k", Note: json.RawMessage("1")}}
	got := s.InDoubt()
	got[0].At = want[0].At
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	tell(t, s, Event{Type: UndoFinished, Step: "a", Outcome: Pass})
	if diff := cmp.Diff([]Effect{{"a", 4}}, s.Undoable()); diff != "" {
		t.Error(diff)
	}
}

// TestAnUndoThatWasNotDue is an error: the history is damaged, or of another plan. One of which the plan has no undo any more
// is passed over.
func TestAnUndoThatWasNotDue(t *testing.T) {
	for kind, bad := range map[UndoKind]bool{UndoOnEnd: true, UndoNever: false} {
		s := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{{Name: "a", RunIf: "success", Group: -1, Undo: kind}}})
		tell(t, s, Event{Type: RunStarted})
		if err := s.Apply(&Event{Type: UndoStarted, Step: "a", Undoes: 3}); (err != nil) != bad {
			t.Errorf("kind %d: %v", kind, err)
		}
	}
}

// TestAnUndoInDoubt stays that whoever undoes by hand, until somebody says what became of it: then it is sent again with its key, or
// is done.
func TestAnUndoInDoubt(t *testing.T) {
	for decision, key := range map[string]string{"": "", DecisionRedo: "k", DecisionDone: ""} {
		s := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{{Name: "a", RunIf: "success", Group: -1, Write: true, Undo: UndoOnEnd}}})
		tell(t, s,
			Event{Type: RunStarted}, Event{Type: StepReady, Step: "a"}, Event{Type: StepStarted, Step: "a"},
			Event{Type: StepFinished, Step: "a", Seq: 4, Outcome: Pass, Result: json.RawMessage("{}")},
			Event{Type: UndoStarted, Step: "a", Undoes: 4, Key: "k"}, Event{Type: StepNoted, Step: "a", Undoes: 4, Note: json.RawMessage("1")},
		)
		want := s.InDoubt()
		for range 2 {
			tell(t, s, Event{Type: RunResumed, Undo: []string{"a"}})
			if diff := cmp.Diff(want, s.InDoubt()); diff != "" || !s.LeftOver() {
				t.Errorf("%q: %s", decision, diff)
			}
		}
		resolution := &Resolution{Decision: decision}
		if decision != "" {
			tell(t, s, Event{Type: StepResolved, Step: "a", Undoes: 4, Resolution: resolution})
		}
		if decision == DecisionDone { // a crash here does not ask again
			if got := s.InDoubt(); len(got) != 1 || got[0].Resolution != resolution {
				t.Errorf("%+v", got)
			}
			tell(t, s, Event{Type: UndoFinished, Step: "a", Undoes: 4, Outcome: Pass})
		}
		sent := ""
		for _, c := range s.Next(want[0].At) {
			sent += c.Sent
		}
		if sent != key || s.LeftOver() != (decision == "") {
			t.Errorf("%q: sent again with %q, left %v", decision, sent, s.Left())
		}
	}
}

// TestUndosLeaveAPausedRunThat though the program that undid a step of it was gone; once it has gone on, or was given up, it is as it was then.
func TestUndosLeaveAPausedRunThat(t *testing.T) {
	undo := Event{Type: RunResumed, Undo: []string{"a"}}
	for name, c := range map[string]struct {
		events []Event
		want   bool
	}{
		"it waits":                  {[]Event{{Type: RunPaused}, undo}, true},
		"an undo of it was killed":  {[]Event{{Type: RunPaused}, undo, undo}, true},
		"two were":                  {[]Event{{Type: RunPaused}, undo, undo, undo}, true},
		"it went on, and was then":  {[]Event{{Type: RunPaused}, undo, {Type: RunResumed, Reset: []string{}}, undo}, false},
		"it was given up after one": {[]Event{{Type: RunPaused}, undo, {Type: RunFinished}, undo}, false},
		"it has an end":             {[]Event{{Type: RunFinished}, undo, undo}, false},
	} {
		s := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{{Name: "a", RunIf: "success", Group: -1, Write: true, Undo: UndoOnFailure}}})
		tell(t, s, append([]Event{{Type: RunStarted}}, c.events...)...)
		if s.keepsWaiting != c.want {
			t.Errorf("%s: %v", name, s.keepsWaiting)
		}
	}
}

// TestUndosLeaveWhetherARunWasInterrupted: one that was killed was, and undos that break off themselves change nothing about it.
func TestUndosLeaveWhetherARunWasInterrupted(t *testing.T) {
	undo := Event{Type: RunResumed, Undo: []string{"a"}}
	for name, c := range map[string]struct {
		events []Event
		want   bool
	}{
		"it has an end":        {[]Event{{Type: RunFinished}, undo, undo}, false},
		"it waits":             {[]Event{{Type: RunPaused}, undo, undo}, false},
		"it was told to stop":  {[]Event{{Type: RunStopping, Reason: StopInterrupt}, {Type: RunFinished}, undo, {Type: RunFinished}, undo}, true},
		"it was killed":        {[]Event{undo, {Type: RunFinished}, undo}, true},
		"it went on, and ends": {[]Event{undo, {Type: RunResumed, Reset: []string{}}, {Type: RunFinished}, undo}, false},
	} {
		s := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{{Name: "a", RunIf: "success", Group: -1, Write: true, Undo: UndoOnFailure}}})
		tell(t, s, append([]Event{{Type: RunStarted}}, c.events...)...)
		if got := s.Interrupted(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
