package engine_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// lostAndRefused loses the answer to the first call, and refuses the second.
func lostAndRefused(_ context.Context, id string, n int) error {
	switch {
	case id == "boom", n == 1:
		return errLost
	case n == 2:
		return enginetest.ErrUnreachable()
	}
	return nil
}

// TestEarlierAttempt: what is sent again is told what the attempt before noted, unless that surely did not take place: what it saw
// then is not what is there now.
func TestEarlierAttempt(t *testing.T) {
	for name, step := range map[string]string{
		"plain":     `id = "w"`,
		"sensitive": "id = \"w\"\n  value = sensitive(\"hush\")",
	} {
		t.Run(name, func(t *testing.T) {
			text := `
provider "fake" {}
step "fake_noted" "w" {
  ` + step + `
  retry {
    writes   = true
    attempts = 5
    delay    = "1ms"
  }
}
`
			fake := &enginetest.Fake{Do: lostAndRefused}
			enginetest.Run(t, fake, text, enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}).Ends(t, 0)
			if diff := cmp.Diff([]string{"", `"w 1"`, `"w 1"`}, fake.Earlier()); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		fake := &enginetest.Fake{Do: func(_ context.Context, _ string, n int) error {
			if n == 1 {
				return enginetest.ErrUnreachable()
			}
			return nil
		}}
		const text = `
provider "fake" {}
step "fake_noted" "w" {
  id = "w"
  retry { delay = "1ms" }
}
`
		enginetest.Run(t, fake, text, enginetest.Options{AutoApprove: true}).Ends(t, 0)
		if diff := cmp.Diff([]string{"", ""}, fake.Earlier()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestEarlierSession: the same holds of a write that another session sent, however many are between, and of an undo.
func TestEarlierSession(t *testing.T) {
	const text = `
provider "fake" {}
step "fake_noted" "w" {
  id    = "w"
  value = sensitive("hush")
  undo "fake_noted" { id = "back" }
}
`
	fake := &enginetest.Fake{Do: lostAndRefused}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, Seal: plain, Unseal: opened}
	opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
		return run.Resolution{Decision: run.DecisionRedo, How: "flag"}
	}
	out := enginetest.Run(t, fake, text, opts)
	out.Ends(t, 4)
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 1)
	without := opts
	without.Unseal = nil // another key: what was noted can't be read, and the undo needs it
	enginetest.Resume(t, fake, out.Result.RunID, without).Ends(t, 1)
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
	for _, status := range []int{4, 4, 0} {
		enginetest.Undo(t, fake, out.Result.RunID, opts).Ends(t, status)
	}
	if diff := cmp.Diff([]string{"", `"w 1"`, `"w 1"`, "", `"back 1"`, `"back 1"`}, fake.Earlier()); diff != "" {
		t.Error(diff)
	}
}
