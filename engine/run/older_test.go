package run

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestHistoriesOfOlderVersions: in a resumed session an older version let a step go on beside an earlier one that ran again, where
// the steps in between had passed. Such a history can still be told and gone on with.
func TestHistoriesOfOlderVersions(t *testing.T) {
	plan := &Plan{MaxParallel: 3, Steps: []StepSpec{
		{Name: "a", RunIf: "success", Group: -1, Undo: UndoOnFailure},
		{Name: "b", RunIf: "success", Group: -1, Deps: []Dep{{Step: 0, Full: true}}},
		{Name: "c", RunIf: "success", Group: -1, Serial: true, Deps: []Dep{{Step: 1, Full: true}}},
		{Name: "d", RunIf: "success", Group: -1, Deps: []Dep{{Step: 2, Full: true}}},
	}}
	keys := []string{"x", "y"}
	question := Event{Type: StepWaiting, Step: "c", For: ForAnswer, Question: &Question{Kind: AskConfirm}}
	yes := Event{Type: StepAnswered, Step: "c", Answer: &Answer{Value: []byte("true")}}
	level := Event{Type: StepEscalated, Step: "c", Level: &Level{Number: 1}}
	ready := func(step string) Event { return Event{Type: StepReady, Step: step} }
	started := func(step string) Event { return Event{Type: StepStarted, Step: step} }
	ended := func(step string, as Outcome) Event {
		return Event{Type: StepFinished, Step: step, Outcome: as, Result: []byte("{}")}
	}
	ran := func(step string) []Event { return []Event{ready(step), started(step), ended(step, Pass)} }
	join := func(lists ...[]Event) (all []Event) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	expanded := Event{Type: StepExpanded, Step: "c", Keys: &keys}
	for name, test := range map[string]struct {
		asks bool
		// before is what c came to before a was undone, reset what runs again, beside what c did while a ran again.
		before []Event
		reset  []string
		beside []Event
		want   Outcome
	}{
		"it ran":                {before: []Event{ready("c"), started("c"), ended("c", Fail)}, reset: []string{"a", "c"}, beside: ran("c"), want: Pass},
		"what follows it ran":   {before: []Event{ready("c"), started("c"), ended("c", Fail), ended("d", Blocked)}, reset: []string{"a", "c", "d"}, beside: join(ran("c"), ran("d")), want: Pass},
		"it ended without":      {before: []Event{ready("c"), started("c"), ended("c", Fail)}, reset: []string{"a", "c"}, beside: []Event{ended("c", Skipped)}, want: Skipped},
		"it was cancelled":      {before: []Event{ready("c"), started("c"), ended("c", Fail)}, reset: []string{"a", "c"}, beside: []Event{{Type: RunStopping, Reason: StopInterrupt}, ended("c", Cancelled)}, want: Cancelled},
		"its instances ran":     {before: []Event{expanded, ready(`c["x"]`), started(`c["x"]`), ended(`c["x"]`, Fail)}, reset: []string{"a", "c"}, beside: join([]Event{expanded}, ran(`c["x"]`), ran(`c["y"]`)), want: Pass},
		"an instance ran":       {before: join([]Event{expanded}, ran(`c["x"]`), []Event{ready(`c["y"]`), started(`c["y"]`), ended(`c["y"]`, Fail)}), reset: []string{"a", `c["y"]`}, beside: ran(`c["y"]`), want: Pass},
		"it was answered":       {asks: true, before: []Event{ready("c"), question}, reset: []string{"a"}, beside: []Event{level, yes, started("c"), ended("c", Pass)}, want: Pass},
		"it was asked anew":     {asks: true, before: []Event{ready("c"), question}, reset: []string{"a"}, beside: []Event{question, yes, started("c"), ended("c", Pass)}, want: Pass},
		"its time was over":     {asks: true, before: []Event{ready("c"), question}, reset: []string{"a"}, beside: []Event{ended("c", Fail)}, want: Fail},
		"a contact was told":    {asks: true, before: []Event{ready("c"), question}, reset: []string{"a"}, beside: []Event{level, {Type: NotifyStarted, Step: "c", Level: &Level{Number: 1}}, {Type: NotifyFinished, Step: "c", Level: &Level{Number: 1}, Outcome: Pass}, yes, started("c"), ended("c", Pass)}, want: Pass},
		"it broke off under it": {before: []Event{ready("c"), started("c"), ended("c", Fail)}, reset: []string{"a", "c"}, beside: []Event{ready("c")}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := *plan
			plan.Steps = append([]StepSpec{}, plan.Steps...)
			plan.Steps[2].Asks = test.asks
			first := ended("a", Pass)
			first.Seq = 4
			history := join([]Event{{Type: RunStarted}, ready("a"), started("a"), first}, ran("b"), test.before, []Event{
				{Type: RunFinished}, {Type: RunResumed, Undo: []string{"a"}}, {Type: UndoStarted, Step: "a", Undoes: 4},
				{Type: UndoFinished, Step: "a", Undoes: 4, Outcome: Pass}, {Type: RunFinished},
				{Type: RunResumed, Reset: test.reset}, ready("a"), started("a"),
			}, test.beside)
			s := NewState(&plan)
			for i, e := range join(history, []Event{ended("a", Pass)}) {
				e.Time = time.Unix(1e9, 0)
				if err := s.Apply(&e); err != nil {
					t.Fatalf("event %d: %v", i, err)
				}
			}
			if diff := cmp.Diff([]Outcome{Pass, Pass, test.want}, []Outcome{s.Outcome("a"), s.Outcome("b"), s.Outcome("c")}); diff != "" {
				t.Error(diff)
			}
			goesOnFrom(t, s)
		})
	}
}

// goesOnFrom resumes a run and lets all that is left pass.
func goesOnFrom(t *testing.T, s *State) {
	t.Helper()
	now := time.Unix(2e9, 0)
	events := []Event{{Type: RunFinished}, {Type: RunResumed, Reset: append([]string{}, s.Again().Steps...)}}
	for range 20 {
		for _, e := range events {
			e.Time = now
			if err := s.Apply(&e); err != nil {
				t.Fatal(err)
			}
		}
		if s.Finished() {
			return
		}
		events = nil
		for _, c := range s.Next(now) {
			events = append(events, map[CommandKind][]Event{
				Prepare: {{Type: StepReady, Step: c.Address}},
				Start:   {{Type: StepStarted, Step: c.Address}, {Type: StepFinished, Step: c.Address, Outcome: Pass}},
				Ask:     {{Type: StepWaiting, Step: c.Address, Question: &Question{}}, {Type: StepAnswered, Step: c.Address, Answer: &Answer{}}},
				Settle:  {{Type: StepFinished, Step: c.Address, Outcome: c.Outcome}},
				Finish:  {{Type: RunFinished}},
			}[c.Kind]...)
		}
	}
	t.Errorf("the run does not come to its end: %+v", s.Next(now))
}
