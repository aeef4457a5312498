package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// TestUndoThatBreaksOffInAPausedRun: the program that undid something by hand in a paused run is gone. The run is paused all the same,
// once what was asked for is done.
func TestUndoThatBreaksOffInAPausedRun(t *testing.T) {
	const text = `
runbook "paused" { lock = "deploy" }
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  undo "fake_write" { id = "change back" }
}
step "fake_ask" "calm" {
  prompt     = "Is it calm?"
  depends_on = [step.change]
}
`
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	id := enginetest.Run(t, fake, text, enginetest.Options{Journal: j}).Result.RunID
	n := strings.Count(enginetest.Undo(t, fake, id, enginetest.Options{Journal: j}).Stream, "\n")
	all := 0
	for _, err := range j.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		all++
	}
	cut := enginetest.CutAfter(t, j, id, all-n+1) // behind run_resumed
	opts := enginetest.Options{Journal: cut}
	if _, _, err := cut.Acquire(t.Context(), "deploy", journal.Owner{Run: id, Runbook: "paused", User: "bob@ops", Host: "elsewhere"}, time.Nanosecond, nil); err != nil {
		t.Fatal(err)
	}
	const other = "runbook \"other\" { lock = \"deploy\" }\nprovider \"fake\" {}\nstep \"fake_write\" \"between\" { id = \"between\" }\n"
	if out := enginetest.Run(t, fake, other, opts); out.Result != nil || !strings.Contains(out.Diags.Error(), "paused since") {
		t.Errorf("another run comes in between: %v\n%s", out.Diags, out.Stream)
	}
	out := enginetest.Undo(t, fake, id, opts)
	if out.Result == nil || !out.Result.Paused || out.Result.ExitStatus != 0 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	if diff := cmp.Diff([]string{"deploy"}, heldNow(t, cut)); diff != "" {
		t.Error(diff)
	}
	out = enginetest.Undo(t, fake, id, opts)
	out.Pauses(t)
	out = enginetest.Resume(t, fake, id, opts)
	if out.Result == nil || !out.Result.Paused || out.Outcomes()["change"] != run.Pass {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	if diff := cmp.Diff([]string{"change", "change back", "change back", "change"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}
