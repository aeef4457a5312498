package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoWriteWhoseUndoStartsWhatIsNotAllowed: a step whose undo starts a program that no policy lists is not sent, where a result tells which.
func TestNoWriteWhoseUndoStartsWhatIsNotAllowed(t *testing.T) {
	for result, status := range map[string]int{"/bin/rmdir": ExitFailed, "/bin/cat": ExitPassed} {
		tt := withProviders(t)
		made := filepath.Join(t.TempDir(), "made")
		file := tt.file(t, "x.hcl", `
runbook "guarded" {}
policy { commands = ["/bin/echo", "/bin/mkdir", "/bin/cat"] }
step "local_command" "q" {
  command = ["/bin/echo", "`+result+`"]
  effect  = "read"
}
step "local_command" "w" {
  command = ["/bin/mkdir", "`+made+`"]
  effect  = "write"
  undo "local_command" { command = [trimspace(step.q.stdout), "`+made+`"] }
}
`)
		tt.does(t, status, nil, "apply", file, "--auto-approve")
		if _, err := os.Stat(made); (err == nil) != (status == ExitPassed) {
			t.Errorf("%s: it was sent: %v", result, err == nil)
		}
		const refused = `The policy does not allow the program "/bin/rmdir", which the undo of step "w" starts.`
		if strings.Contains(tt.out.String(), refused) != (status == ExitFailed) {
			t.Errorf("%s: it says otherwise:\n%s%s", result, tt.out, tt.err)
		}
	}
}
