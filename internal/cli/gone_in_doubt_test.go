package cli

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const parting = `
runbook "parting" {}
provider "fake" { name = "production" }
step "fake_write" "pay" {
  id = "pay"
  undo "fake_write" { id = "refund" }
}
step "fake_read" "after" { id = "after" }
`

const errandFile = `
runbook "errand" {}
provider "fake" { name = "production" }
step "fake_read" "inner" { id = "inner" }
step "fake_write" "pay" {
  id         = "pay"
  depends_on = [step.inner]
}
`

// cutPay is a run whose payment is in doubt, of a file that is another by now.
func cutPay(t *testing.T, before, after string) (tt *terminal, id string) {
	t.Helper()
	tt = newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if strings.HasPrefix(id, "pay") && n == 1 {
			return errors.New("the answer got lost")
		}
		return nil
	}
	tt.file(t, "errand.hcl", errandFile)
	path := tt.file(t, "x.hcl", before)
	tt.does(t, ExitLeftOver, nil, "apply", path, "--auto-approve")
	id = tt.lastRun(t)
	rewrite(t, path, after)
	return tt, id
}

// TestAWriteInDoubtOutlivesItsStep: what became of the step in the file, nothing goes on before somebody said what became of its write.
func TestAWriteInDoubtOutlivesItsStep(t *testing.T) {
	pay := parting[strings.Index(parting, `step "fake_write"`):strings.Index(parting, `step "fake_read"`)]
	child := strings.Replace(parting, pay, "step \"runbook\" \"db\" { source = \"errand.hcl\" }\n", 1)
	tests := map[string]struct {
		before, after, step, undo string
		does                      []string
	}{
		"deleted":            {parting, strings.Replace(parting, pay, "", 1), "pay", "refund", nil},
		"renamed":            {parting, strings.Replace(parting, `"fake_write" "pay"`, `"fake_write" "payment"`, 1), "pay", "refund", []string{"pay"}},
		"moved into another": {parting, child, "pay", "refund", []string{"inner", "pay"}},
		"runs another":       {parting, strings.Replace(parting, pay, "step \"runbook\" \"pay\" { source = \"errand.hcl\" }\n", 1), "pay", "refund", []string{"inner", "pay"}},
		"a runbook is gone":  {child, strings.Replace(parting, pay, "", 1), "db/pay", "", nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt, id := cutPay(t, tc.before, tc.after)
			did := tt.fake.Log()
			resume := func(status int, says []string, args ...string) {
				t.Helper()
				tt.again(t, false, "").does(t, status, says, append([]string{"resume", id, "--with-changes", "--auto-approve"}, args...)...)
			}
			resume(ExitLeftOver, []string{"in doubt: step " + tc.step + ", fake_write on fake://production, was sent at", "look whether " + tc.step + " took place"})
			resume(ExitLeftOver, []string{"nothing was run, and " + tc.step + " stays in doubt"}, "--in-doubt", "abort")
			tt.again(t, false, "").does(t, ExitPassed, []string{"in doubt: " + tc.step}, "runs")
			if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
				t.Error(diff)
			}
			if tc.undo != "" { // as with what surely took effect
				resume(ExitRefused, []string{"counts as done: on the word of alice@laptop", "its undo would be lost with the files as they are now", tc.undo,
					"Keep the step in the file", "runbook undo " + id + " " + tc.step}, "--in-doubt", "done")
				if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
					t.Error(diff)
				}
				tt.again(t, false, "").does(t, ExitPassed, []string{"in doubt: " + tc.step}, "runs")
				return
			}
			resume(ExitPassed, []string{"counts as done: on the word of alice@laptop", "changed: step " + tc.step + " is gone"}, "--in-doubt", "done")
			if diff := cmp.Diff(append(did, tc.does...), tt.fake.Log()[:len(did)+len(tc.does)]); diff != "" {
				t.Error(diff)
			}
			next := tt.again(t, false, "")
			next.does(t, ExitPassed, nil, "runs")
			if strings.Contains(next.out.String(), "in doubt") {
				t.Errorf("it is settled:\n%s", next.out)
			}
			next = tt.again(t, false, "")
			next.does(t, ExitPassed, []string{"in doubt: counts as done"}, "show", id)
		})
	}
}

// TestAGoneWriteThatDidNotTakePlace is not sent again, as nothing sends it, and nobody says that it is.
func TestAGoneWriteThatDidNotTakePlace(t *testing.T) {
	pay := parting[strings.Index(parting, `step "fake_write"`):strings.Index(parting, `step "fake_read"`)]
	tt, id := cutPay(t, parting, strings.Replace(parting, pay, "", 1))
	did := tt.fake.Log()
	next := tt.again(t, false, "")
	next.does(t, ExitPassed, []string{"counts as not done; its step is gone, so that nothing sends it again"}, "resume", id, "--with-changes", "--in-doubt", "redo")
	if diff := cmp.Diff(did, tt.fake.Log()); diff != "" || strings.Contains(next.out.String(), "is sent again") {
		t.Errorf("%s\n%s", diff, next.out)
	}
}

// TestAWriteOfAGoneInstanceThatDidNotTakePlace is not sent again either, where for_each does not give its instance any more.
func TestAWriteOfAGoneInstanceThatDidNotTakePlace(t *testing.T) {
	const each = `
runbook "each" {}
provider "fake" { name = "production" }
step "fake_write" "w" {
  for_each = toset(["a", "b"])
  id       = each.key == "b" ? "pay" : each.key
}
`
	within := strings.NewReplacer(`step "fake_write" "w"`, `step "runbook" "w"`, `id       = each.key == "b" ? "pay" : each.key`, `source   = "errand.hcl"`).Replace(each)
	for name, tc := range map[string]struct{ text, step, now, gone string }{
		"an instance":            {each, `w["b"]`, `"a", "d"`, "b gone"},
		"of an instance's steps": {within, `w["a"]/pay`, `"d", "b"`, "a gone"},
	} {
		t.Run(name, func(t *testing.T) {
			tt, id := cutPay(t, tc.text, strings.Replace(tc.text, `"a", "b"`, tc.now, 1))
			word := "--in-doubt=" + tc.step + "=redo"
			sent := tt.fake.Calls("pay")
			next := tt.again(t, false, "")
			next.does(t, ExitPassed, []string{"in doubt: step " + tc.step, "counts as not done; its instance is gone, so that nothing sends it again", tc.gone},
				"resume", id, "--with-changes", "--auto-approve", word)
			if strings.Contains(next.out.String()+next.err.String(), "is sent again") {
				t.Errorf("%s\n%s", next.out, next.err)
			}
			if got := tt.fake.Calls("pay"); tc.text == each && got != sent {
				t.Errorf("it was sent %d times", got)
			}
			next = tt.again(t, false, "")
			next.does(t, ExitPassed, []string{"in doubt: counts as not done, decided by alice@laptop"}, "show", id)
		})
	}
}
