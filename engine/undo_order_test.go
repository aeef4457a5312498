package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
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

// TestWhenWhatWasInDoubtActed: a write that counts as done acted when it was sent, however much later that is said.
func TestWhenWhatWasInDoubtActed(t *testing.T) {
	t.Parallel()
	fake := &enginetest.Fake{Do: failsFirst("w", errLost)}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
		return run.Resolution{Decision: run.DecisionDone, How: "asked", Who: "alice@ops"}
	}
	out := enginetest.Run(t, fake, standsOnDoubt, opts)
	out.Pauses(t)
	id, sent := out.Result.RunID, time.Time{}
	for _, e := range out.Events {
		if e.Type == run.StepStarted && e.Step == "w" {
			sent = e.Time
		}
	}
	later := sent.Add(time.Hour)
	opts.Now = func() time.Time { return later }
	enginetest.Settle(t, fake, id, opts)
	r, diags := enginetest.New(fake, nil).Recall(t.Context(), id, engine.RecallOptions{RunOptions: engine.RunOptions{Journal: opts.Journal}, Undo: (*local.Past).Undoable})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, e := range r.Past.Undoable() {
		if at := r.Past.ActedAt(e); e.Address == "w" && !at.Equal(sent) || at.IsZero() || !at.Before(later) {
			t.Errorf("%s acted at %s, and w was sent at %s", e.Address, at, sent)
		}
	}
}
