package engine_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// standsOnDoubt has steps that stand on a write which nobody knows to have taken place, and a question behind them.
const standsOnDoubt = `
runbook "test" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "w" {
  id                = "w"
  continue_on_error = true
  undo "fake_write" { id = "w back" }
}
step "fake_write" "x" {
  id         = "x"
  depends_on = [step.w]
  undo "fake_write" { id = "x back" }
}
step "fake_write" "h" {
  id         = "h"
  run_if     = "always"
  depends_on = [step.w]
  undo "fake_write" { id = "h back" }
}
step "fake_ask" "m" {
  prompt     = "Go on?"
  depends_on = [step.x, step.h]
}
`

// TestUndoBehindWhatWasInDoubt: a write that counts as done is taken back after what was carried out behind it, by hand and after a failure, and
// so is one that was sent again as it was; one that did not take place then was carried out when it was sent again.
func TestUndoBehindWhatWasInDoubt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		decision, how string
		byHand        bool
		want          []string
	}{
		"by hand":         {run.DecisionDone, "asked", true, []string{"h back", "x back", "w back"}},
		"after a failure": {run.DecisionDone, "asked", false, []string{"h back", "x back", "w back"}},
		"repeatable":      {run.DecisionRedo, run.HowDeclared, false, []string{"w", "h back", "x back", "w back"}},
		"it did not":      {run.DecisionRedo, "asked", false, []string{"w", "w back", "h back", "x back"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, n int) error {
				if id == "w" && n == 1 {
					return errLost
				}
				return nil
			}}
			opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, Plan: engine.PlanOptions{MaxParallel: 1}}
			opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
				return run.Resolution{Decision: c.decision, How: c.how, Who: "alice@ops"}
			}
			out := enginetest.Run(t, fake, standsOnDoubt, opts)
			out.Pauses(t)
			before := len(fake.Log())
			if c.byHand {
				enginetest.Settle(t, fake, out.Result.RunID, opts)
				out = enginetest.Undo(t, fake, out.Result.RunID, opts)
			} else {
				opts.Answers = map[string]string{"m": "no"}
				out = enginetest.Resume(t, fake, out.Result.RunID, opts)
			}
			if diff := cmp.Diff(c.want, fake.Log()[before:]); diff != "" {
				t.Errorf("%s\n%s", diff, out.Stream)
			}
		})
	}
}
