package run

import (
	"encoding/json"
	"testing"
)

// TestKeyOfAWriteThatIsSentAgain: a write that may have taken place keeps its key, and what it noted, until it is sent again, however many sessions
// are between, and however these end: with a word alone, before its turn came, or with an attempt that surely did nothing. One that took place is
// done with.
func TestKeyOfAWriteThatIsSentAgain(t *testing.T) {
	redo := Event{Type: StepResolved, Step: "a", Resolution: &Resolution{Decision: DecisionRedo, How: "flag"}}
	took := Event{Type: StepResolved, Step: "a", Resolution: &Resolution{Decision: DecisionDone, How: "flag"}}
	note := Event{Type: StepNoted, Step: "a", Note: json.RawMessage("1")}
	lost := Event{Type: StepFinished, Step: "a", Outcome: Error, InDoubt: true}
	ends := func(o Outcome) Event { return Event{Type: StepFinished, Step: "a", Outcome: o} }
	settle := Event{Type: RunResumed, Undo: []string{"a"}, Reason: ReasonSettle}
	resume, over := Event{Type: RunResumed, Reset: []string{"a"}}, Event{Type: RunFinished}
	sent := []Event{{Type: StepReady, Step: "a"}, {Type: StepStarted, Step: "a", Key: "k", Attempt: 1}}
	for name, c := range map[string]struct {
		events []Event
		sent   string
	}{
		"a word alone, after a crash":        {[]Event{settle, redo, ends(Cancelled), over}, "k"},
		"a word alone, after a lost answer":  {[]Event{lost, over, settle, redo, ends(Cancelled), over}, "k"},
		"a word, and a crash before the end": {[]Event{settle, redo}, "k"},
		"before its turn, after a crash":     {[]Event{resume, redo, ends(Cancelled), over}, "k"},
		"blocked, after a lost answer":       {[]Event{lost, over, resume, redo, ends(Blocked), over}, "k"},
		"sent again, and refused":            {[]Event{resume, redo, sent[0], sent[1], ends(Error), over}, "k"},
		"it took place":                      {[]Event{settle, took, ends(Warn), over}, ""},
		"sent again, and took place":         {[]Event{resume, redo, sent[0], sent[1], {Type: StepFinished, Step: "a", Outcome: Fail, Result: json.RawMessage("{}")}, over}, ""},
	} {
		for with, noted := range map[string][]Event{"": nil, ", noted": {note}} {
			t.Run(name+with, func(t *testing.T) {
				s := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{{Name: "a", RunIf: "success", Group: -1, Write: true, Undo: UndoOnFailure}}})
				at := tell(t, s, joined(sent, noted, c.events, []Event{resume, sent[0]})...)
				got := s.Next(at)
				if len(got) != 1 || got[0].Kind != Start || got[0].Sent != c.sent {
					t.Fatalf("%+v", got)
				}
				if e := got[0].Earlier; (e != nil) != (noted != nil && c.sent != "") || e != nil && !e.Judged {
					t.Errorf("of an attempt before: %+v", e)
				}
			})
		}
	}
}
