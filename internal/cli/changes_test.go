package cli

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const paying = `
runbook "paying" { on_failure = "stop" }
provider "fake" { name = "production" }
step "fake_write" "pay" {
  id = "pay"
  undo "fake_write" { id = "refund ${self.call}" }
}
step "fake_read" "after" {
  id         = "after"
  depends_on = [step.pay]
}
`

// paid is a run whose payment got lost, counts as done, and could not be taken back after a failure behind it.
func paid(t *testing.T) (tt *terminal, path, id string) {
	t.Helper()
	tt = newTerminal(t, false, nil, nil)
	path = tt.file(t, "x.hcl", paying)
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if id == "pay" && n == 1 || id == "after" && n == 1 {
			return errors.New("the answer got lost")
		}
		return nil
	}
	tt.does(t, ExitLeftOver, nil, "apply", path, "--auto-approve")
	id = tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitLeftOver, []string{
		"The result of self is not known", "it has to be taken back by hand", "undo of pay, by hand",
	}, "resume", id, "--in-doubt", "done")
	return tt, path, id
}

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestUndoWithoutAResult: what is advised where an undo needs a result that nobody knows leads to no second write, whatever else was undone:
// to go on with the run with another file would do again what was.
func TestUndoWithoutAResult(t *testing.T) {
	tt, path, id := paid(t)
	before := tt.fake.Log()
	next := tt.again(t, false, "")
	next.does(t, ExitLeftOver, []string{"--in-doubt done"}, "undo", id, "--auto-approve")
	if told := next.out.String() + next.err.String(); strings.Contains(told, "--with-changes") || strings.Contains(told, "or try it again with") || !strings.Contains(told, "To try it again gives the same") {
		t.Errorf("it is advised to go on with the run, or to try again what gives the same:\n%s", told)
	}
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, "pay", "--in-doubt", "done")
	if diff := cmp.Diff(before, tt.fake.Log()); diff != "" {
		t.Errorf("%s: %s", path, diff)
	}
}

// TestAChangedUndoRunsNoWriteAgain: an undo that the file has otherwise by now is taken over without a second write, and what is left is
// told alike everywhere.
func TestAChangedUndoRunsNoWriteAgain(t *testing.T) {
	tt, path, id := paid(t)
	rewrite(t, path, strings.Replace(paying, "${self.call}", `${try(self.call, "4711")}`, 1))
	tt.again(t, false, "").does(t, ExitPassed, []string{"changed: undo of step pay differs"}, "resume", id, "--with-changes", "--auto-approve")
	next := tt.again(t, false, "")
	next.does(t, ExitPassed, []string{"✓ undo pay"}, "undo", id, "--auto-approve")
	if strings.Contains(next.out.String(), "left to look at") {
		t.Errorf("nothing is left:\n%s", next.out)
	}
	if diff := cmp.Diff([]string{"pay", "after", "after", "refund 4711"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestAChangedUndoOfARunThatPassed can be taken over too, though nothing else is left to do.
func TestAChangedUndoOfARunThatPassed(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	path := tt.file(t, "x.hcl", paying)
	tt.does(t, ExitPassed, nil, "apply", path, "--auto-approve")
	id := tt.lastRun(t)
	rewrite(t, path, strings.Replace(paying, "refund", "give back", 1))
	tt.again(t, false, "").does(t, ExitPassed, []string{"changed: undo of step pay differs"}, "resume", id, "--with-changes")
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, "--auto-approve")
	if diff := cmp.Diff([]string{"pay", "after", "give back 1"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestWhatRunsAgainForAChangeIsTold before it is refused or asked about, and also where it was approved.
func TestWhatRunsAgainForAChangeIsTold(t *testing.T) {
	tests := map[string]struct {
		from, to string
		args     []string
		status   int
		says     []string
		does     []string
	}{
		"nobody there": {
			from: `id = "pay"`, to: `id = "pay more"`, status: ExitRefused,
			says: []string{`changed: step pay differs: id = "pay" is now "pay more"`, "runs again: after, pay", "pay was carried out at ", "and runs again: what it did then stays", "nothing was run"},
		},
		"approved": {
			from: `id = "pay"`, to: `id = "pay more"`, args: []string{"--auto-approve"},
			says: []string{"pay was carried out at ", "and runs again"}, does: []string{"pay more", "after"},
		},
		"its checks": {
			from: `id = "pay"`, to: "id = \"pay\"\n  show = 1\n  assert {\n    condition = self.call == 1\n    error_message = \"twice\"\n  }", args: []string{"--auto-approve"},
			says: []string{"changed: checks of step pay differ: a write is not repeated for that"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			path := tt.file(t, "x.hcl", paying)
			tt.does(t, ExitPassed, nil, "apply", path, "--auto-approve")
			did := tt.fake.Log()
			rewrite(t, path, strings.Replace(paying, tc.from, tc.to, 1))
			next := tt.again(t, false, "")
			next.does(t, tc.status, tc.says, append([]string{"resume", tt.lastRun(t), "--with-changes"}, tc.args...)...)
			if diff := cmp.Diff(append(did, tc.does...), tt.fake.Log()); diff != "" {
				t.Errorf("%s\n%s%s", diff, next.out, next.err)
			}
		})
	}
}

// TestTheOrderOfWritesIsAChange, that of reads and of what is assigned is none.
func TestTheOrderOfWritesIsAChange(t *testing.T) {
	const reads = "step \"fake_read\" \"a\" { id = \"a\" }\nstep \"fake_read\" \"b\" { id = \"b\" }\n"
	turned := func(text string) string { return strings.NewReplacer("\"a\"", "\"b\"", "\"b\"", "\"a\"").Replace(text) }
	writes := strings.ReplaceAll(reads, "fake_read", "fake_write")
	for text, says := range map[string]string{
		reads:  "only comments, white space or the order differ, which changes nothing",
		writes: "the order of writes is another: b comes before a",
	} {
		tt := newTerminal(t, false, nil, nil)
		path := tt.file(t, "x.hcl", "runbook \"x\" {}\nprovider \"fake\" {}\n"+text)
		tt.does(t, ExitPassed, nil, "apply", path, "--auto-approve")
		rewrite(t, path, "provider \"fake\" {}\nrunbook \"x\" {}\n"+turned(text))
		tt.again(t, false, "").does(t, ExitRefused, []string{says}, "resume", tt.lastRun(t))
	}
}

// TestAnUndoThatFailedStaysAfterTheStepRanAgain: where a change has a write run again that passed, what it did before is still there.
func TestAnUndoThatFailedStaysAfterTheStepRanAgain(t *testing.T) {
	tt, path, id := paid(t)
	rewrite(t, path, strings.Replace(paying, `id = "pay"`, `id = "pay more"`, 1))
	tt.again(t, false, "").does(t, ExitLeftOver, []string{"undo of pay, by hand", "step pay was in doubt, and runs again: it counts as done on the word of alice@laptop"}, "resume", id, "--with-changes", "--auto-approve")
	tt.again(t, false, "").does(t, ExitPassed, []string{"undo failed: pay"}, "runs")
	tt.again(t, false, "").does(t, ExitPassed, []string{"undo of pay, by hand"}, "show", id)
}

// TestWhatRunsAgainForAnUndoIsAskedAbout: a write that was not undone and depends on one that was takes place a second time, which
// the approval with which the run began does not cover.
func TestWhatRunsAgainForAnUndoIsAskedAbout(t *testing.T) {
	const text = `
runbook "x" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "create" {
  id = "create"
  undo "fake_write" { id = "delete ${self.call}" }
}
step "fake_write" "attach" { id = "attach ${step.create.call}" }
step "fake_read" "gate" {
  id         = "gate"
  depends_on = [step.attach]
}
`
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if id == "gate" && n == 1 {
			return errors.New("not yet")
		}
		return nil
	}
	tt.does(t, ExitFailed, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
	id := tt.lastRun(t)
	told := []string{"runs again, as create was undone: attach", "step attach was carried out at ", "and runs again: what it did then stays"}
	tt.again(t, false, "").does(t, ExitRefused, append(told, "nothing was run", "--auto-approve runs it"), "resume", id)
	tt.again(t, false, "").does(t, ExitPassed, told, "resume", id, "--auto-approve")
	if diff := cmp.Diff([]string{"create", "attach 1", "gate", "delete 1", "create", "attach 2", "gate"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
	tt.again(t, false, "").does(t, ExitPassed, told, "show", id)
}

// TestWhatCountsAsDoneStaysBehindAnUndo: a write that counts as done on somebody's word is not sent again though what it stands on was undone, and
// that is said.
func TestWhatCountsAsDoneStaysBehindAnUndo(t *testing.T) {
	const text = `
runbook "x" {}
provider "fake" {}
step "fake_write" "create" {
  id = "create"
  undo "fake_write" { id = "delete" }
}
step "fake_write" "attach" {
  id         = "attach"
  depends_on = [step.create]
}
step "fake_write" "verify" {
  id         = "verify"
  depends_on = [step.attach]
}
`
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if id == "attach" {
			return errors.New("the answer got lost")
		}
		return nil
	}
	tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitLeftOver, nil, "undo", id, "create", "--auto-approve")
	told := []string{"stays, as it counts as done, though create was undone, which it stands on: attach"}
	tt.again(t, false, "").does(t, ExitPassed, append(told, "runs again: create, verify"), "resume", id, "--in-doubt", "attach=done")
	if diff := cmp.Diff([]string{"create", "attach", "delete", "create", "verify"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
	tt.again(t, false, "").does(t, ExitPassed, told, "show", id)
}
