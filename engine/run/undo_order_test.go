package run

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOrderOfWhatWasInDoubt: a write that counts as done on somebody's word has the place in the order of the undos at which it was carried out:
// what was done after it, and may stand on it, is taken back first. Its name is the number of the event that told it.
func TestOrderOfWhatWasInDoubt(t *testing.T) {
	plan := &Plan{MaxParallel: 1, Steps: []StepSpec{
		{Name: "before", RunIf: "success", Group: -1, Write: true, Undo: UndoOnFailure},
		{Name: "w", RunIf: "success", Group: -1, Write: true, Undo: UndoOnFailure, Deps: []Dep{{Step: 0, Full: true}}},
		{Name: "x", RunIf: "always", Group: -1, Write: true, Undo: UndoOnFailure, Deps: []Dep{{Step: 1, Full: true}}},
	}}
	result := json.RawMessage("{}")
	started := []Event{{Type: StepReady, Step: "w"}, {Type: StepStarted, Step: "w", Key: "k"}}
	doubt := Event{Type: StepFinished, Step: "w", Seq: 5, Outcome: Error, InDoubt: true}
	part := Event{Type: StepFinished, Step: "w", Seq: 5, Outcome: Error, Partial: true, Result: result}
	partOnly := Event{Type: StepFinished, Step: "w", Seq: 5, Outcome: Error, Partial: true}
	settle := Event{Type: RunResumed, Undo: []string{"w"}, Reason: ReasonSettle}
	resume := Event{Type: RunResumed, Reset: []string{}}
	counts := func(end Event) []Event {
		end.Type, end.Step, end.Seq = StepFinished, "w", 20
		return []Event{{Type: StepResolved, Step: "w", Resolution: &Resolution{Decision: DecisionDone, How: "asked"}}, end}
	}
	redo := func(how string) []Event {
		return []Event{
			{Type: RunResumed, Reset: []string{"w"}}, {Type: StepResolved, Step: "w", Resolution: &Resolution{Decision: DecisionRedo, How: how}},
			started[0], started[1], {Type: StepFinished, Step: "w", Seq: 20, Outcome: Pass, Result: result},
		}
	}
	taken, found := Event{Outcome: Warn}, Event{Outcome: Pass, Result: result}
	inOrder := []Effect{{"x", 10}, {"w", 20}, {"before", 4}}
	for name, c := range map[string]struct {
		end   Event
		later []Event
		want  []Effect
	}{
		"settled alone":       {doubt, append([]Event{settle}, counts(taken)...), inOrder},
		"settled, resumed":    {doubt, append([]Event{resume}, counts(taken)...), inOrder},
		"its system told":     {doubt, append([]Event{resume}, counts(found)...), inOrder},
		"cancelled before":    {doubt, append([]Event{{Type: RunResumed, Reset: []string{}, Reason: ReasonCancel}, {Type: StepFinished, Step: "w", Seq: 15, Outcome: Cancelled, InDoubt: true}, settle}, counts(taken)...), inOrder},
		"a part, the rest":    {part, append([]Event{resume}, counts(found)...), inOrder},
		"a part alone":        {part, append([]Event{resume}, counts(taken)...), []Effect{{"x", 10}, {"w", 5}, {"before", 4}}},
		"a part, no result":   {partOnly, append([]Event{resume}, counts(taken)...), inOrder},
		"repeatable":          {doubt, redo(HowDeclared), inOrder},
		"it did not, it said": {doubt, redo("asked"), []Effect{{"w", 20}, {"x", 10}, {"before", 4}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewState(plan)
			tell(t, s, joined(done("before", 4, Pass), started, []Event{c.end}, done("x", 10, Pass), []Event{{Type: RunFinished}}, c.later)...)
			if diff := cmp.Diff(c.want, s.Undoable()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOrderOfWhatWasInDoubtWithin: so has a write of a runbook that a step runs. What was done behind that step is taken back before what the
// runbook had done by then, and after what it did when it went on.
func TestOrderOfWhatWasInDoubtWithin(t *testing.T) {
	steps := func(a, b string, child bool) []StepSpec {
		return []StepSpec{
			{Name: a, RunIf: "success", Group: -1, Write: true, Child: child, Undo: UndoOnFailure},
			{Name: b, RunIf: "always", Group: -1, Write: true, Undo: UndoOnFailure, Deps: []Dep{{Step: 0, Full: true}}},
		}
	}
	s, within := NewState(&Plan{MaxParallel: 1, Steps: steps("sub", "x", true)}), NewState(&Plan{MaxParallel: 1, Steps: steps("w", "y", false)})
	s.Adopt("sub", within)
	begun := []Event{{Type: RunStarted}, {Type: StepReady, Step: "sub"}, {Type: StepStarted, Step: "sub", Action: "runbook", Key: "sub"}}
	sent := []Event{{Type: StepReady, Step: "w"}, {Type: StepStarted, Step: "w", Key: "k"}, {Type: StepFinished, Step: "w", Seq: 5, Outcome: Error, InDoubt: true}}
	resumed := Event{Type: RunResumed, Reset: []string{"sub"}}
	tell(t, s, begun...)
	tell(t, within, joined(sent, []Event{{Type: StepFinished, Step: "y", Seq: 6, Outcome: Blocked}})...)
	tell(t, s, append([]Event{{Type: StepFinished, Step: "sub", Seq: 7, Outcome: Error}}, done("x", 10, Pass)...)...)
	tell(t, s, Event{Type: RunFinished}, resumed)
	tell(t, within, append([]Event{
		{Type: RunResumed, Reset: []string{"y"}}, {Type: StepResolved, Step: "w", Resolution: &Resolution{Decision: DecisionDone}},
		{Type: StepFinished, Step: "w", Seq: 20, Outcome: Warn},
	}, done("y", 25, Pass)...)...)
	tell(t, s, append(begun[1:], Event{Type: StepFinished, Step: "sub", Seq: 30, Outcome: Warn, Result: json.RawMessage("{}")})...)
	if diff := cmp.Diff([]Effect{{"sub", 30}, {"sub/y", 25}, {"x", 10}, {"sub/w", 20}}, s.Undoable()); diff != "" {
		t.Error(diff)
	}
}
