package cli

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const movable = `
runbook "movable" {}
provider "fake" {
  name = env("WHERE")
}
step "fake_write" "w" {
  id = "w"
  undo "fake_write" {
    id = "back"
  }
}
`

// TestUndoOnAnotherSystem is refused, and tells both systems and what to do by hand; where the environment is as it was, it runs.
func TestUndoOnAnotherSystem(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	where := map[string]string{"WHERE": "staging"}
	lookup := func(name string) (string, bool) { v, ok := where[name]; return v, ok }
	tt.Lookup = lookup
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", movable), "--auto-approve")
	id := tt.lastRun(t)
	again := func() *terminal {
		next := tt.again(t, false, "")
		next.Lookup = lookup
		return next
	}
	where["WHERE"] = "production"
	again().does(t, ExitRefused, []string{
		"what was done on one system is not undone on another", "step w: fake was fake://staging then, and is fake://production now",
		`By hand: fake_write on fake://staging with id = "back"`,
	}, "undo", id, "--auto-approve")
	if diff := cmp.Diff([]string{"w"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
	where["WHERE"] = "staging"
	again().does(t, ExitPassed, nil, "undo", id, "--auto-approve")
	if diff := cmp.Diff([]string{"w", "back"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestUndoOfARunOnTwoSystems: a run that went on elsewhere on purpose is undone where the environment points, and the rest is told; the other
// system's turn comes with its environment.
func TestUndoOfARunOnTwoSystems(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	where, broken := "staging", true
	tt.Lookup = func(name string) (string, bool) {
		if name == "WHERE" {
			return where, true
		}
		return "", false
	}
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if id == "boom" && broken {
			return errors.New("connection refused")
		}
		return nil
	}
	text := movable + "step \"fake_read\" \"boom\" {\n  id         = \"boom\"\n  depends_on = [step.w]\n}\n"
	tt.does(t, ExitFailed, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
	id := tt.lastRun(t)
	again := func(status int, says []string, args ...string) {
		next := tt.again(t, false, "")
		next.Lookup = tt.Lookup
		next.does(t, status, says, append(args, "--auto-approve")...)
	}
	where, broken = "production", false
	again(ExitPassed, nil, "resume", id, "--with-changes")
	again(ExitLeftOver, []string{"not undone here: step w: fake was fake://staging then", `By hand: fake_write on fake://staging with id = "back"`, "✓ undo w"}, "undo", id)
	again(ExitRefused, []string{"what was done on one system is not undone on another"}, "undo", id)
	where = "staging"
	again(ExitPassed, []string{"✓ undo w"}, "undo", id)
	if diff := cmp.Diff([]string{"w", "boom", "w", "boom", "back", "back"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestCancelOnAnotherMachine is refused where something that was done on the first is to be undone, and leaves the run as it was.
func TestCancelOnAnotherMachine(t *testing.T) {
	const paused = `
runbook "paused" {}
provider "fake" {}
step "fake_write" "w" {
  id = "w"
  undo "fake_write" {
    id = "back"
    on = "end"
  }
}
step "fake_ask" "ok" {
  prompt     = "All well?"
  depends_on = [step.w]
}
`
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Machine = "alpha (machine 1)"
	tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "x.hcl", paused), "--auto-approve")
	id := tt.lastRun(t)
	tt.fake.Machine = "beta (machine 2)"
	tt.again(t, false, "").does(t, ExitRefused, []string{"what was done on one system is not undone on another", "fake was alpha (machine 1) then, and is beta (machine 2) now"}, "cancel", id, "--auto-approve")
	tt.fake.Machine = "alpha (machine 1)"
	tt.again(t, false, "").does(t, ExitPassed, nil, "cancel", id, "--auto-approve")
	if diff := cmp.Diff([]string{"w", "back"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}
