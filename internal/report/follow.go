package report

import (
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// Follow takes in the next event of a session as it happens, kept being the last that the history has by then. What the history does not have
// is not told yet: it may never have it.
func (r *Recorder) Follow(entry journal.Entry, kept int64) {
	e := slim(entry.Event)
	e.Instances = entry.Event.Instances
	if r.coming = append(r.coming, e); e.Header != nil {
		r.header = e
	}
	r.Kept(kept)
}

// Kept says that the history has the events up to one.
func (r *Recorder) Kept(last int64) {
	for len(r.coming) > 0 && r.coming[0].Seq <= last {
		e := r.coming[0]
		instances := e.Instances
		e.Instances = nil
		r.see(e, instances)
		r.coming = r.coming[1:]
	}
}

// Broke says that the history could not be written any more, and at what time that was given up: it has the events up to one. Of those after it
// counts what people were shown: how something ended that the history takes to be under way. A write whose start is not kept was not sent.
func (r *Recorder) Broke(last int64, at time.Time) {
	r.Kept(last)
	unsent := map[string]bool{}
	for _, e := range r.coming {
		switch e.Type {
		case run.StepStarted:
			if unsent[e.Step] = writes(e) || e.Action == runsAnother; !unsent[e.Step] {
				r.step(e)
			}
		case run.CheckEvaluated, run.StepRetrying, run.StepFinished:
			if s := r.records[e.Step]; s == nil || unsent[e.Step] || s.started == nil || s.finished != nil || s.started.Action == runsAnother {
				continue
			}
			r.step(e)
			r.records[e.Step].unkept = e.Type == run.StepFinished
		case run.UndoFinished:
			if u := r.undoOf[undoKey{e.Step, e.Undoes}]; u != nil && u.started != nil && u.finished == nil {
				u.finished, u.unkept = e, true
			}
		}
	}
	r.coming, r.last = nil, at
	if s := r.session(); s != nil {
		s.last = at
	}
}

// writes reports whether what begins with an event writes. Old histories don't tell of all that it does not.
func writes(e *run.Event) bool { return e.Effect != "" && e.Effect != "read" }

// runsAnother is the action of a step that runs another runbook: it ends by the steps of that.
const runsAnother = "runbook"
