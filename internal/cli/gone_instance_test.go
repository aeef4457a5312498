package cli

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/provider"
)

const (
	goneChild = `
runbook "child" {}
variable "k" { type = string }
provider "fake" {}
contact "ann" { name = "Ann" }
escalation "night" {
  level {
    contact = contact.ann
    after   = "1h"
  }
}
step "fake_write" "first" {
  id = "first ${var.k}"
  undo "fake_write" { id = "back ${var.k}" }
}
step "fake_write" "w" {
  id         = "w ${var.k}"
  depends_on = [step.first]
  approval {
    prompt     = "${var.k}?"
    timeout    = "2h"
    escalation = escalation.night
  }
}
`
	goneParent = `
runbook "p" {}
provider "fake" {}
step "runbook" "c" {
  for_each  = toset(["b", "c"])
  source    = "child.hcl"
  variables = { k = each.key }
}
`
)

// TestNobodyIsAskedInARunbookWhoseInstanceIsGone: no list has the question, no answer to it is kept, and nobody is called about it.
func TestNobodyIsAskedInARunbookWhoseInstanceIsGone(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.file(t, "child.hcl", goneChild)
	path := tt.file(t, "x.hcl", goneParent)
	tt.does(t, ExitInterrupted, []string{`c["b"]/w waits for an approval`}, "apply", path, "--auto-approve")
	id := tt.lastRun(t)
	rewrite(t, path, strings.Replace(goneParent, `"b", `, "", 1))
	not := func(status int, want string, args ...string) {
		t.Helper()
		next := tt.again(t, false, "")
		next.does(t, status, []string{want}, args...)
		if strings.Contains(next.out.String(), `c["b"]/w`) {
			t.Errorf("%s:\n%s", args, next.out)
		}
	}
	not(ExitInterrupted, `c["c"]/w waits for an approval`, "resume", id, "--with-changes", "--auto-approve")
	not(ExitPassed, `c["c"]/w waits for an approval`, "answer", id)
	not(ExitPassed, `"step": "c[\"c\"]/w"`, "answer", id, "--json")
	not(ExitPassed, "paused", "runs")
	tt.again(t, false, "").does(t, ExitRefused, []string{`step 'c["b"]/w' does not wait for a person; these do: c["c"]/w`}, "answer", id, `c["b"]/w`, "yes")
	next := tt.again(t, false, "")
	next.does(t, ExitPassed, []string{"## Waits for a person", "(no longer in the runbook)"}, "show", id, "--report", "markdown=/dev/stdout")
	if _, waits, _ := strings.Cut(next.out.String(), "## Waits for a person"); strings.Contains(waits[:strings.Index(waits, "\n## ")], `"b`) {
		t.Errorf("the report says %s", waits)
	}
	tt.again(t, false, "").does(t, ExitPassed, nil, "answer", id, `c["c"]/w`, "yes")
	not(ExitPassed, "passed: 1 passed", "resume", id)
	if diff := cmp.Diff([]string{"first b", "first c", "w c"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestWhatRunsAgainNamesNoInstanceThatIsGone, nor one that is new, and the question says the same as the session.
func TestWhatRunsAgainNamesNoInstanceThatIsGone(t *testing.T) {
	const text = `
runbook "p" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "w" {
  for_each = toset(["a", "b", "c"])
  id       = "w ${each.key}"
}
`
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if id == "w b" && n == 1 {
			return errors.New("the answer got lost")
		}
		return nil
	}
	path := tt.file(t, "x.hcl", text)
	tt.does(t, ExitLeftOver, nil, "apply", path, "--auto-approve")
	id := tt.lastRun(t)
	rewrite(t, path, strings.Replace(text, `"b", "c"`, `"c", "z"`, 1))
	for _, args := range [][]string{
		{"resume", id, "--with-changes", "--in-doubt", "redo"},
		{"resume", id, "--with-changes", "--in-doubt", "redo", "--auto-approve"},
		{"show", id},
	} {
		next := tt.again(t, false, "")
		next.run(args...)
		if said := next.out.String() + next.err.String(); !strings.Contains(said, "runs again: w[\"c\"]\n") || !strings.Contains(said, "z new; b gone") {
			t.Errorf("%s:\n%s", args, said)
		}
	}
	if diff := cmp.Diff([]string{"w a", "w b", "w c", "w z"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestADeclaredWriteOfAnInstanceThatIsGone is asked about: its author's word, that it may be sent again, says nothing where nothing sends it.
func TestADeclaredWriteOfAnInstanceThatIsGone(t *testing.T) {
	const text = `
runbook "p" {}
provider "fake" {}
step "fake_write" "w" {
  for_each = toset(["a", "b"])
  id       = "w ${each.key}"
  undo "fake_write" { id = "back ${each.key}" }
}
`
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Inquire = func(string) (provider.State, string, error) { return provider.Repeatable, "the author says so", nil }
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if id == "w b" {
			return errors.New("the answer got lost")
		}
		return nil
	}
	path := tt.file(t, "x.hcl", text)
	tt.does(t, ExitLeftOver, nil, "apply", path, "--auto-approve")
	id := tt.lastRun(t)
	rewrite(t, path, strings.Replace(text, `, "b"`, "", 1))
	next := tt.again(t, false, "")
	next.does(t, ExitLeftOver, []string{`look whether w["b"] took place`}, "resume", id, "--with-changes", "--auto-approve")
	if strings.Contains(next.err.String(), "under a new key") {
		t.Errorf("it says that it would be sent:\n%s", next.err)
	}
	tt.again(t, false, "").does(t, ExitPassed, []string{"its instance is gone, so that nothing sends it again"}, "resume", id, "--with-changes", "--auto-approve", "--in-doubt", "redo")
	if diff := cmp.Diff([]string{"w a", "w b"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}
