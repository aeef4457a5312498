package cli

import "testing"

// TestTimesBesideAWriteInDoubt: a run that pauses with a write in doubt has status 3, as it waits for a person. A timer that resumes it is
// told with status 4 that nothing falls due before the write is settled, and once it is, the times are kept again.
func TestTimesBesideAWriteInDoubt(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	cutOff(tt)
	file := tt.file(t, "x.hcl", `
runbook "doubtful" {}
provider "fake" {}
step "fake_write" "change" { id = "change" }
step "fake_ask" "sure" { prompt = "Sure?" }
`)
	tt.does(t, ExitInterrupted, []string{"nobody knows whether it took place", "paused:"}, "apply", file, "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitLeftOver, []string{
		"nothing was run: look whether change took place", "Until then no time limit of the questions of the run counts, and none of their levels is told.",
	}, "resume", id, "--auto-approve")
	tt.again(t, false, "").does(t, ExitInterrupted, []string{"counts as done", "paused:"}, "resume", id, "--auto-approve", "--in-doubt", "done")
}
