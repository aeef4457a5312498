package cli

import (
	"fmt"
	"strings"
	"testing"
)

// TestWhatAnUndoDestroys: it is said by what the arguments of an undo do; as long as these are not known, that it may.
func TestWhatAnUndoDestroys(t *testing.T) {
	const (
		changes  = "This run changes something:"
		destroys = "This run destroys something that can't be brought back:"
		may      = "This run may destroy something that can't be brought back:"
	)
	runbook := func(action, id, more string) string {
		return fmt.Sprintf(`
runbook "x" {}
provider "fake" {}
variable "to" { default = "zero" }
step %q "w" {
  id = "w"
  %s
  undo "fake_scale" { id = %s }
}
`, action, more, id)
	}
	says := func(t *testing.T, tt *terminal, want string, others ...string) {
		t.Helper()
		said := tt.out.String() + tt.err.String()
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said:\n%s", want, said)
		}
		for _, other := range others {
			if strings.Contains(said, other) {
				t.Errorf("%q is said:\n%s", other, said)
			}
		}
	}
	for name, tc := range map[string]struct{ id, before, approved, after string }{
		"of the result, back":    {`"back ${self.call}"`, may, "which may be destructive", changes},
		"of the result, to zero": {`self.call > 0 ? "zero" : "one"`, may, "which may be destructive", destroys},
		"of a variable":          {`var.to`, destroys, "which is destructive", destroys},
		"written out":            {`"one"`, changes, "", changes},
	} {
		t.Run(name, func(t *testing.T) {
			// The undo of a read is asked about beforehand, that of a write when it is run by hand, or with its approval.
			tt := newTerminal(t, false, nil, nil)
			tt.does(t, ExitRefused, nil, "apply", tt.file(t, "read.hcl", runbook("fake_read", tc.id, "")))
			all := []string{changes, may, destroys}
			says(t, tt, tc.before, without(all, tc.before)...)

			tt = newTerminal(t, false, nil, nil)
			tt.does(t, ExitPassed, nil, "apply", tt.file(t, "write.hcl", runbook("fake_write", tc.id, "")), "--auto-approve")
			next := tt.again(t, false, "")
			next.does(t, ExitRefused, nil, "undo", tt.lastRun(t))
			says(t, next, tc.after, without(all, tc.after)...)

			tt = newTerminal(t, false, nil, nil)
			tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "approved.hcl", runbook("fake_write", tc.id, "approval {}")), "--auto-approve")
			words := []string{"which may be destructive", "which is destructive"}
			says(t, tt, tc.approved, without(words, tc.approved)...)
		})
	}
}

func without(all []string, one string) []string {
	var out []string
	for _, text := range all {
		if text != one {
			out = append(out, text)
		}
	}
	return out
}
