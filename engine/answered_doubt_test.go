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

// TestAnsweredBehindWhatWasInDoubt: an answer to a question that was asked while a write before it was in doubt counts once that counts as done, as
// nothing was done again. Where it is sent again, the question is asked anew, and the history says why.
func TestAnsweredBehindWhatWasInDoubt(t *testing.T) {
	t.Parallel()
	const (
		write = `
step "fake_write" "before" {
  id                = "before"
  continue_on_error = true
  undo "fake_write" { id = "back" }
}
`
		between = `
step "fake_write" "between" {
  id         = "between"
  depends_on = [step.before]
}
`
	)
	failed := strings.NewReplacer("  continue_on_error = true\n", "", "depends_on", "run_if = \"always\"\n  depends_on")
	for name, c := range map[string]struct{ parent, child, asks string }{
		"confirmation":      {write + between + strings.Replace(anewAsk, "step.before]", "step.between]", 1), "", "ok"},
		"approval":          {write + anewApproval, "", "go"},
		"within":            {write + anewWithin, anewChild, "in/ok"},
		"of what it failed": {failed.Replace(write + anewAsk), "", "ok"},
	} {
		for _, decision := range []string{run.DecisionDone, run.DecisionRedo} {
			t.Run(name+", "+decision, func(t *testing.T) {
				t.Parallel()
				path := family(t, planHead+c.parent, planHead+c.child)
				fake := &enginetest.Fake{Do: func(_ context.Context, id string, n int) error {
					if id == "before" && n == 1 {
						return errLost
					}
					return nil
				}}
				opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
				opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
					return run.Resolution{Decision: decision, How: "flag", Who: "alice@ops"}
				}
				out := enginetest.RunFile(t, fake, path, opts)
				out.Pauses(t)
				if again := out.Events[len(out.Events)-1].AskedAgain; len(again) > 0 {
					t.Errorf("no answer to %v is said to count", again)
				}
				answer(t, opts.Journal, out, c.asks, "true")
				out = enginetest.Resume(t, fake, out.Result.RunID, opts)
				told, asked := refusals(out), 0
				for _, e := range out.Events {
					if e.Question != nil {
						asked++
					}
				}
				if decision == run.DecisionDone {
					if len(told)+asked+len(out.Events[0].AskedAgain) > 0 || fake.Calls("go") != 1 || fake.Calls("before") != 1 {
						t.Errorf("told %+v, asked %d times, log %v\n%s", told, asked, fake.Log(), out.Stream)
					}
					return
				}
				out.Pauses(t)
				if len(told) != 1 || !strings.Contains(told[0].Error, "was done again since") || asked != 1 {
					t.Errorf("told %+v, asked %d times\n%s", told, asked, out.Stream)
				}
				if diff := cmp.Diff([]string{c.asks}, out.Events[0].AskedAgain); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}
