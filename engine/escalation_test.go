package engine_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

const escalating = `
contact "first" { name = "Ann" }
contact "second" { name = "Bob" }
escalation "oncall" {
  level {
    contact = contact.first
    after   = "10m"
  }
  level {
    contact = contact.second
    after   = "30m"
    brief   = "Nobody has answered."
  }
}
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  approval {
    prompt     = "Change it?"
    timeout    = "1h"
    escalation = escalation.oncall
  }
}
`

// later copies a run to a new journal as if all of it had happened so much earlier.
func later(t *testing.T, from journal.Journal, runID string, by time.Duration) journal.Journal {
	t.Helper()
	to := enginetest.Store(t)
	for entry, err := range from.Events(t.Context(), runID) {
		if err != nil {
			t.Fatal(err)
		}
		e := entry.Event
		e.Time = e.Time.Add(-by)
		for _, at := range []*time.Time{e.Deadline, e.Until} {
			if at != nil {
				*at = at.Add(-by)
			}
		}
		if entry.JSON, err = json.Marshal(e); err != nil {
			t.Fatal(err)
		}
		if e.Header != nil {
			for _, ref := range e.Files {
				content, err := from.File(t.Context(), runID, ref.SHA256)
				if err != nil {
					t.Fatal(err)
				}
				entry.Files = append(entry.Files, journal.File{SHA256: ref.SHA256, Content: content})
			}
		}
		if err := to.Append(t.Context(), runID, []journal.Entry{entry}); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return to
}

// levels are the contacts of the levels that fell due in a session.
func levels(out enginetest.Outcome) []string {
	var who []string
	for _, e := range out.Events {
		if e.Type == run.StepEscalated {
			who = append(who, e.Level.Contact)
		}
	}
	return who
}

// TestEscalationOverRestarts: the levels and the limit of a question count from when it was asked, whatever process runs
// the run; a level is told once.
func TestEscalationOverRestarts(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, escalating, enginetest.Options{Journal: j})
	if out.Result == nil || !out.Result.Paused || len(levels(out)) > 0 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	id := out.Result.RunID
	for _, session := range []struct {
		after  time.Duration
		calls  string
		paused bool
	}{
		{5 * time.Minute, "", true},
		{10 * time.Minute, "Ann", true}, // 15 minutes in all
		{10 * time.Minute, "", true},
		{10 * time.Minute, "Bob", true},
		{40 * time.Minute, "", false}, // the hour is over
	} {
		j = later(t, j, id, session.after)
		out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
		if out.Result == nil || out.Result.Paused != session.paused {
			t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
		}
		if got := levels(out); !strings.HasPrefix(strings.Join(got, ","), session.calls) || len(got) > 1 || (len(got) == 1) != (session.calls != "") {
			t.Errorf("after %s more: %q was called, not %q\n%s", session.after, got, session.calls, out.Stream)
		}
	}
	if diff := cmp.Diff(map[string]run.Outcome{"change": run.Fail}, out.Outcomes()); diff != "" || len(fake.Log()) > 0 {
		t.Errorf("%s%q\n%s", diff, fake.Log(), out.Stream)
	}
}

// TestEscalationMissedWhole: what fell due while nobody ran the run is told when it goes on, in its order.
func TestEscalationMissedWhole(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, escalating, enginetest.Options{Journal: j})
	id := out.Result.RunID
	j = later(t, j, id, 45*time.Minute)
	out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
	if got := levels(out); len(got) != 2 || !strings.HasPrefix(got[0], "Ann") || !strings.HasPrefix(got[1], "Bob") || !out.Result.Paused {
		t.Errorf("%q were called\n%s", got, out.Stream)
	}
}
