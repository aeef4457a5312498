package run

import "slices"

// Told is what events tell of who was told that a step waits for a person. The zero value is of one that nobody was to be told about yet.
type Told struct {
	// Nobody are the levels that fell due, where nobody is known to have been told; nil: somebody was, or is being told.
	Nobody []Untold
	// telling are the levels whose contact is being told; somebody says that one was.
	telling  []Untold
	somebody bool
}

// See takes in a step_escalated, notify_started or notify_finished of the step.
func (t *Told) See(e *Event) {
	if e.Level == nil {
		return
	}
	if e.Type == StepEscalated {
		if t.Nobody != nil && e.Level.Notify == "" { // nothing tells its contact, so nobody is told by now either
			t.Nobody = append(slices.Clone(t.Nobody), Untold{Level: *e.Level})
		}
		return
	}
	t.telling = slices.DeleteFunc(t.telling, func(u Untold) bool { return u.Number == e.Level.Number })
	switch {
	case e.Type == NotifyStarted:
		t.telling = append(t.telling, Untold{Level: *e.Level, InDoubt: true})
	case e.NobodyTold != nil || e.Outcome == Pass:
		t.Nobody, t.somebody = e.NobodyTold, e.Outcome == Pass
	}
}

// BrokeOff takes in that no process runs the run: who was being told perhaps was.
func (t *Told) BrokeOff() {
	if t.Nobody == nil && !t.somebody {
		t.Nobody = t.telling
	}
}
