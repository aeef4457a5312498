package engine_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

const rows = `
provider "fake" {}
step "fake_write" "before" {
  id = "before"
  undo "fake_write" { id = "before back" }
}
step "fake_write" "row" {
  for_each   = toset(["a", "b", "c", "d"])
  id         = "row ${each.key}"
  depends_on = [step.before]
  undo "fake_write" { id = "row ${each.key} back" }
}
step "fake_read" "after" {
  id         = "after"
  depends_on = [step.row]
}
`

// TestResumeOfSomeInstances: writes take turns, and those that passed may lie between those that run again.
func TestResumeOfSomeInstances(t *testing.T) {
	broken, j := true, enginetest.Store(t)
	fake := &enginetest.Fake{}
	fake.Do = func(_ context.Context, id string, _ int) error {
		if broken && (id == "row a" || id == "row c") {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	opts := enginetest.Options{Journal: j, AutoApprove: true}
	out := enginetest.Run(t, fake, rows, opts)
	broken = false
	out = enginetest.Resume(t, fake, out.Result.RunID, opts)
	out.Ends(t, 0)
	want := []string{"before", "row a", "row b", "row c", "row d", "row a", "row c", "after"}
	if diff := cmp.Diff(want, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestUndoneInstancesWait for what they depend on, where that was undone too, and so do those that were not, as they run again for it;
// when it fails now, they are blocked.
func TestUndoneInstancesWait(t *testing.T) {
	for _, fails := range []bool{false, true} {
		broken, j := false, enginetest.Store(t)
		fake := &enginetest.Fake{}
		fake.Do = func(_ context.Context, id string, _ int) error {
			if broken && id == "before" {
				return enginetest.ErrUnreachable()
			}
			return nil
		}
		opts := enginetest.Options{Journal: j, AutoApprove: true}
		out := enginetest.Run(t, fake, rows, opts)
		id := out.Result.RunID
		out = enginetest.Undo(t, fake, id, opts, `row["d"]`, `row["b"]`, "before")
		broken = fails
		out = enginetest.Resume(t, fake, id, opts)
		if out.Result == nil || (out.Result.ExitStatus == 0) == fails {
			t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
		}
		want := []string{"before", "row a", "row b", "row c", "row d", "after", "row d back", "row b back", "before back", "before"}
		if !fails {
			want = append(want, "row a", "row b", "row c", "row d", "after")
		}
		if diff := cmp.Diff(want, fake.Log()); diff != "" {
			t.Errorf("fails = %v: %s\n%s", fails, diff, out.Stream)
		}
	}
}
