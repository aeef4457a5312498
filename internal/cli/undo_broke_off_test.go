package cli

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const askedBeside = `
runbook "beside" {}
provider "fake" {}
step "fake_write" "a" {
  id = "a"
  undo "fake_write" { id = "a back" }
}
step "fake_write" "c" {
  id         = "c"
  depends_on = [step.a]
  undo "fake_write" { id = "c back" }
}
step "fake_ask" "calm" { prompt = "Is it calm?" }
step "fake_ask" "behind" {
  prompt     = "Well after a?"
  depends_on = [step.a]
}
step "fake_write" "b" {
  id         = "b"
  depends_on = [step.calm, step.behind]
}
`

// TestAnswerAfterAnUndoOfARunThatBrokeOff: what waited when the process was gone waits again once the run goes on, however often it was
// undone in between, and an answer from another shell counts. In between nobody is waited for.
func TestAnswerAfterAnUndoOfARunThatBrokeOff(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "x.hcl", askedBeside), "--auto-approve")
	id, whole := tt.lastRun(t), tt.history(t)
	var kinds []run.Type
	for e, err := range whole.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, e.Event.Type)
	}
	store := filepath.Join(t.TempDir(), "cut.db")
	enginetest.CutTo(t, whole, id, slices.Index(kinds, run.RunPaused), store)
	does := func(status int, says []string, args ...string) {
		t.Helper()
		tt.again(t, false, "").does(t, status, says, append(args, "--store", store)...)
	}
	for _, step := range []string{"c", "a"} {
		does(ExitPassed, []string{"✓ undo " + step}, "undo", id, step, "--auto-approve")
		does(ExitPassed, []string{"Nothing in run"}, "answer", id)
	}
	does(ExitInterrupted, []string{"calm waits for a yes or no", "behind waits for a yes or no"}, "resume", id, "--auto-approve")
	does(ExitPassed, []string{"Is it calm?", "Well after a?"}, "answer", id)
	does(ExitPassed, []string{"yes is kept"}, "answer", id, "calm", "yes")
	does(ExitPassed, []string{"yes is kept"}, "answer", id, "behind", "yes")
	does(ExitPassed, []string{"✓ b"}, "resume", id, "--auto-approve")
	if diff := cmp.Diff([]string{"a", "c", "c back", "a back", "a", "c", "b"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}
