package run

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestNoteOfAnUndo has an undo keep a note, as its step did, and be found with it after a crash.
func TestNoteOfAnUndo(t *testing.T) {
	s := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{{Name: "change", RunIf: "success", Group: -1, Write: true, Undo: UndoOnEnd}}})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	note := json.RawMessage(`{"pid":7}`)
	for _, e := range []Event{
		{Type: RunStarted},
		{Type: StepReady, Step: "change"},
		{Type: StepStarted, Step: "change", Key: "key", Attempt: 1},
		{Type: StepNoted, Step: "change", Note: json.RawMessage(`{"pid":6}`)},
		{Type: StepFinished, Step: "change", Outcome: Pass, Result: json.RawMessage(`{}`)},
		{Type: UndoStarted, Step: "change", Key: "key/undo", Attempt: 1, Time: at},
		{Type: StepNoted, Step: "change", Note: note},
	} {
		if err := s.Apply(&e); err != nil {
			t.Fatal(err)
		}
	}
	want := []Doubt{{Address: "change", Key: "key/undo", At: at, Attempt: 1, Note: note, Undo: true}}
	if diff := cmp.Diff(want, s.InDoubt()); diff != "" {
		t.Error(diff)
	}
}
