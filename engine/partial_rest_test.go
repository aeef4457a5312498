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

const sentInParts = `
runbook "test" {}
provider "fake" {}
step "fake_write" "change" {
  id = "all"
  undo "fake_write" { id = "back" }
}
`

// TestRestOfAWrite: what is sent after a part of a write is undone beside that, each as its own time gave. An undo that can't tell them apart
// would take back all of it twice: the rest is not sent then, until the part is undone.
func TestRestOfAWrite(t *testing.T) {
	const told = "would take back all of it twice"
	for name, c := range map[string]struct {
		undo, file string
		says       string
		want       []string
	}{
		"each of its own": {`"back ${self.call} ${self.value}"`, `id = "rest"`, "", []string{"all", "rest", "back 1 rest", "back 1 all"}},
		"all of it":       {`"back"`, `id = "rest"`, told, []string{"all", "back", "rest", "back"}},
		"all of it again": {`"back"`, `id = "all"`, told, []string{"all", "back", "all", "back"}},
		"no time of it":   {`"back ${self.attempts}"`, `id = "rest"`, told, []string{"all", "back 1", "rest", "back 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(sentInParts, `"back"`, c.undo, 1)
			if c.says == "" {
				text = strings.Replace(text, `id = "all"`, "id = \"all\"\n  value = \"all\"", 1)
				c.file += "\n  value = \"rest\""
			}
			broken := true
			fake := partly("all", &broken)
			opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
			path := enginetest.Write(t, text)
			out := enginetest.RunFile(t, fake, path, opts)
			out.Ends(t, 1)
			id := out.Result.RunID
			broken = false
			enginetest.Rewrite(t, path, strings.NewReplacer("id = \"all\"\n  value = \"all\"", c.file, `id = "all"`, c.file).Replace(text))
			var asked []run.Doubt
			opts.Settle = decides(run.DecisionRedo, &asked)
			out = enginetest.Resume(t, fake, id, opts)
			if c.says != "" {
				if out.Result != nil || !strings.Contains(out.Diags.Error(), c.says) {
					t.Fatalf("%+v %v", out.Result, out.Diags)
				}
				enginetest.Undo(t, fake, id, opts).Ends(t, 1) // the step had erred
				out = enginetest.Resume(t, fake, id, opts)
			}
			out.Ends(t, 0)
			enginetest.Undo(t, fake, id, opts).Ends(t, 0)
			if diff := cmp.Diff(c.want, fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPartWhoseUndoFailed: what counts as done by now has one undo, also where that failed before.
func TestPartWhoseUndoFailed(t *testing.T) {
	broken := true
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		switch {
		case broken && id == "all":
			return enginetest.ErrUnreadable
		case broken:
			return enginetest.ErrUnreachable()
		}
		return nil
	}}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.Run(t, fake, strings.Replace(sentInParts, "{}", `{ on_failure = "stop" }`, 1), opts)
	out.Ends(t, run.ExitLeftOver)
	broken = false
	var asked []run.Doubt
	opts.Settle = decides(run.DecisionDone, &asked)
	id := out.Result.RunID
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)
	enginetest.Undo(t, fake, id, opts).Ends(t, 0)
	if diff := cmp.Diff([]string{"all", "back", "back"}, fake.Log()); diff != "" || len(asked) != 1 {
		t.Errorf("asked about %+v\n%s", asked, diff)
	}
}

// TestPartWhoseUndoIsInDoubt: the undo is settled, and no word about it counts for the write. Where it did not take place, the part is undone
// before the write runs again.
func TestPartWhoseUndoIsInDoubt(t *testing.T) {
	for _, decision := range []string{run.DecisionDone, run.DecisionRedo} {
		t.Run(decision, func(t *testing.T) {
			broken := true
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				switch {
				case broken && id == "all":
					return enginetest.ErrUnreadable
				case broken:
					return errLost
				}
				return nil
			}}
			opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
			out := enginetest.Run(t, fake, strings.Replace(sentInParts, "{}", `{ on_failure = "stop" }`, 1), opts)
			out.Ends(t, run.ExitLeftOver)
			broken = false
			var asked []run.Doubt
			opts.Settle = func(d run.Doubt, _ *provider.Found) run.Resolution {
				asked = append(asked, d)
				return run.Resolution{Decision: decision, How: run.HowInquired}
			}
			id, want := out.Result.RunID, []string{"all", "back", "all"}
			out = enginetest.Resume(t, fake, id, opts)
			if decision == run.DecisionRedo {
				if out.Result != nil || !strings.Contains(out.Diags.Error(), "the undo of change is in doubt: it is sent again by an undo") {
					t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
				}
				enginetest.Undo(t, fake, id, opts).Ends(t, 1)
				out, want = enginetest.Resume(t, fake, id, opts), []string{"all", "back", "back", "all"}
			}
			out.Ends(t, 0)
			if diff := cmp.Diff(want, fake.Log()); diff != "" || !asked[0].Undo || !asked[0].OfPart {
				t.Errorf("asked about %+v\n%s", asked, diff)
			}
		})
	}
}
