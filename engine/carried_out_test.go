package engine_test

import (
	"testing"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// takenBack is a run whose writes are undone by its failure.
var takenBack = map[string]string{
	"parent.hcl": `
runbook "parent" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "a" {
  id = "a"
  undo "fake_write" { id = "a back" }
}
step "fake_write" "each" {
  for_each   = toset(["x", "y"])
  id         = "each ${each.key}"
  depends_on = [step.a]
  undo "fake_write" { id = "each back" }
}
step "runbook" "in" {
  for_each   = toset(["x", "y"])
  source     = "./child.hcl"
  depends_on = [step.each]
}
step "fake_read" "gate" {
  id         = "gate"
  depends_on = [step.in]
}
`,
	"child.hcl": `
runbook "child" {}
provider "fake" {}
step "fake_write" "w" {
  id = "w"
  undo "fake_write" { id = "w back" }
}
`,
}

// repeated is what a resume would tell of writes that take place a second time.
func repeated(t *testing.T, fake *enginetest.Fake, j journal.Journal, id, decision string) []string {
	t.Helper()
	r, diags := enginetest.New(fake, nil).Recall(t.Context(), id, engine.RecallOptions{RunOptions: engine.RunOptions{Journal: j}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var settled []local.Settled
	for _, d := range r.Doubts() {
		settled = append(settled, local.Settled{Doubt: d, Resolution: run.Resolution{Decision: decision}})
	}
	r.Settle(settled)
	if diags := r.Drop(t.Context()); diags.HasErrors() {
		t.Error(diags)
	}
	return r.Repeated
}

// TestWhatWasUndoneIsNotCarriedOutTwice: wherever a resume breaks off, the next tells of no write that was undone, or that counts as done,
// that what it did stays.
func TestWhatWasUndoneIsNotCarriedOutTwice(t *testing.T) {
	t.Parallel()
	mended := false
	fake, whole := fails("gate", &mended), enginetest.Store(t)
	opts := enginetest.Options{Journal: whole, AutoApprove: true}
	out := enginetest.RunFile(t, fake, files(t, takenBack), opts)
	out.Ends(t, 1)
	mended = true
	id := out.Result.RunID
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)

	resumed, n := false, 0
	for entry, err := range whole.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		e := entry.Event
		if resumed = resumed || e.Type == run.RunResumed; !resumed || e.Type == run.RunFinished {
			continue
		}
		j := enginetest.CutAfter(t, whole, id, n)
		for _, decision := range []string{run.DecisionDone, run.DecisionRedo} {
			if got := repeated(t, fake, j, id, decision); len(got) > 0 {
				t.Errorf("after event %d, %s of %s, with %s: %q", n, e.Type, e.Step, decision, got)
			}
		}
	}
	if !resumed {
		t.Error("the run was not resumed")
	}
}
