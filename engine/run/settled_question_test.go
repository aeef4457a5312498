package run

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// askedBehindDoubt is the history of a write that ended in doubt, of a step that was carried out behind it, and of one that asks behind that.
func askedBehindDoubt(runIf string, outcome Outcome, ask ...Event) (*Plan, []Event) {
	plan := &Plan{MaxParallel: 3, Steps: []StepSpec{
		{Name: "w", RunIf: "success", Group: -1, Write: true, Undo: UndoOnFailure},
		{Name: "x", RunIf: "always", Group: -1, Write: true, Deps: []Dep{{Step: 0, Full: true}}},
		{Name: "m", RunIf: runIf, Group: -1, Write: true, Asks: true, Deps: []Dep{{Step: 0, Full: true}, {Step: 1, Full: true}}},
	}}
	w := []Event{{Type: StepReady, Step: "w"}, {Type: StepStarted, Step: "w", Key: "k"}, {Type: StepFinished, Step: "w", Seq: 4, Outcome: outcome, InDoubt: true}}
	return plan, joined(w, done("x", 7, Pass), ask)
}

// counts are the events that have the write in doubt count as done.
func counts(outcome Outcome) []Event {
	return []Event{{Type: StepResolved, Step: "w", Resolution: &Resolution{Decision: DecisionDone}}, {Type: StepFinished, Step: "w", Seq: 20, Outcome: outcome}}
}

var askedAboutM = []Event{{Type: StepReady, Step: "m"}, {Type: StepWaiting, Step: "m", For: ForApproval, Question: &Question{Kind: AskApproval}}}

// TestAskedBehindWhatWasInDoubt: a question that was asked while a write before it was in doubt stays open when that counts as done, as nothing
// runs again. It is asked anew where the write is sent again, and ends where its step does not run by what became of the write.
func TestAskedBehindWhatWasInDoubt(t *testing.T) {
	keys := []string{"a", "b"}
	each := []Event{
		{Type: StepExpanded, Step: "m", Keys: &keys},
		{Type: StepReady, Step: `m["a"]`}, {Type: StepWaiting, Step: `m["a"]`, For: ForApproval, Question: &Question{Kind: AskApproval}},
		{Type: StepReady, Step: `m["b"]`}, {Type: StepWaiting, Step: `m["b"]`, For: ForApproval, Question: &Question{Kind: AskApproval}},
	}
	settled := Command{Kind: Settle, Step: 2, Key: -1, Outcome: Skipped, Reason: "nothing that it depends on failed"}
	of := func(c Command, key int, address string) Command {
		c.Key, c.Address = key, address
		return c
	}
	for name, c := range map[string]struct {
		runIf   string
		outcome Outcome
		ask     []Event
		reset   []string
		became  Outcome
		waits   int
		want    []Command
	}{
		"tolerated, it took place":      {"success", Warn, askedAboutM, nil, Warn, 1, nil},
		"it failed, it took place":      {"always", Error, askedAboutM, nil, Pass, 1, nil},
		"instances, it took place":      {"always", Error, each, nil, Pass, 2, nil},
		"it did not":                    {"success", Warn, askedAboutM, []string{"w"}, "", 0, []Command{{Kind: Prepare, Key: -1, Address: "w"}}},
		"for its failure, which is not": {"failure", Error, askedAboutM, nil, Pass, 0, []Command{of(settled, -1, "m")}},
		"instances, for its failure":    {"failure", Error, each, nil, Pass, 0, []Command{of(settled, 0, `m["a"]`), of(settled, 1, `m["b"]`)}},
	} {
		t.Run(name, func(t *testing.T) {
			plan, events := askedBehindDoubt(c.runIf, c.outcome, c.ask...)
			s := NewState(plan)
			tell(t, s, append(events, Event{Type: RunPaused})...)
			before := s.Waits()
			if again := s.AskedAgain(); len(again) > 0 { // which nobody knows before somebody says what became of the write
				t.Errorf("an answer to %v could not count", again)
			}
			later := []Event{{Type: RunResumed, Reset: append([]string{}, c.reset...)}}
			if c.became != "" {
				later = append(later, counts(c.became)...)
			}
			at := tell(t, s, later...)
			if diff := cmp.Diff(c.want, s.Next(at)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(before[:c.waits], append([]Wait{}, s.Waits()...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAskedBehindWhatWasSettledInTwo: so it does where the session that settles breaks off before the end is told, and where a part of the write took
// place.
func TestAskedBehindWhatWasSettledInTwo(t *testing.T) {
	for name, part := range map[string]bool{"in doubt": false, "a part": true} {
		plan, events := askedBehindDoubt("always", Error, askedAboutM...)
		if part {
			events[3].InDoubt, events[3].Partial, events[3].Result = false, true, json.RawMessage("{}")
		}
		s := NewState(plan)
		tell(t, s, append(events, Event{Type: RunPaused})...)
		before := s.Waits()
		for range 2 {
			tell(t, s, append([]Event{{Type: RunResumed, Reset: []string{}}}, counts(Warn)[0])...)
		}
		tell(t, s, counts(Warn)[1])
		if diff := cmp.Diff(before, s.Waits()); diff != "" || s.AskedAnew("m") != nil {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestAnsweredBehindWhatWasInDoubt: so does an answer stand that was taken in before the run was stopped.
func TestAnsweredBehindWhatWasInDoubt(t *testing.T) {
	answered := append(append([]Event{}, askedAboutM...), Event{Type: StepAnswered, Step: "m", Answer: &Answer{Value: json.RawMessage("true")}},
		Event{Type: RunStopping, Reason: StopInterrupt}, Event{Type: StepFinished, Step: "m", Outcome: Cancelled}, Event{Type: RunFinished})
	plan, events := askedBehindDoubt("success", Warn, answered...)
	for decision, kind := range map[string]CommandKind{DecisionDone: Start, DecisionRedo: Ask} {
		s := NewState(plan)
		tell(t, s, events...)
		if decision == DecisionDone {
			tell(t, s, append([]Event{{Type: RunResumed, Reset: []string{"m"}}}, counts(Warn)...)...)
		} else {
			tell(t, s, joined([]Event{{Type: RunResumed, Reset: []string{"m", "w"}}}, done("w", 20, Pass))[1:]...)
		}
		at := tell(t, s, Event{Type: StepReady, Step: "m"})
		if diff := cmp.Diff([]CommandKind{kind}, kinds(s.Next(at))); diff != "" {
			t.Errorf("%s: %s", decision, diff)
		}
	}
}

// TestOlderHistoryBehindWhatWasInDoubt: an older version took such a question back, and asked it again once the write counted as done.
func TestOlderHistoryBehindWhatWasInDoubt(t *testing.T) {
	plan, events := askedBehindDoubt("success", Warn, askedAboutM...)
	s := NewState(plan)
	tell(t, s, append(append(append(events, Event{Type: RunPaused}, Event{Type: RunResumed, Reset: []string{}}), counts(Warn)...), Event{Type: StepReady, Step: "m"})...)
	last := began.Add(30)
	for _, e := range []Event{
		{Type: StepWaiting, Step: "m", For: ForPreview}, {Type: StepWaiting, Step: "m", For: ForApproval, Question: &Question{Kind: AskApproval}, Time: last}, {Type: RunPaused},
	} {
		if err := s.Apply(&e); err != nil {
			t.Fatal(err)
		}
	}
	if w := s.Waits(); len(w) != 1 || !w[0].Since.Equal(last) {
		t.Errorf("%+v", w)
	}
}
