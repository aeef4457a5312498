package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const twoQuestions = `
runbook "two" {}
provider "fake" {}
contact "anna" {}
escalation "night" {
  level {
    contact = contact.anna
    after   = "1h"
  }
}
step "fake_write" "a" {
  id = "a"
  undo "fake_write" { id = "a back" }
}
step "fake_ask" "first" {
  prompt     = "Well after a?"
  depends_on = [step.a]
}
step "fake_write" "b" {
  id         = "b"
  depends_on = [step.first]
}
step "fake_ask" "second" {
  prompt     = "Well after b?"
  escalation = escalation.night
  depends_on = [step.b]
}
step "fake_write" "c" {
  id         = "c"
  depends_on = [step.second]
}
`

// TestOnlyWhatCouldCountWaits: once a run goes on after an undo, a question further down waits for nobody until what comes before it has run
// again: it is in no list, and an answer to it is refused, with why.
func TestOnlyWhatCouldCountWaits(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitInterrupted, []string{"second waits for"}, "apply", tt.file(t, "x.hcl", twoQuestions), "--auto-approve", "--answer", "first=yes")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitPassed, nil, "answer", id, "second", "yes")
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, "a", "--auto-approve")
	not := func(status int, want, without string, args ...string) {
		t.Helper()
		next := tt.again(t, false, "")
		next.does(t, status, []string{want}, args...)
		if strings.Contains(next.out.String(), without) {
			t.Errorf("%s:\n%s", args, next.out)
		}
	}
	not(ExitInterrupted, "first waits for a yes or no", "second waits", "resume", id, "--auto-approve")
	not(ExitPassed, "first waits for a yes or no", "second", "answer", id)
	not(ExitPassed, `"step": "first"`, "second", "answer", id, "--json")
	not(ExitPassed, "paused", "answered", "runs")
	const again = "second is asked again, as what comes before it, or a part of it, runs again first: no answer counts until then"
	tt.again(t, false, "").does(t, ExitRefused, []string{again, "runbook resume " + id + " --answer 'second=yes|no'"}, "answer", id, "second", "yes")
	tt.again(t, false, "").does(t, ExitPassed, nil, "answer", id, "first", "yes")
	tt.again(t, false, "").does(t, ExitInterrupted, []string{"✓ b", "an answer does not count", "second waits for a yes or no"}, "resume", id, "--auto-approve")
	tt.again(t, false, "").does(t, ExitPassed, []string{"yes is kept"}, "answer", id, "second", "yes")
	tt.again(t, false, "").does(t, ExitPassed, []string{"✓ c"}, "resume", id, "--auto-approve")
	if diff := cmp.Diff([]string{"a", "b", "a back", "a", "b", "c"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}
