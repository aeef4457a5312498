package cli

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/provider"
)

// repeatablePay is a payment whose server carries the same out once, as its author says, with a step behind it.
const repeatablePay = `
runbook "shop" {}
provider "fake" { name = "production" }
step "fake_write" "pay" {
  id = "pay"
  approval {}
  undo "fake_write" { id = "refund" }
}
step "fake_write" "ship" {
  id         = "ship"
  depends_on = [step.pay]
}
`

// toSend is a run whose payment was in doubt, is to be sent again and waits for its approval.
func toSend(t *testing.T) (tt *terminal, id, path string) {
	t.Helper()
	tt = newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if id == "pay" && n == 1 {
			return errors.New("the answer got lost")
		}
		return nil
	}
	tt.fake.Inquire = func(string) (provider.State, string, error) { return provider.Repeatable, "the author says so", nil }
	path = tt.file(t, "x.hcl", repeatablePay)
	tt.does(t, ExitInterrupted, nil, "apply", path, "--auto-approve")
	id = tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitPassed, nil, "answer", id, "pay", "yes")
	tt.again(t, false, "").does(t, ExitLeftOver, nil, "resume", id)
	tt.again(t, false, "").does(t, ExitInterrupted, []string{"is sent again as it was, as its author allows", "left to look at:\n  pay: nobody knows whether it took place"}, "resume", id)
	return tt, id, path
}

// TestAWriteToBeSentAgainIsInDoubt: until it is sent, everything lists it, and whoever looked counts for more than its author.
func TestAWriteToBeSentAgainIsInDoubt(t *testing.T) {
	const open, asked = "in doubt: step pay, fake_write on fake://production, was sent at", `id = "pay"`
	const lookAt = "pay: nobody knows whether it took place"
	more := strings.Replace(repeatablePay, `"ship"`+"\n", `"ship 2"`+"\n", 1)
	other := strings.Replace(repeatablePay, `id = "pay"`, `id = "pay more"`, 1)
	gone := repeatablePay[:strings.Index(repeatablePay, "step ")] + "step \"fake_write\" \"ship\" { id = \"ship\" }\n"
	tests := map[string]struct {
		after  string
		args   []string
		status int
		says   []string
		// yes answers the question then, and goes on; does is what was sent beside the first payment.
		yes  bool
		does []string
	}{
		"without a word":            {"", []string{"resume"}, ExitInterrupted, []string{open, asked, "is sent again as it was, with its key", lookAt}, true, []string{"pay", "ship"}},
		"all is done":               {"", []string{"resume", "--in-doubt", "done"}, ExitPassed, []string{open, "counts as done", "passed with warnings"}, false, []string{"ship"}},
		"it is done":                {"", []string{"resume", "--in-doubt", "pay=done"}, ExitPassed, []string{open, "counts as done"}, false, []string{"ship"}},
		"it is not":                 {"", []string{"resume", "--in-doubt", "pay=redo"}, ExitInterrupted, []string{open, "counts as not done, and is sent again"}, true, []string{"pay", "ship"}},
		"abort":                     {"", []string{"resume", "--in-doubt", "abort"}, ExitLeftOver, []string{open, "pay stays in doubt"}, false, nil},
		"another step changed":      {more, []string{"resume", "--with-changes"}, ExitInterrupted, []string{open, "changed: step ship differs", lookAt}, true, []string{"pay", "ship 2"}},
		"another changed, and done": {more, []string{"resume", "--with-changes", "--in-doubt", "done"}, ExitPassed, []string{open, "counts as done"}, false, []string{"ship 2"}},
		"it changed":                {other, []string{"resume", "--with-changes"}, ExitLeftOver, []string{open, asked, "as a new write, under a new key", "look whether pay took place"}, false, nil},
		"it changed, and done":      {other, []string{"resume", "--with-changes", "--in-doubt", "done"}, ExitPassed, []string{open, "counts as done"}, false, []string{"ship"}},
		"it is gone":                {gone, []string{"resume", "--with-changes"}, ExitLeftOver, []string{open, asked, "look whether pay took place"}, false, nil},
		"it is gone, and was not":   {gone, []string{"resume", "--with-changes", "--in-doubt", "redo"}, ExitPassed, []string{open, "its step is gone, so that nothing sends it again"}, false, []string{"ship"}},
		"show":                      {"", []string{"show"}, ExitPassed, []string{lookAt}, true, []string{"pay", "ship"}},
		"undo":                      {"", []string{"undo", "--in-doubt", "done"}, ExitPassed, []string{open, "took place"}, false, []string{"refund"}},
		"undo of what was not":      {"", []string{"undo", "pay", "--in-doubt", "redo"}, ExitPassed, []string{open, "there is nothing of it to take back"}, true, []string{"pay", "ship"}},
		"undo without a word":       {"", []string{"undo"}, ExitLeftOver, []string{open, asked, "--in-doubt"}, true, []string{"pay", "ship"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt, id, path := toSend(t)
			if tc.after != "" {
				rewrite(t, path, tc.after)
			}
			args := append([]string{tc.args[0], id}, tc.args[1:]...)
			if tc.args[0] != "show" {
				args = append(args, "--auto-approve")
			}
			next := tt.again(t, false, "")
			next.does(t, tc.status, tc.says, args...)
			if strings.Contains(next.out.String()+next.err.String(), "pay is gone") != (tc.after == gone && tc.status == ExitPassed) {
				t.Errorf("%s%s", next.out, next.err)
			}
			if tc.yes {
				tt.again(t, false, "").does(t, ExitPassed, nil, "answer", id, "pay", "yes")
				tt.again(t, false, "").does(t, ExitPassed, []string{"passed: 2 passed"}, "resume", id, "--auto-approve")
				if keys := tt.keys(t, id, "pay"); len(keys) != 2 || keys[0] != keys[1] {
					t.Errorf("it was sent under %q", keys)
				}
			}
			if diff := cmp.Diff(append([]string{"pay"}, tc.does...), tt.fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
