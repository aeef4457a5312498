package run

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// done are the events of a step, or an instance, that ended with an outcome and a result.
func done(address string, seq int64, outcome Outcome) []Event {
	return []Event{
		{Type: StepReady, Step: address}, {Type: StepStarted, Step: address, Key: "key of " + address},
		{Type: StepFinished, Step: address, Seq: seq, Outcome: outcome, Result: json.RawMessage("{}")},
	}
}

// undone are the events of a session that took back what a step did.
func undone(address string, seq int64) []Event {
	return []Event{
		{Type: RunFinished}, {Type: RunResumed, Undo: []string{address}}, {Type: UndoStarted, Step: address, Undoes: seq},
		{Type: UndoFinished, Step: address, Undoes: seq, Outcome: Pass}, {Type: RunFinished},
	}
}

func joined(lists ...[]Event) []Event {
	out := []Event{{Type: RunStarted}}
	for _, list := range lists {
		out = append(out, list...)
	}
	return out
}

// TestBehindAHandlerThatWasSkipped: what depends on a step that was undone runs again, also through a handler of failures that had
// nothing to do. One that did something did it once, and stays, as does what depends on it alone.
func TestBehindAHandlerThatWasSkipped(t *testing.T) {
	plan := &Plan{MaxParallel: 1, Steps: []StepSpec{
		{Name: "base", RunIf: "success", Group: -1, Write: true, Undo: UndoOnFailure},
		{Name: "handler", RunIf: "failure", Group: -1, Write: true, Deps: []Dep{{Step: 0, Full: true}}},
		{Name: "behind", RunIf: "always", Group: -1, Write: true, Deps: []Dep{{Step: 1, Full: true}}},
		{Name: "last", RunIf: "success", Group: -1},
	}}
	skipped := []Event{{Type: StepFinished, Step: "handler", Outcome: Skipped}}
	failed := []Event{{Type: StepFinished, Step: "last", Outcome: Blocked}}
	for name, tc := range map[string]struct {
		events []Event
		want   []string
	}{
		"skipped": {joined(done("base", 4, Pass), skipped, done("behind", 6, Pass), failed, undone("base", 4)), []string{"base", "behind", "handler", "last"}},
		"did it":  {joined(done("base", 4, Fail), done("handler", 5, Pass), done("behind", 6, Pass), failed, undone("base", 4)), []string{"base", "last"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewState(plan)
			tell(t, s, tc.events...)
			if diff := cmp.Diff(tc.want, s.Again().Steps); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestInstancesThatAreAskedAbout, or whose write is in doubt, are kept when their step runs again as a whole: the others are told one
// by one.
func TestInstancesThatAreAskedAbout(t *testing.T) {
	plan := &Plan{MaxParallel: 3, Steps: []StepSpec{
		{Name: "base", RunIf: "success", Group: -1, Write: true, Undo: UndoOnFailure},
		{Name: "each", RunIf: "success", Group: -1, Write: true, Asks: true, Deps: []Dep{{Step: 0, Full: true}}},
	}}
	keys := []string{"x", "y"}
	expanded := []Event{{Type: StepExpanded, Step: "each", Keys: &keys}}
	asked := func(address string) []Event {
		return []Event{{Type: StepReady, Step: address}, {Type: StepWaiting, Step: address, For: ForApproval, Question: &Question{}}}
	}
	ended := func(address string, end Event) []Event {
		end.Type, end.Step = StepFinished, address
		return append(asked(address), Event{Type: StepAnswered, Step: address, Answer: &Answer{Value: json.RawMessage("true")}},
			Event{Type: StepStarted, Step: address, Key: "key of " + address}, end)
	}
	passed := Event{Outcome: Pass, Result: json.RawMessage("{}")}
	for name, tc := range map[string]struct {
		second []Event
		want   []string
	}{
		"ended":    {ended(`each["y"]`, passed), []string{"base", "each"}},
		"asked":    {asked(`each["y"]`), []string{"base", `each["x"]`}},
		"in doubt": {ended(`each["y"]`, Event{Outcome: Error, InDoubt: true}), []string{"base", `each["x"]`, `each["y"]`}},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewState(plan)
			tell(t, s, joined(done("base", 4, Pass), expanded, ended(`each["x"]`, passed), tc.second, undone("base", 4))...)
			if diff := cmp.Diff(tc.want, s.Again().Steps); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAWriteThatTookPlaceIsDoneWith: when it takes place a second time, it is another write, whatever its attempts had noted.
func TestAWriteThatTookPlaceIsDoneWith(t *testing.T) {
	begun := []Event{
		{Type: StepReady, Step: "a"}, {Type: StepStarted, Step: "a", Key: "k", Attempt: 1}, {Type: StepNoted, Step: "a", Note: json.RawMessage("1")},
		{Type: StepRetrying, Step: "a", InDoubt: true}, {Type: StepStarted, Step: "a", Key: "k", Attempt: 2},
	}
	for name, tc := range map[string]struct {
		end  Event
		sent string
	}{
		"passed":                {Event{Outcome: Pass, Result: json.RawMessage("{}")}, ""},
		"passed without result": {Event{Outcome: Warn}, ""},
		"its checks failed":     {Event{Outcome: Fail, Result: json.RawMessage("{}")}, ""},
		"refused":               {Event{Outcome: Error}, "k"},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{{Name: "a", RunIf: "success", Group: -1, Write: true, Undo: UndoOnFailure, Retry: &RetryPolicy{Attempts: 2, Writes: true}}}})
			tc.end.Type, tc.end.Step, tc.end.Seq = StepFinished, "a", 7
			again := []Event{{Type: RunFinished}, {Type: RunResumed, Reset: []string{"a"}}, {Type: StepReady, Step: "a"}}
			at := tell(t, s, joined(begun, []Event{tc.end}, again)...)
			got := s.Next(at)
			if len(got) != 1 || got[0].Kind != Start || got[0].Sent != tc.sent || (got[0].Earlier == nil) != (tc.sent == "") {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestCountsAreOfWhatEnded: instances count for themselves, and what has not ended does not.
func TestCountsAreOfWhatEnded(t *testing.T) {
	s := NewState(&Plan{MaxParallel: 3, Steps: []StepSpec{
		{Name: "a", RunIf: "success", Group: -1}, {Name: "b", RunIf: "success", Group: -1}, {Name: "each", RunIf: "success", Group: -1},
	}})
	keys := []string{"x", "y", "z"}
	tell(t, s, joined(done("a", 2, Pass), []Event{{Type: StepExpanded, Step: "each", Keys: &keys}}, done(`each["x"]`, 3, Fail), done(`each["y"]`, 4, Fail))...)
	if diff := cmp.Diff(map[Outcome]int{Pass: 1, Fail: 2}, s.Counts()); diff != "" {
		t.Error(diff)
	}
}

// TestAStepThatEndsAtOnceCountsOnce: where it was to be expanded anew, what it would have had is told by no event but its own.
func TestAStepThatEndsAtOnceCountsOnce(t *testing.T) {
	s := NewState(&Plan{MaxParallel: 3, Steps: []StepSpec{{Name: "each", RunIf: "success", Group: -1}}})
	one := []string{"x"}
	tell(t, s, joined([]Event{{Type: StepExpanded, Step: "each", Keys: &one}}, done(`each["x"]`, 2, Pass), []Event{
		{Type: RunResumed, Instances: []Instances{{Step: "each", Keys: []string{"x", "y", "z"}}}, Reset: []string{`each["y"]`, `each["z"]`}},
		{Type: RunStopping, Reason: StopInterrupt}, {Type: StepFinished, Step: "each", Outcome: Cancelled},
	})...)
	if diff := cmp.Diff(map[Outcome]int{Pass: 1, Cancelled: 1}, s.Counts()); diff != "" {
		t.Error(diff)
	}
}

// TestNobodyIsToldWithoutALevel: what a damaged history tells of no level is passed over.
func TestNobodyIsToldWithoutALevel(t *testing.T) {
	told := Told{Nobody: []Untold{{Level: Level{Number: 1}}}}
	for _, e := range []Event{{Type: NotifyStarted}, {Type: NotifyFinished, Outcome: Pass}} {
		if told.See(&e); len(told.Nobody) != 1 {
			t.Errorf("%s: %+v", e.Type, told)
		}
	}
}

// TestALevelThatTellsNobodyIsCalledByHand: once nobody could be told, a level without a notifier that falls due adds its contact to
// those to call; one that is notified does not, nor does one after somebody was told.
func TestALevelThatTellsNobodyIsCalledByHand(t *testing.T) {
	for name, c := range map[string]struct {
		told  Told
		level Level
		want  int
	}{
		"nobody was told":  {Told{Nobody: []Untold{{Level: Level{Number: 1}}}}, Level{Number: 2}, 2},
		"it is notified":   {Told{Nobody: []Untold{{Level: Level{Number: 1}}}}, Level{Number: 2, Notify: "http_request"}, 1},
		"somebody was":     {Told{somebody: true}, Level{Number: 2}, 0},
		"nobody was to be": {Told{}, Level{Number: 1}, 0},
	} {
		if c.told.See(&Event{Type: StepEscalated, Level: &c.level}); len(c.told.Nobody) != c.want {
			t.Errorf("%s: %+v", name, c.told.Nobody)
		}
	}
}
