package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
