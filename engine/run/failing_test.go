package run

import "testing"

// TestFailing: undos on failure are due once a step failed, or while time cuts steps off; not where time was over and nothing felt it, nor
// where an interrupt ended the run.
func TestFailing(t *testing.T) {
	start := []Event{{Type: RunStarted}, {Type: StepReady, Step: "a"}, {Type: StepStarted, Step: "a"}}
	stopping := func(why string) Event { return Event{Type: RunStopping, Reason: why} }
	finished := func(o Outcome) Event { return Event{Type: StepFinished, Step: "a", Outcome: o} }
	for name, c := range map[string]struct {
		goOn   bool // after a failure
		events []Event
		want   bool
	}{
		"under way":                          {},
		"it failed":                          {events: []Event{finished(Fail)}, want: true},
		"it erred":                           {events: []Event{finished(Error)}, want: true},
		"it failed, and nothing stops":       {goOn: true, events: []Event{finished(Fail)}},
		"its time is over":                   {events: []Event{stopping(StopTimeout)}, want: true},
		"its time is over, nothing stops":    {goOn: true, events: []Event{stopping(StopTimeout)}},
		"it passed although time was over":   {events: []Event{stopping(StopTimeout), finished(Pass)}},
		"time cut it off":                    {events: []Event{stopping(StopTimeout), finished(Cancelled)}, want: true},
		"it was interrupted":                 {events: []Event{stopping(StopInterrupt), finished(Cancelled)}},
		"it failed while it was interrupted": {events: []Event{stopping(StopInterrupt), finished(Fail)}, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewState(&Plan{MaxParallel: 1, StopOnFailure: !c.goOn, Steps: []StepSpec{{Name: "a", RunIf: "success", Group: -1, Write: true}}})
			tell(t, s, append(append([]Event{}, start...), c.events...)...)
			if got := s.Failing(); got != c.want {
				t.Errorf("failing: %v", got)
			}
		})
	}
}
