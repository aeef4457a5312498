package cli

import (
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
