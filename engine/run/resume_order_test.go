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
