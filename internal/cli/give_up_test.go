package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
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

// waitsWithASecret is a paused run with a lock, whose undo needs a secret, and a terminal that has it.
func waitsWithASecret(t *testing.T) (*terminal, string) {
	text := strings.Replace(strings.Replace(waitsWithAnUndo, `"waits" {}`, `"waits" { lock = "gone" }`, 1), `id = "uncordon"`, `id = "uncordon ${secret("env:BACK")}"`, 1)
	tt := newTerminal(t, false, nil, map[string]string{"BACK": "back-12345"})
	tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
	return tt, tt.lastRun(t)
}

// TestCancelWhereASecretIsGone: a run ends, and frees its lock, where the undo that is due can't be sent for want of a secret. What was
// done by hand then is taken as such without it.
func TestCancelWhereASecretIsGone(t *testing.T) {
	first, id := waitsWithASecret(t)
	first.again(t, false, "").does(t, ExitLeftOver, []string{"an undo that needs it will fail", "BACK is not set", "Take the effect of step cordon back by hand: fake_write on fake://production with id = ", "--in-doubt done"}, "cancel", id)
	first.again(t, false, "").does(t, ExitRefused, []string{"has ended"}, "cancel", id)
	first.again(t, false, "").does(t, ExitRefused, []string{"nobody holds"}, "unlock", "gone")
	first.again(t, false, "").does(t, ExitRefused, []string{"BACK is not set"}, "undo", id, "--auto-approve")
	first.again(t, false, "").does(t, ExitPassed, []string{"counts as done by hand"}, "undo", id, "--in-doubt", "done", "--auto-approve")
	if diff := cmp.Diff([]string{"cordon"}, first.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestAnUndoInDoubtWhereASecretIsGone: who looked, and says that it took place, needs no secret for that; to send it again takes it.
func TestAnUndoInDoubtWhereASecretIsGone(t *testing.T) {
	first, id := waitsWithASecret(t)
	first.fake.Do = func(_ context.Context, id string, _ int) error {
		if strings.HasPrefix(id, "uncordon") {
			return errors.New("the answer got lost")
		}
		return nil
	}
	first.does(t, ExitLeftOver, []string{"nobody knows whether it took place"}, "cancel", id)
	did := slices.Clone(first.fake.Log())
	first.again(t, false, "").does(t, ExitRefused, []string{"BACK is not set"}, "undo", id, "--in-doubt", "redo", "--auto-approve")
	first.again(t, false, "").does(t, ExitPassed, []string{"counts as done"}, "undo", id, "--in-doubt", "cordon=done", "--auto-approve")
	if diff := cmp.Diff(did, first.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestCancelNeedsNoSecrets: who gives a run up that has nothing to undo needs neither its secrets nor its key; where something is to
// be undone, the key is needed, and nothing is run without.
func TestCancelNeedsNoSecrets(t *testing.T) {
	const text = `
runbook "waits" {}
provider "fake" { name = var.token }
variable "token" {
  type      = string
  sensitive = true
  validation {
    condition     = length(var.token) > 3
    error_message = "Too short."
  }
}
step "fake_ask" "well" { prompt = "Well?" }
step "fake_read" "use" {
  id    = "use"
  value = "${var.token} ${secret("env:PASSWORD")}"
  depends_on = [step.well]
}
`
	const undo = `
step "fake_write" "cordon" {
  id = "cordon"
  undo "fake_write" {
    on    = "end"
    id    = "uncordon"
  }
}
`
	for more, status := range map[string]int{"": ExitPassed, undo: ExitRefused} {
		tt := newTerminal(t, false, nil, map[string]string{"PASSWORD": "hunter2", "RUNBOOK_VAR_token": "t0ken"})
		tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "x.hcl", text+more), "--auto-approve")
		id := tt.lastRun(t)
		if err := os.Remove(filepath.Join(tt.dir, ".local", "state", "runbook", "key")); err != nil {
			t.Fatal(err)
		}
		calls := len(tt.fake.Log())
		next := tt.again(t, false, "") // without the password
		next.does(t, status, nil, "cancel", id)
		if got := len(tt.fake.Log()); got != calls {
			t.Errorf("%q: %q", more, tt.fake.Log())
		}
		if more != "" {
			refused := tt.again(t, false, "")
			refused.does(t, ExitRefused, []string{`see how to settle without it what is left, with: "runbook undo ` + id + `"`}, "cancel", id)
			refused = tt.again(t, false, "")
			refused.does(t, ExitRefused, []string{"there is no key"}, "undo", id)
			ways := waysIn(refused.err.String())
			if len(ways) != 1 {
				t.Fatalf("not one way is named:\n%s", refused.err)
			}
			tt.again(t, false, "").does(t, ExitPassed, []string{"counts as done by hand"}, ways[0]...)
			tt.again(t, false, "").does(t, ExitPassed, nil, "cancel", id)
		}
		if more == "" {
			tt.again(t, false, "").does(t, ExitPassed, []string{"■ well", "■ use"}, "show", id)
		}
	}
}

// TestAFailedUndoStaysLeftToLookAt: until the run has passed, which stands on what is there, also where it is given up or goes on and fails.
func TestAFailedUndoStaysLeftToLookAt(t *testing.T) {
	text := strings.Replace(strings.Replace(waitsWithAnUndo, "    on = \"end\"\n", "", 1), `prompt     = "Well?"`, "prompt     = \"Well?\"", 1)
	for name, c := range map[string]struct {
		args   []string
		status int
	}{
		"given up": {[]string{"cancel"}, ExitLeftOver},
		"failed":   {[]string{"resume", "--answer", "well=no", "--auto-approve"}, ExitLeftOver},
		"passed":   {[]string{"resume", "--answer", "well=yes", "--auto-approve"}, ExitPassed},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.fake.Do = func(_ context.Context, id string, _ int) error {
				if id == "uncordon" {
					return enginetest.ErrUnreachable()
				}
				return nil
			}
			tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
			id := tt.lastRun(t)
			tt.again(t, false, "").does(t, ExitLeftOver, nil, "undo", id, "--auto-approve")
			tt.again(t, false, "").does(t, c.status, nil, append([]string{c.args[0], id}, c.args[1:]...)...)
			listed := tt.again(t, false, "")
			listed.does(t, ExitPassed, nil, "runs")
			if left := strings.Contains(listed.out.String(), "undo failed: cordon"); left != (c.status == ExitLeftOver) {
				t.Errorf("runs says\n%s", listed.out)
			}
		})
	}
}
