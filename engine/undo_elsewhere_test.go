package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// TestUndoOfADoubtThatWasElsewhere: a write in doubt counts as done where it was sent, also once the file has its step, or its undo, go through
// another configuration: its undo is not sent there.
func TestUndoOfADoubtThatWasElsewhere(t *testing.T) {
	t.Parallel()
	const text = `
runbook "test" { on_failure = "stop" }
provider "fake" {
  alias = "x"
  name  = "one"
}
provider "fake" {
  alias = "y"
  name  = "two"
}
step "fake_write" "w" {
  provider = provider.fake.x
  id       = "w"
  undo "fake_write" { id = "back" }
}
step "fake_write" "boom" {
  provider   = provider.fake.y
  id         = "boom"
  depends_on = [step.w]
}
`
	own := strings.Replace(text, `undo "fake_write" { id = "back" }`, "undo \"fake_write\" {\n    provider = provider.fake.x\n    id       = \"back\"\n  }", 1)
	atStep := func(s string) string {
		return strings.Replace(s, "provider = provider.fake.x\n  id ", "provider = provider.fake.y\n  id ", 1)
	}
	atUndo := func(s string) string {
		return strings.Replace(s, "provider = provider.fake.x\n    id ", "provider = provider.fake.y\n    id ", 1)
	}
	renamed := func(s, to string) string {
		s = strings.ReplaceAll(s, "provider.fake.x", "provider.fake.z")
		return strings.Replace(s, "alias = \"x\"\n  name  = \"one\"", "alias = \"z\"\n  name  = \""+to+"\"", 1)
	}
	for name, c := range map[string]struct {
		before, after string
		sends         bool
	}{
		"step":                             {text, atStep(text), false},
		"undo":                             {own, atUndo(own), false},
		"both":                             {own, atUndo(atStep(own)), false},
		"only the step":                    {own, atStep(own), true},
		"another name":                     {text, renamed(text, "one"), true},
		"another name, and another system": {text, renamed(text, "three"), false},
		"as it was":                        {text, text + "\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				switch id {
				case "w":
					return errors.New("the answer got lost")
				case "boom":
					return enginetest.ErrUnreachable()
				}
				return nil
			}}
			opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
			file := enginetest.Write(t, c.before)
			out := enginetest.RunFile(t, fake, file, opts)
			out.Ends(t, 4)
			enginetest.Rewrite(t, file, c.after)
			opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
				return run.Resolution{Decision: run.DecisionDone, How: "asked", Who: "me"}
			}
			id, status := out.Result.RunID, map[bool]int{true: 1, false: 4}[c.sends]
			out = enginetest.Resume(t, fake, id, opts)
			out.Ends(t, status)
			if want := map[bool]int{true: 1}[c.sends]; fake.Calls("back") != want {
				t.Errorf("it was sent %d times, want %d\n%s", fake.Calls("back"), want, out.Stream)
			}
			if c.sends {
				return
			}
			if !strings.Contains(out.Stream, "fake_write on fake://one with id") {
				t.Errorf("where it is to be done by hand is not told:\n%s", out.Stream)
			}
			enginetest.Undo(t, fake, id, opts).Ends(t, 4)
			if fake.Calls("back") != 0 {
				t.Errorf("it was sent by hand: %q", fake.Log())
			}
		})
	}
}
