package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestSkippedForWhatRunsAgain: what was skipped for what a step came to is decided anew once that step runs again, and what hangs on
// it too; what was skipped for other reasons stays.
func TestSkippedForWhatRunsAgain(t *testing.T) {
	t.Parallel()
	const text = `
provider "fake" {}
step "fake_read" "a" { id = "a" }
step "fake_read" "well" {
  when = step.a.outcome == "pass"
  id   = "well"
}
step "fake_read" "behind" {
  depends_on = [step.well]
  id         = "behind"
}
step "fake_read" "each" {
  for_each = toset(["x"])
  when     = each.key == "y" || step.a.outcome == "pass"
  id       = "each ${each.key}"
}
step "fake_read" "never" {
  when = var.no
  id   = "never"
}
variable "no" { default = false }
`
	mended := false
	fake, j := fails("a", &mended), enginetest.Store(t)
	out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j})
	mended = true
	out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j})
	if out.Result == nil || out.Result.ExitStatus != 0 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	got := map[string]int{}
	for _, id := range fake.Log() {
		got[id]++
	}
	if diff := cmp.Diff(map[string]int{"a": 2, "well": 1, "behind": 1, "each x": 1}, got); diff != "" {
		t.Error(diff)
	}
}

// TestHandlerOfWhatFailsLater: a handler of failures that had nothing to do handles one that comes when a step that was undone runs again.
func TestHandlerOfWhatFailsLater(t *testing.T) {
	t.Parallel()
	const text = `
provider "fake" {}
step "fake_write" "a" {
  id = "a"
  undo "fake_write" { id = "back" }
}
step "fake_read" "why" {
  run_if     = "failure"
  depends_on = [step.a]
  id         = "why"
}
`
	well := true
	fake, j := fails("a", &well), enginetest.Store(t)
	opts := enginetest.Options{Journal: j, AutoApprove: true}
	out := enginetest.Run(t, fake, text, opts)
	enginetest.Undo(t, fake, out.Result.RunID, opts)
	well = false
	out = enginetest.Resume(t, fake, out.Result.RunID, opts)
	if out.Result == nil || out.Result.ExitStatus != 1 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	if diff := cmp.Diff([]string{"a", "back", "a", "why"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}
