package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const waitsWithAnUndo = `
runbook "waits" {}
provider "fake" { name = "production" }
step "fake_write" "cordon" {
  id = "cordon"
  undo "fake_write" {
    on = "end"
    id = "uncordon"
  }
}
step "fake_ask" "well" {
  prompt     = "Well?"
  depends_on = [step.cordon]
}
`

// TestCancelAsksBeforeUndos: ending a paused run changes something where undos are due.
func TestCancelAsksBeforeUndos(t *testing.T) {
	first := newTerminal(t, false, nil, nil)
	path := first.file(t, "x.hcl", waitsWithAnUndo)
	tt := first.again(t, true, "yes\n") // and nothing more, so that the run pauses at the question
	tt.does(t, ExitInterrupted, []string{"paused"}, "apply", path)
	id := tt.lastRun(t)
	first.again(t, false, "").does(t, ExitRefused, []string{"undo of cordon", "fake://production", "--auto-approve"}, "cancel", id)
	first.again(t, true, "no\n").does(t, ExitRefused, []string{"nothing was run"}, "cancel", id)
	if diff := cmp.Diff([]string{"cordon"}, first.fake.Log()); diff != "" {
		t.Error(diff)
	}
	first.again(t, true, "yes\n").does(t, ExitPassed, []string{"■ well", "undo cordon"}, "cancel", id)
	first.again(t, false, "").does(t, ExitRefused, []string{"has ended"}, "cancel", id)
	if diff := cmp.Diff([]string{"cordon", "uncordon"}, first.fake.Log()); diff != "" {
		t.Error(diff)
	}
}
