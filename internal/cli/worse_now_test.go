package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// pausing waits for an answer, and then does to each what a file names, also in the runbook that a step runs.
func pausing(t *testing.T) (tt *terminal, file string) {
	t.Helper()
	tt = newTerminal(t, false, nil, nil)
	tt.file(t, "list.txt", "write a,read b")
	tt.file(t, "undo.txt", "write back")
	tt.file(t, "child.txt", "read inner")
	tt.file(t, "child.hcl", `
runbook "child" {}
variable "first" { type = bool }
step "fake_told" "inner" { id = file("child.txt") }
`)
	return tt, tt.file(t, "x.hcl", `
runbook "pausing" {}
step "fake_ask" "ok" { prompt = "Go on?" }
step "fake_told" "each" {
  for_each   = toset(split(",", file("list.txt")))
  id         = each.key
  depends_on = [step.ok]
}
step "fake_write" "undone" {
  id         = "undone"
  depends_on = [step.each]
  undo "fake_told" { id = file("undo.txt") }
}
step "runbook" "kid" {
  source    = "child.hcl"
  variables = { first = step.ok.answer }
}
`)
}

// TestApprovalIsForWhatWasTold: the --auto-approve with which a run began is for what its steps were told to do then. A resume that finds that one
// does worse by now asks, and says which.
func TestApprovalIsForWhatWasTold(t *testing.T) {
	for name, test := range map[string]struct{ file, now, worse string }{
		"as it was":                {file: "list.txt", now: "write a,read b"},
		"no worse":                 {file: "list.txt", now: "write a,write b,read c"},
		"an instance is worse":     {file: "list.txt", now: "write a,destructive b", worse: "each is destructive by now, and was told as a write when the run began"},
		"an undo is worse":         {file: "undo.txt", now: "destructive back", worse: "undo of undone is destructive by now, and was told as a write when the run began"},
		"a step within is worse":   {file: "child.txt", now: "destructive inner", worse: "kid/inner is destructive by now, and was told as a read when the run began"},
		"a read is a write by now": {file: "child.txt", now: "write inner", worse: "kid/inner is a write by now, and was told as a read when the run began"},
	} {
		t.Run(name, func(t *testing.T) {
			tt, file := pausing(t)
			tt.does(t, ExitInterrupted, nil, "apply", file, "--auto-approve")
			id := tt.lastRun(t)
			tt.file(t, test.file, test.now)
			tt.again(t, false, "").does(t, ExitPassed, nil, "answer", id, "ok", "yes")
			next := tt.again(t, false, "")
			if test.worse == "" {
				next.does(t, ExitPassed, nil, "resume", id)
				return
			}
			next.does(t, ExitRefused, []string{test.worse, "--auto-approve runs it without a question"}, "resume", id)
			if diff := cmp.Diff([]string(nil), tt.fake.Log()); diff != "" {
				t.Errorf("something was sent: %s", diff)
			}
			next = tt.again(t, true, "yes\n")
			next.does(t, ExitPassed, []string{test.worse, "Run it?"}, "resume", id)
			if !strings.Contains(strings.Join(tt.fake.Log(), ";"), strings.Split(test.now, ",")[0]) && test.file != "undo.txt" {
				t.Errorf("it was not sent: %v", tt.fake.Log())
			}
			tt.again(t, false, "").does(t, ExitRefused, []string{"has passed"}, "resume", id)
		})
	}
}

// TestAStepThatCameLaterIsApproved by the word for the changes that brought it, and asked about no more.
func TestAStepThatCameLaterIsApproved(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	broken := true
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if broken {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	const text = "runbook \"x\" {}\nprovider \"fake\" {}\nstep \"fake_read\" \"first\" { id = \"first\" }\n"
	tt.does(t, ExitFailed, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
	id := tt.lastRun(t)
	tt.file(t, "x.hcl", text+"step \"fake_write\" \"new\" { id = \"new\" }\n")
	tt.again(t, false, "").does(t, ExitFailed, []string{"step new is new"}, "resume", id, "--with-changes", "--auto-approve")
	broken = false
	tt.again(t, false, "").does(t, ExitPassed, nil, "resume", id)
}
