package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/provider"
)

const paidAndSent = `
runbook "paid" {}
provider "fake" { name = "production" }
step "fake_write" "pay" { id = "pay" }
step "fake_write" "ship" {
  id         = "ship"
  depends_on = [step.pay]
}
`

// TestWhatCountsAsDoneIsNotListed: the question before the writes names those that will be sent, and no other; and who is refused there is
// told that what was said is not kept.
func TestWhatCountsAsDoneIsNotListed(t *testing.T) {
	for name, changed := range map[string]string{"as it was": paidAndSent, "changed": strings.Replace(paidAndSent, `id = "pay"`, `id = "pay more"`, 1)} {
		t.Run(name, func(t *testing.T) {
			tt, id := cutPay(t, paidAndSent, changed)
			did := tt.fake.Log()
			args := []string{"resume", id, "--in-doubt", "done"}
			next := tt.again(t, false, "")
			if changed != paidAndSent {
				next.does(t, ExitRefused, []string{"runs again: ship\n", "What was said of pay is not kept"}, append(args, "--with-changes")...)
				_, listed, _ := strings.Cut(next.err.String(), "This run changes something:")
				if strings.Contains(listed, "fake_write  fake://production\n      id = \"pay") || !strings.Contains(listed, "ship") {
					t.Errorf("it lists\n%s", listed)
				}
				args = append(args, "--with-changes", "--auto-approve")
			}
			tt.again(t, false, "").does(t, ExitPassed, nil, args...)
			if diff := cmp.Diff(append(did, "ship"), tt.fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestASystemThatCantBeReachedMayTellLater: that comes before anybody's word.
func TestASystemThatCantBeReachedMayTellLater(t *testing.T) {
	tt, id := cutPay(t, parting, parting)
	tt.fake.Inquire = func(string) (provider.State, string, error) {
		return provider.Unknown, "", errors.New("connection refused")
	}
	next := tt.again(t, false, "")
	next.does(t, ExitLeftOver, []string{"it can't be asked now: connection refused", "Bring it back, and resume again",
		"bring back the system that can't be reached, which may tell, and go on with: runbook resume " + id, "Only where it does not come back"}, "resume", id)
	did := tt.fake.Log()
	tt.again(t, false, "").does(t, ExitLeftOver, []string{"--in-doubt redo does not count as long as the system can't be reached", "nothing was run"}, "resume", id, "--in-doubt", "redo")
	if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
	tt.fake.Inquire = func(string) (provider.State, string, error) { return provider.Done, "it has the payment", nil }
	tt.again(t, false, "").does(t, ExitPassed, []string{"counts as done: it has the payment"}, "resume", id)
}
