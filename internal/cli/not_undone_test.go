package cli

import (
	"context"
	"os"
	"regexp"
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
			id := stoppedTwice(t, tt, tt.file(t, "x.hcl", text))
			for _, line := range []string{
				`undo of cordon["a node"]: it did not run; run it with: runbook undo ` + id + ` 'cordon["a node"]'`,
				"undos that did not run are run with: runbook undo " + id, "resume with: runbook resume " + id,
			} {
				if !strings.Contains(tt.out.String(), line) {
					t.Errorf("%q is not in\n%s", line, tt.out)
				}
			}
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

// stoppedTwice applies a runbook, and stops it at once while its step "slow" runs: the undo that is due then does not run.
func stoppedTwice(t *testing.T, tt *terminal, path string) (id string) {
	t.Helper()
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
	go func() { status <- tt.run("apply", path, "--auto-approve") }()
	<-started
	tt.signals <- os.Interrupt
	waitFor(t, tt, "nothing new starts")
	tt.signals <- os.Interrupt
	waitFor(t, tt, "stopping at once")
	close(release)
	if got := <-status; got != ExitLeftOver || tt.fake.Calls("uncordon") > 0 {
		t.Fatalf("exit status %d\n%s%s", got, tt.out, tt.err)
	}
	tt.fake.Do = nil
	return tt.lastRun(t)
}

// TestAnUndoThatNeverRanIsDoneByHand: where an undo can't be sent any more, as its secret is gone, what was done by hand is taken as such; a
// word for all is not about undos that can be sent.
func TestAnUndoThatNeverRanIsDoneByHand(t *testing.T) {
	const text = `
runbook "interrupted" {}
provider "fake" {}
step "fake_write" "cordon" {
  id = "cordon"
  undo "fake_write" {
    on = "end"
    id = "uncordon ${secret("env:BACK")}"
  }
}
step "fake_read" "slow" {
  id         = "slow"
  depends_on = [step.cordon]
}
`
	for name, args := range map[string][]string{
		"the step":          {"cordon", "--in-doubt", "done"},
		"the step, by name": {"--in-doubt", "cordon=done"},
		"the effect":        {"EFFECT", "--in-doubt", "done"},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, map[string]string{"BACK": "back-12345"})
			id := stoppedTwice(t, tt, tt.file(t, "x.hcl", text))
			did := tt.fake.Log()
			found := regexp.MustCompile("undo " + id + ` (cordon@\d+) --in-doubt done`)
			refused := tt.again(t, false, "")
			refused.does(t, ExitRefused, []string{"BACK is not set", "The undo of step cordon needs it", "take back by hand"}, "undo", id, "--auto-approve")
			effect := found.FindStringSubmatch(strings.ReplaceAll(refused.err.String(), "\n│ ", " "))
			if effect == nil {
				t.Fatalf("no command in\n%s", refused.err)
			}
			tt.again(t, false, "").does(t, ExitRefused, []string{"BACK is not set"}, "undo", id, "--in-doubt", "done", "--auto-approve")
			for i := range args {
				args[i] = strings.Replace(args[i], "EFFECT", effect[1], 1)
			}
			tt.again(t, false, "").does(t, ExitPassed, []string{"the undo of cordon, which was never sent, counts as done by hand"}, append([]string{"undo", id}, args...)...)
			shown := tt.again(t, false, "")
			shown.does(t, ExitPassed, []string{"undo cordon", "counts as done by hand"}, "show", id)
			if _, since, _ := strings.Cut(shown.out.String(), "undo by alice@laptop"); strings.Contains(since, "did not run") {
				t.Errorf("it is still listed:\n%s", shown.out)
			}
			tt.again(t, false, "").does(t, ExitRefused, []string{"nothing to undo"}, "undo", id)
			if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUndosOfInstancesAreDoneByHand: of all instances of a step, by its name.
func TestUndosOfInstancesAreDoneByHand(t *testing.T) {
	const text = `
runbook "each" {}
provider "fake" {}
step "fake_write" "cordon" {
  for_each = toset(["a", "b"])
  id       = "cordon ${each.key}"
  undo "fake_write" { id = "uncordon ${each.key}" }
}
`
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
	tt.again(t, false, "").does(t, ExitPassed, []string{`the undo of cordon["a"], which was never sent, counts as done by hand`, `the undo of cordon["b"], which`},
		"undo", tt.lastRun(t), "cordon", "--in-doubt", "done")
	if diff := cmp.Diff([]string{"cordon a", "cordon b"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}
