package cli

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUndosAfterASecondInterrupt: what was to be undone at the end is listed with how to do it, and a resumed run does it; by
// hand it goes too.
func TestUndosAfterASecondInterrupt(t *testing.T) {
	const text = `
runbook "interrupted" {}
provider "fake" {}
step "fake_write" "cordon" {
  for_each = toset(["a node"])
  id       = "cordon"
  undo "fake_write" {
    on = "end"
    id = "uncordon"
  }
}
step "fake_read" "slow" {
  id         = "slow"
  depends_on = [step.cordon]
}
`
	for _, command := range []string{"resume", "undo"} {
		t.Run(command, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			started, release := make(chan struct{}), make(chan struct{})
			tt.fake.Do = func(ctx context.Context, id string, _ int) error {
				if id == "slow" {
					close(started)
					<-release // deaf to the first interrupt, so that the second comes before any undo
					return ctx.Err()
				}
				return nil
			}
			status := make(chan int, 1)
			go func() { status <- tt.run("apply", tt.file(t, "x.hcl", text), "--auto-approve") }()
			<-started
			tt.signals <- os.Interrupt
			waitFor(t, tt, "nothing new starts")
			tt.signals <- os.Interrupt
			waitFor(t, tt, "stopping at once")
			close(release)
			if got := <-status; got != ExitLeftOver || tt.fake.Calls("uncordon") > 0 {
				t.Fatalf("exit status %d\n%s%s", got, tt.out, tt.err)
			}
			id := tt.lastRun(t)
			for _, line := range []string{
				`undo of cordon["a node"]: it did not run; run it with: runbook undo ` + id + ` 'cordon["a node"]'`,
				"undos that did not run are run with: runbook undo " + id, "resume with: runbook resume " + id,
			} {
				if !strings.Contains(tt.out.String(), line) {
					t.Errorf("%q is not in\n%s", line, tt.out)
				}
			}
			tt.fake.Do = nil
			next := tt.again(t, false, "")
			next.does(t, ExitPassed, []string{`undo cordon["a node"]`}, command, id, "--auto-approve")
			if strings.Contains(next.out.String(), "did not run") {
				t.Errorf("it is still listed:\n%s", next.out)
			}
			log := tt.fake.Log()
			if diff := cmp.Diff("uncordon", log[len(log)-1]); diff != "" {
				t.Error(diff)
			}
		})
	}
}
