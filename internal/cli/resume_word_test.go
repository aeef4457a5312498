package cli

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestAWordAboutNothingIsRefused where it says that something was done, which would be done again. What is to become of writes in doubt can be said
// whether there are any or not.
func TestAWordAboutNothingIsRefused(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	broken := true
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if broken && id == "change" {
			return enginetest.ErrUnreachable() // surely not sent
		}
		return nil
	}
	tt.does(t, ExitFailed, nil, "apply", tt.file(t, "x.hcl", doubtful), "--auto-approve")
	id, did := tt.lastRun(t), tt.fake.Log()
	says := "nothing was run: --in-doubt done: nothing of run " + id + " is in doubt, so the word is about nothing. " +
		"Leave it out to go on with the run, which does again what did not pass: runbook resume " + id
	tt.again(t, false, "").does(t, ExitRefused, []string{says}, "resume", id, "--in-doubt", "done", "--auto-approve")
	tt.again(t, false, "").does(t, ExitRefused, []string{"nothing of that step is in doubt; nothing is in doubt"}, "resume", id, "--in-doubt", "change=done")
	if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
	tt.again(t, false, "").does(t, ExitFailed, []string{"✗ change"}, "resume", id, "--in-doubt", "abort", "--auto-approve")
	broken = false
	tt.again(t, false, "").does(t, ExitPassed, []string{"✓ change"}, "resume", id, "--in-doubt", "redo", "--auto-approve")
}
