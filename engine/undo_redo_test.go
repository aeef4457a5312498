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

const tookBack = `
runbook "test" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "w" {
  id = "w"
  undo "fake_write" {
    on = "failure"
    id = "back"
  }
}
step "fake_read" "z" {
  id         = "z"
  depends_on = [step.w]
}
`

// TestUndoInDoubtIsSentAgain: who says so has it sent again. A run that goes on does so at its end alone, with an undo that runs there in any
// case; of another it says that, and is not run. A system that says that it did not take place has nothing sent.
func TestUndoInDoubtIsSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		on, how string
		status  int
		refused bool
		want    []string
	}{
		"at the end":                {"end", "flag", 0, false, []string{"w", "z", "back", "z", "back"}},
		"on failure":                {"failure", "flag", 0, true, []string{"w", "z", "back", "back", "w", "z"}},
		"on failure, declared":      {"failure", run.HowDeclared, 0, true, []string{"w", "z", "back", "back", "w", "z"}},
		"on failure, it knows best": {"failure", run.HowInquired, 0, false, []string{"w", "z", "back", "z"}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, n int) error {
				switch {
				case id == "z" && n == 1:
					return enginetest.ErrUnreachable()
				case id == "back" && n == 1:
					return errLost
				}
				return nil
			}}
			opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
			out := enginetest.Run(t, fake, strings.Replace(tookBack, `"failure"`, `"`+c.on+`"`, 1), opts)
			out.Ends(t, run.ExitLeftOver)
			id := out.Result.RunID
			opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
				return run.Resolution{Decision: run.DecisionRedo, How: c.how, Who: "alice@ops"}
			}
			out = enginetest.Resume(t, fake, id, opts)
			if c.refused {
				if out.Result != nil || !strings.Contains(out.Diags.Error(), "it is sent again by an undo, before the run goes on") {
					t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
				}
				enginetest.Undo(t, fake, id, opts).Ends(t, 1)
				out = enginetest.Resume(t, fake, id, opts)
			}
			out.Ends(t, c.status)
			if diff := cmp.Diff(c.want, fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestRepeatableUndoThatWasNotSent: nobody looked at an undo that is sent again on its author's word alone. Where the session breaks off before
// that, it is in doubt as it was.
func TestRepeatableUndoThatWasNotSent(t *testing.T) {
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, n int) error {
		switch {
		case id == "z":
			return enginetest.ErrUnreachable()
		case id == "back" && n == 1:
			return errLost
		}
		return nil
	}}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.Run(t, fake, tookBack, opts)
	out.Ends(t, run.ExitLeftOver)
	id, before := out.Result.RunID, len(out.Events)
	opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
		return run.Resolution{Decision: run.DecisionRedo, How: run.HowDeclared}
	}
	out = enginetest.Undo(t, fake, id, opts, "w")
	out.Ends(t, 1)
	for cut := 1; cut < len(out.Events); cut++ {
		want := "w undo"
		if tells(out.Events[:cut], run.UndoFinished, "w") {
			want = ""
		}
		if got := strings.Join(toSettle(t, fake, enginetest.CutAfter(t, opts.Journal, id, before+cut), id), ", "); got != want {
			t.Errorf("after %d of %d asks about %q, not %q", cut, len(out.Events), got, want)
		}
	}
}
