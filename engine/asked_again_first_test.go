package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// waitsForMuch asks behind a write that can be undone, behind one that follows it, behind a read that failed (which stays that), and behind nothing.
var waitsForMuch = map[string]string{
	"parent.hcl": `
runbook "parent" {}
provider "fake" {}
step "fake_write" "a" {
  id = "a"
  undo "fake_write" { id = "a back" }
}
step "fake_write" "b" {
  id         = "b"
  depends_on = [step.a]
}
step "fake_read" "broken" { id = "broken" }
step "fake_ask" "free" { prompt = "Free?" }
step "fake_ask" "behind_a" {
  prompt     = "After a?"
  depends_on = [step.a]
}
step "fake_ask" "behind_b" {
  for_each   = toset(["x", "y"])
  prompt     = "After b?"
  depends_on = [step.b]
}
step "fake_ask" "behind_broken" {
  prompt     = "After what broke?"
  run_if     = "always"
  depends_on = [step.broken]
}
step "runbook" "in" {
  source     = "./child.hcl"
  depends_on = [step.b]
}
step "runbook" "apart" { source = "./child.hcl" }
`,
	"child.hcl": `
runbook "child" {}
provider "fake" {}
step "fake_ask" "q" { prompt = "Within?" }
`,
}

// TestPauseNamesWhatIsAskedAgain: a paused run tells of which questions no answer counts, as what comes before them runs again first, and
// these are those that the resume asks again.
func TestPauseNamesWhatIsAskedAgain(t *testing.T) {
	t.Parallel()
	mended := false
	fake, j := fails("broken", &mended), enginetest.Store(t)
	opts := enginetest.Options{Journal: j, AutoApprove: true}
	out := enginetest.RunFile(t, fake, files(t, waitsForMuch), opts)
	out.Pauses(t)
	id := out.Result.RunID
	pausedWith := func(want ...string) {
		t.Helper()
		got := out.Events[len(out.Events)-1]
		if diff := cmp.Diff(want, got.AskedAgain); diff != "" || got.Type != run.RunPaused {
			t.Errorf("%s: %s", got.Type, diff)
		}
		out = enginetest.Resume(t, fake, id, opts)
		out.Pauses(t)
		asked := map[string]bool{}
		for _, e := range out.Events {
			if e.Question != nil {
				asked[e.Step] = true
			}
		}
		for _, step := range want {
			if !asked[step] {
				t.Errorf("%s was not asked again", step)
			}
		}
		if diff := cmp.Diff(want, out.Events[0].AskedAgain); diff != "" || out.Events[0].Type != run.RunResumed {
			t.Errorf("%s: %s", out.Events[0].Type, diff)
		}
		if len(asked) != len(want) {
			t.Errorf("asked again: %v", asked)
		}
	}
	pausedWith() // what failed stays that until the run has ended
	mended = true
	pausedWith()
	out = enginetest.Undo(t, fake, id, opts, "a")
	pausedWith("behind_a", `behind_b["x"]`, `behind_b["y"]`, "in/q")
	pausedWith()
}
