package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestAStepFailedAfterItsRunbook: where nothing but the checks of the step that runs a runbook failed, a resume looks again at what these are made of, in
// runbooks within too; no write is repeated, but for what was undone since.
func TestAStepFailedAfterItsRunbook(t *testing.T) {
	t.Parallel()
	const kid = planHead + `
step "fake_read" "r" { id = "r" }
step "fake_write" "w" { id = "w ${step.r.value}" }
step "fake_write" "mode" {
  id         = "mode"
  depends_on = [step.w]
  undo "fake_write" {
    on = "end"
    id = "normal"
  }
}
output "state" { value = step.r.value }
`
	const middle = planHead + `
step "runbook" "in" { source = "./kid.hcl" }
output "state" { value = step.in.outputs.state }
`
	const parent = planHead + `
step "runbook" "sub" {
  source = "./middle.hcl"
  assert {
    condition     = self.outputs.state == "good"
    error_message = "it is ${self.outputs.state}"
  }
}
step "fake_write" "end" {
  id         = "end"
  depends_on = [step.sub]
}
`
	state := "bad"
	fake := &enginetest.Fake{Says: func(id string) string {
		if id == "r" {
			return state
		}
		return ""
	}}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.RunFile(t, fake, files(t, map[string]string{"parent.hcl": parent, "middle.hcl": middle, "kid.hcl": kid}), opts)
	out.Ends(t, 1)
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 1)
	state = "good"
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
	once := []string{"r", "mode", "normal"}
	want := append(append([]string{"r", "w bad", "mode", "normal"}, once...), "r", "mode", "normal", "end")
	if diff := cmp.Diff(want, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestAFailedCheckLooksAgain: what a failed check judges runs again with it, where that changes nothing.
func TestAFailedCheckLooksAgain(t *testing.T) {
	t.Parallel()
	const text = planHead + `
step "fake_read" "r" { id = "r" }
step "fake_read" "other" { id = "other" }
step "fake_write" "w" { id = "w" }
check "c" {
  assert {
    condition     = step.r.value == "good" && step.w.call == 1
    error_message = "it is ${step.r.value}"
  }
}
step "fake_write" "end" {
  id         = "end"
  depends_on = [step.c, step.other]
}
`
	state := "bad"
	fake := &enginetest.Fake{Says: func(id string) string {
		if id == "r" {
			return state
		}
		return ""
	}}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.Run(t, fake, text, opts)
	out.Ends(t, 1)
	before := len(fake.Log())
	state = "good"
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
	if diff := cmp.Diff([]string{"r", "end"}, fake.Log()[before:]); diff != "" {
		t.Error(diff)
	}
}

// TestWhatIsToleratedIsOver: what failed in a runbook whose step tolerates that does not run again, and nothing says that it does.
func TestWhatIsToleratedIsOver(t *testing.T) {
	t.Parallel()
	const kid = planHead + `
step "fake_read" "r" { id = "bad" }
step "fake_write" "w" { id = "bad write" }
`
	const parent = planHead + `
step "runbook" "sub" {
  source            = "./kid.hcl"
  continue_on_error = true
}
step "fake_write" "end" {
  id         = "end"
  depends_on = [step.sub]
}
`
	mended := false
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		if strings.HasPrefix(id, "bad") || !mended {
			return enginetest.ErrUnreachable()
		}
		return nil
	}}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.RunFile(t, fake, files(t, map[string]string{"parent.hcl": parent, "kid.hcl": kid}), opts)
	out.Ends(t, 1)
	mended = true
	again := enginetest.Resume(t, fake, out.Result.RunID, opts)
	again.Ends(t, 0)
	if diff := cmp.Diff([]string{"end"}, again.Events[0].Reset); diff != "" {
		t.Error(diff)
	}
}
