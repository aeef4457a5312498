package engine_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// TestKeyOverAWord: a write that is sent again, as somebody said that it did not take place, is sent with its key also where that was said
// to a session that sends nothing, be it in doubt by a crash or by an answer that was lost. The server may know better.
func TestKeyOverAWord(t *testing.T) {
	t.Parallel()
	const text = `
provider "fake" {}
step "fake_write" "w" {
  id = "w"
  undo "fake_write" { id = "back" }
}
`
	for _, name := range []string{"crash", "lost answer"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, n int) error {
				if id == "w" && n == 1 {
					return errLost
				}
				return nil
			}}
			opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
			out := enginetest.Run(t, fake, text, opts)
			out.Ends(t, run.ExitLeftOver)
			id := out.Result.RunID
			if name == "crash" {
				opts.Journal = upTo(t, opts.Journal, out, run.StepStarted)
			}
			opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
				return run.Resolution{Decision: run.DecisionRedo, How: "flag", Who: "alice@ops"}
			}
			enginetest.Settle(t, fake, id, opts)
			keys := append(writeKeys(out), writeKeys(enginetest.Resume(t, fake, id, opts))...)
			if len(keys) != 2 || keys[0] == "" || keys[0] != keys[1] {
				t.Errorf("sent as %q", keys)
			}
			if diff := cmp.Diff([]string{"w", "w"}, fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// upTo is what a crash leaves just after the first event of a type.
func upTo(t *testing.T, j journal.Journal, out enginetest.Outcome, last run.Type) journal.Journal {
	t.Helper()
	for i := range out.Events {
		if out.Events[i].Type == last {
			return enginetest.CutAfter(t, j, out.Result.RunID, i+1)
		}
	}
	t.Fatalf("there is no %s\n%s", last, out.Stream)
	return nil
}

// writeKeys are those with which writes were sent.
func writeKeys(out enginetest.Outcome) []string {
	var keys []string
	for _, e := range out.Events {
		if e.Type == run.StepStarted {
			keys = append(keys, e.Key)
		}
	}
	return keys
}
