package random

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/report"
)

// reported holds a report of the run against what its last session counted: the steps in it have these outcomes.
func (s *story) reported(events []*run.Event) {
	r := &report.Recorder{}
	for _, e := range events {
		r.See(journal.Entry{Event: e})
	}
	document := r.Run(nil)
	for _, format := range report.Formats() {
		if err := report.Write(io.Discard, format, document); err != nil {
			s.t.Errorf("the %s report: %v", format, err)
		}
	}
	last := events[len(events)-1]
	if last.Type != run.RunFinished {
		return
	}
	got := map[run.Outcome]int{}
	for _, step := range document.Steps {
		if _, within := run.SplitAddress(step.Step); within == "" && step.Outcome != "" && !step.Gone {
			got[step.Outcome]++
		}
		if step.Undone { // also of an instance that is gone
			got[run.Undone]++
		}
	}
	changed, early := changes(events)
	for _, o := range []run.Outcome{run.Pass, run.Warn, run.Fail, run.Error, run.Skipped, run.Blocked, run.Cancelled, run.Undone} {
		// What passed and is not in the files any more is still told, and so is what did not where the run had no end before.
		stays := early || changed && (o == run.Pass || o == run.Warn || o == run.Skipped || o == run.Undone)
		if got[o] < last.Counts[o] || got[o] > last.Counts[o] && !stays {
			s.t.Errorf("the report has %v, the run counted %v: %s", got, last.Counts, told(s.t, document))
			return
		}
	}
}

// changes tells whether a session went on with other files, and whether one did so though the one before it had no end.
func changes(events []*run.Event) (changed, early bool) {
	for i, e := range events {
		if e.Type == run.RunResumed && len(e.Changes) > 0 {
			changed, early = true, early || events[i-1].Type != run.RunFinished
		}
	}
	return changed, early
}

func told(t *testing.T, document *report.Run) string {
	text, err := json.Marshal(document.Steps)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
