package engine_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// TestDoneBehindAStepThatWasUndone: who waits for a write that counts as done waits for what stands before that write too, where it
// was undone and runs again.
func TestDoneBehindAStepThatWasUndone(t *testing.T) {
	t.Parallel()
	const text = `
provider "fake" {}
step "fake_write" "first" {
  id = "first"
  undo "fake_write" { id = "back" }
}
step "fake_write" "doubted" {
  id         = "doubted"
  depends_on = [step.first]
}
step "fake_read" "behind" {
  id         = "behind"
  depends_on = [step.doubted]
}
`
	whole := enginetest.Store(t)
	opts := enginetest.Options{Journal: whole, AutoApprove: true}
	out := enginetest.Run(t, &enginetest.Fake{}, text, opts)
	id := out.Events[0].Run
	cut := slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.StepStarted && e.Step == "doubted" })
	opts.Journal = enginetest.CutAfter(t, whole, id, cut+1)
	opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
		return run.Resolution{Decision: run.DecisionDone, How: "flag", Who: "ann", Why: "seen"}
	}
	fake := &enginetest.Fake{}
	enginetest.Undo(t, fake, id, opts, "first")
	out = enginetest.Resume(t, fake, id, opts)
	if out.Result == nil || out.Result.ExitStatus != 0 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	if diff := cmp.Diff([]string{"back", "first", "behind"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}
