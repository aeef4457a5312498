package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// TestUndoByHandOfWhatIsInDoubt: an undo that took place is not sent again by hand, nor is one of which nobody says what became of
// it; the others are done.
func TestUndoByHandOfWhatIsInDoubt(t *testing.T) {
	for decision, again := range map[string][]string{"": {"scale back"}, run.DecisionDone: {"scale back"}, run.DecisionRedo: {"scale back", "uncordon after 1"}} {
		t.Run(decision, func(t *testing.T) {
			lost := true
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				if id == "uncordon after 1" && lost {
					return errLost
				}
				return nil
			}}
			opts := enginetest.Options{Journal: enginetest.Store(t)}
			out := enginetest.Run(t, fake, undone, opts)
			out.Ends(t, 4)
			lost = false
			did := len(fake.Log())
			status := 4
			if decision != "" {
				status = 0
				opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
					return run.Resolution{Decision: decision, How: "inquired"}
				}
			}
			out = enginetest.Undo(t, fake, out.Result.RunID, opts, "cordon", "scale")
			out.Ends(t, status)
			if diff := cmp.Diff(again, fake.Log()[did:]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestResultOfWhatCountsAsDone: what needs the result of a write that counts as done on somebody's word says whose, be it a step, an
// undo, or in a later session.
func TestResultOfWhatCountsAsDone(t *testing.T) {
	const text = `
provider "fake" {}
step "fake_write" "change" {
  for_each = toset(["a"])
  id = "change"
  undo "fake_write" { id = "back ${self.call}" }
}
step "fake_write" "other" {
  id = "other"
  depends_on = [step.change]
}
step "fake_read" "after" { id = "after ${step.change["a"].call} ${step.other.call}" }
`
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		if id == "change" {
			return errLost
		}
		return nil
	}}
	opts := enginetest.Options{Journal: enginetest.Store(t), Settle: func(run.Doubt, *provider.Found) run.Resolution {
		return run.Resolution{Decision: run.DecisionDone, How: "asked", Who: "alice@ops"}
	}}
	id := enginetest.Run(t, fake, text, opts).Result.RunID
	why := func(base string) string {
		return "The result of " + base + ` is not known, so it has no \"call\": it counts as done on the word of alice@ops at `
	}
	steps := []struct {
		do   func() enginetest.Outcome
		base string
	}{
		{func() enginetest.Outcome { return enginetest.Resume(t, fake, id, opts) }, `step.change[\"a\"]`},
		{func() enginetest.Outcome { return enginetest.Resume(t, fake, id, opts) }, `step.change[\"a\"]`},
		{func() enginetest.Outcome { return enginetest.Undo(t, fake, id, opts) }, "self"},
	}
	for i, s := range steps {
		if out := s.do(); !strings.Contains(out.Stream, why(s.base)) {
			t.Errorf("session %d: %q is not in %v\n%s", i+2, why(s.base), out.Diags, out.Stream)
		}
	}
}
