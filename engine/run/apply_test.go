package run

import (
	"strings"
	"testing"
)

// TestUnknownEvent: an event of a newer version is refused by its name, whatever the files of the run are by now.
func TestUnknownEvent(t *testing.T) {
	t.Parallel()
	for _, other := range []bool{false, true} {
		s := NewState(&Plan{MaxParallel: 1, Steps: []StepSpec{{Name: "a", RunIf: "success", Group: -1}}})
		s.OtherPlan(other)
		if err := s.Apply(&Event{Type: RunStarted}); err != nil {
			t.Fatal(err)
		}
		err := s.Apply(&Event{Type: "step_teleported", Step: "a"})
		if err == nil || !strings.Contains(err.Error(), "step_teleported of step a") {
			t.Errorf("other plan %v: %v", other, err)
		}
	}
}
