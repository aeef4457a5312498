package engine_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// settledAs is a run whose doubts are all settled by one decision, as a resume would tell of it.
func settledAs(t *testing.T, fake *enginetest.Fake, j journal.Journal, id, decision string) *engine.Recalled {
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
	return r
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
			if got := settledAs(t, fake, j, id, decision).Repeated; len(got) > 0 {
				t.Errorf("after event %d, %s of %s, with %s: %q", n, e.Type, e.Step, decision, got)
			}
		}
	}
	if !resumed {
		t.Error("the run was not resumed")
	}
}

// TestWhatCountsAsDoneDoesNotRunAgain: a step that depends on one that was undone is not told to run again where its write counts as done.
func TestWhatCountsAsDoneDoesNotRunAgain(t *testing.T) {
	t.Parallel()
	const text = `
runbook "x" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "a" {
  id = "a"
  undo "fake_write" { id = "a back" }
}
step "fake_write" "b" {
  id                = "b"
  depends_on        = [step.a]
  continue_on_error = true
}
step "fake_write" "c" {
  id         = "c"
  depends_on = [step.a]
}
step "fake_read" "gate" {
  id         = "gate"
  depends_on = [step.b, step.c]
}
`
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		switch id {
		case "b":
			return enginetest.ErrUnclear
		case "gate":
			return enginetest.ErrUnreachable()
		}
		return nil
	}}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.RunFile(t, fake, files(t, map[string]string{"parent.hcl": text}), opts)
	out.Ends(t, 4)
	for decision, want := range map[string][]string{
		run.DecisionDone: {"runs again, as a was undone: c", "stays, as it counts as done, though a was undone, which it stands on: b"},
		run.DecisionRedo: {"runs again, as a was undone: b, c"},
	} {
		r := settledAs(t, fake, opts.Journal, out.Result.RunID, decision)
		if diff := cmp.Diff(want, r.Behind); diff != "" {
			t.Errorf("%s: %s", decision, diff)
		}
	}
}
