package cli

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestMoreTime: a run whose time was over, its own or that of --timeout, is finished by a resume with more of it, which the end names.
func TestMoreTime(t *testing.T) {
	const text = `
provider "fake" {}
step "fake_write" "change" {
  for_each = toset(["a", "b"])
  id       = "change ${each.key}"
}
`
	for name, test := range map[string]struct {
		runbook string
		flags   []string
	}{
		"of the runbook": {runbook: "runbook \"x\" { timeout = \"1s\" }\n"},
		"of the flag":    {runbook: "runbook \"x\" {}\n", flags: []string{"--timeout", "1s"}},
	} {
		t.Run(name, func(t *testing.T) {
			slow := true
			tt := newTerminal(t, false, nil, nil)
			tt.fake.Do = func(ctx context.Context, id string, _ int) error {
				if slow {
					return enginetest.Until(ctx, nil)
				}
				return nil
			}
			tt.does(t, ExitLeftOver, []string{"what is in doubt is settled with: runbook resume ", " --timeout 2s"},
				append([]string{"apply", tt.file(t, "x.hcl", test.runbook+text), "--auto-approve"}, test.flags...)...)
			id := tt.lastRun(t)
			tt.again(t, false, "").does(t, ExitPassed, []string{"runbook resume " + id + " --timeout 2s"}, "show", id)
			tt.again(t, false, "").does(t, ExitRefused, []string{"--timeout", "is not a duration"}, "resume", id, "--timeout", "soon")
			slow = false
			tt.again(t, false, "").does(t, ExitPassed, []string{"passed: 2 passed"}, "resume", id, "--in-doubt", "redo", "--timeout", "1h")
			if diff := cmp.Diff([]string{"change a", "change a", "change b"}, tt.fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestMoreTimeForAChild: the time of the run bounds the runbooks that its steps run as well.
func TestMoreTimeForAChild(t *testing.T) {
	slow := true
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(ctx context.Context, id string, _ int) error {
		if slow && id == "look" {
			return enginetest.Until(ctx, nil)
		}
		return nil
	}
	tt.file(t, "child.hcl", "runbook \"child\" {}\nprovider \"fake\" {}\nstep \"fake_write\" \"pay\" { id = \"pay\" }\n"+
		"step \"fake_read\" \"look\" {\n id = \"look\"\n depends_on = [step.pay]\n}\n")
	path := tt.file(t, "x.hcl", "runbook \"x\" {}\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\n")
	tt.does(t, ExitFailed, []string{"resume with: runbook resume ", " --timeout 2s"}, "apply", path, "--auto-approve", "--timeout", "1s")
	slow = false
	tt.again(t, false, "").does(t, ExitPassed, []string{"passed"}, "resume", tt.lastRun(t), "--timeout", "1m")
	if diff := cmp.Diff([]string{"pay", "look", "look"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}
