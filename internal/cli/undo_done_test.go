package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestAnUndoIsDoneByHandWithoutTheKey: where the key of a sensitive variable is gone for good, what was taken back by hand is taken as such, and
// the way there is told; no other key takes the place of the lost one.
func TestAnUndoIsDoneByHandWithoutTheKey(t *testing.T) {
	outputs := []string{"token", "it needs a variable that is encrypted, and was not read in this session", "call = called"}
	for name, tail := range map[string]string{
		"failed": "step \"fake_write\" \"boom\" {\n  id = \"boom\"\n  depends_on = [step.w]\n  assert {\n    condition = self.call < 0\n  }\n}\n",
		"passed": "output \"token\" {\n  value = nonsensitive(var.token)\n}\noutput \"call\" {\n  value = \"called\"\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.run("apply", tt.file(t, "x.hcl", `
runbook "keyed" {}
variable "token" {
  type      = string
  sensitive = true
}
provider "fake" {}
step "fake_write" "w" {
  id    = "w"
  value = var.token
  undo "fake_write" {
    id    = "back"
    value = var.token
  }
}
`+tail), "--auto-approve", "--var", "token=hunter2-q7")
			id, did := tt.lastRun(t), tt.fake.Log()
			key := filepath.Join(tt.dir, ".local", "state", "runbook", "key")
			if err := os.Remove(key); err != nil {
				t.Fatal(err)
			}
			says := []string{"there is no key", "take back by hand", "say so with: \"runbook undo " + id + " w@"}
			for range 2 {
				tt.again(t, false, "").does(t, ExitRefused, says, "undo", id, "w", "--auto-approve")
			}
			tt.again(t, false, "").does(t, ExitRefused, says, "undo", id, "--in-doubt", "done", "--auto-approve")
			var told []string
			if name == "passed" {
				told = outputs
			}
			next := tt.again(t, false, "")
			next.does(t, ExitPassed, append(told, "the undo of w, which was never sent, counts as done by hand"), "undo", id, "w", "--in-doubt", "done")
			if said := next.out.String() + next.err.String(); strings.Contains(said, "hunter2") {
				t.Errorf("the secret is shown:\n%s", said)
			}
			if _, err := os.Stat(key); !os.IsNotExist(err) {
				t.Errorf("there is another key: %v", err)
			}
			tt.again(t, false, "").does(t, ExitRefused, []string{"nothing to undo"}, "undo", id, "w", "--in-doubt", "done")
			if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAnUndoDoneByHandKeepsTheOutputs where they can be had, and needs no secret of one that can't.
func TestAnUndoDoneByHandKeepsTheOutputs(t *testing.T) {
	const text = `
runbook "keyed" {}
variable "token" {
  type      = string
  sensitive = true
}
provider "fake" {}
step "fake_write" "w" {
  id    = "w"
  value = var.token
  undo "fake_write" { id = "back" }
}
output "long" { value = nonsensitive(length(var.token)) }
output "other" { value = nonsensitive(secret("env:OTHER")) }
`
	tt := newTerminal(t, false, nil, nil)
	env := map[string]string{"OTHER": "another"}
	tt.Lookup = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve", "--var", "token=hunter2-q7")
	next := tt.again(t, false, "") // where the secret is not to be had
	next.does(t, ExitPassed, []string{"counts as done by hand", "long = 10", "other", "OTHER"}, "undo", tt.lastRun(t), "w", "--in-doubt", "done")
}

// TestAWordThatMayBeAboutTwoUndos is refused: of a step of which the undo of one instance failed, and that of another was never sent.
func TestAWordThatMayBeAboutTwoUndos(t *testing.T) {
	const text = `
runbook "each" {}
provider "fake" {}
step "fake_write" "w" {
  for_each = toset(["a", "b"])
  id       = "w ${each.key}"
  undo "fake_write" { id = "back ${each.key}" }
}
`
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if id == "back b" {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitLeftOver, nil, "undo", id, `w["b"]`, "--auto-approve")
	did := tt.fake.Log()
	next := tt.again(t, false, "")
	next.does(t, ExitRefused, []string{"nothing was run: --in-doubt done: the undo of w[\"b\"]@", "failed at", "was not tried since"}, "undo", id, "w", "--in-doubt", "done", "--auto-approve")
	_, command, _ := strings.Cut(strings.TrimSpace(next.err.String()), "leave out what is to be sent: runbook ")
	tt.again(t, false, "").does(t, ExitPassed, []string{"counts as done by hand"}, strings.Fields(strings.ReplaceAll(command, "'", ""))...)
	if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}
