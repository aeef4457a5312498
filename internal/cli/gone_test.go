package cli

import (
	"strings"
	"testing"
)

// TestQuestionOfAStepThatIsGone: who resumes with a file that does not have the step any more is not shown its question, then or later.
func TestQuestionOfAStepThatIsGone(t *testing.T) {
	const others = `
runbook "asks" {}
provider "fake" {}
step "fake_ask" "busy" { prompt = "Is it busy?" }
`
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "x.hcl", others+`
step "fake_ask" "calm" {
  for_each = toset(["sea", "wind"])
  prompt   = "Is the ${each.key} calm?"
}
`), "--auto-approve")
	id := tt.lastRun(t)
	tt.file(t, "x.hcl", others)
	for _, args := range [][]string{{"resume", id, "--with-changes"}, {"answer", id}, {"resume", id}} {
		next := tt.again(t, false, "")
		next.run(args...)
		said := next.out.String() + next.err.String()
		if !strings.Contains(said, "Is it busy?") || strings.Contains(said, "calm?") {
			t.Errorf("%s says\n%s", strings.Join(args, " "), said)
		}
	}
	tt.again(t, false, "").does(t, ExitPassed, []string{"step calm is gone"}, "show", id)
}
