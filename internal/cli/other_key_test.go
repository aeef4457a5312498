package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAnswerAfterTheKeyIsLost: a sensitive answer that no session took in, and that none can read any more, is told as not counting; the step
// waits again, and takes another from another shell.
func TestAnswerAfterTheKeyIsLost(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	file := tt.file(t, "x.hcl", "runbook \"x\" {}\nprovider \"fake\" {}\nstep \"fake_ask\" \"ok\" {\n  prompt    = \"Well?\"\n  sensitive = true\n}\n")
	tt.does(t, ExitInterrupted, nil, "apply", file)
	id := tt.lastRun(t)
	tt.again(t, false, "yes").does(t, ExitPassed, []string{"is kept"}, "answer", id, "ok")
	if err := os.Remove(filepath.Join(tt.dir, ".local", "state", "runbook", "key")); err != nil {
		t.Fatal(err)
	}
	lost := []string{"a part of the run is encrypted with a key that is not there; what this session has to encrypt goes under a new one", "an answer does not count, as it is sensitive, and can't be read with the key that is here", "ok waits for", "runbook answer " + id + " ok"}
	tt.again(t, false, "").does(t, ExitInterrupted, lost, "resume", id)
	tt.again(t, false, "").does(t, ExitPassed, []string{"ok waits for"}, "answer", id)
	tt.again(t, false, "yes").does(t, ExitPassed, []string{"is kept"}, "answer", id, "ok")
	tt.again(t, false, "").does(t, ExitPassed, []string{"passed: 1"}, "resume", id)
}
