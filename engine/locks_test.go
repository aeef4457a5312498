package engine_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
)

// locking are two runbooks with a lock each, one of which runs the other.
var locking = map[string]string{
	"parent.hcl": `
runbook "parent" { lock = "outer" }
provider "fake" {}
step "fake_write" "own" { id = "own" }
step "runbook" "db" {
  source     = "./child.hcl"
  depends_on = [step.own]
}
`,
	"child.hcl": `
runbook "child" { lock = "inner" }
provider "fake" {}
step "fake_write" "one" { id = "one" }
`,
}

// heldNow are the locks of runbooks that somebody holds.
func heldNow(t *testing.T, j journal.Journal) []string {
	t.Helper()
	list, err := j.Locks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, l := range list {
		if l.Name != journal.RunLock(l.Owner.Run) {
			names = append(names, l.Name)
		}
	}
	return names
}

// TestLocksOfRunbooksWithin: a run holds the locks of the runbooks that its steps run, from its beginning, and of no others.
func TestLocksOfRunbooksWithin(t *testing.T) {
	parent := files(t, locking)
	child := filepath.Join(filepath.Dir(parent), "child.hcl")
	for name, test := range map[string]struct {
		targets []string
		held    []string
		refused bool
	}{
		"all of it":     {held: []string{"inner", "outer"}, refused: true},
		"without child": {targets: []string{"own"}, held: []string{"outer"}},
	} {
		t.Run(name, func(t *testing.T) {
			j := enginetest.Store(t)
			var held []string
			var beside enginetest.Outcome
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				if id == "own" {
					held = heldNow(t, j)
					beside = enginetest.RunFile(t, &enginetest.Fake{}, child, enginetest.Options{Journal: j})
				}
				return nil
			}}
			opts := enginetest.Options{Journal: j}
			opts.Plan.Targets = test.targets
			out := enginetest.RunFile(t, fake, parent, opts)
			if out.Result == nil || out.Result.ExitStatus != 0 {
				t.Fatalf("%+v %v", out.Result, out.Diags)
			}
			if diff := cmp.Diff(test.held, held); diff != "" {
				t.Error(diff)
			}
			if refused := strings.Contains(beside.Diags.Error(), "inner is held by run "+out.Result.RunID); refused != test.refused {
				t.Errorf("the child beside it: %v", beside.Diags)
			}
			if lock := fmt.Sprintf(`"lock":%q`, strings.Join(test.held, ", ")); !strings.Contains(out.Stream, lock) {
				t.Errorf("run_started does not tell %s:\n%s", lock, out.Stream)
			}
			if left := heldNow(t, j); len(left) > 0 {
				t.Errorf("still held at the end: %v", left)
			}
		})
	}
}

// TestOneOfSeveralLocksIsHeld: a run that does not get all of its locks keeps none.
func TestOneOfSeveralLocksIsHeld(t *testing.T) {
	j := enginetest.Store(t)
	if _, _, err := j.Acquire(t.Context(), "outer", journal.Owner{Run: "OTHER", Runbook: "other"}, time.Minute, nil); err != nil {
		t.Fatal(err)
	}
	out := enginetest.RunFile(t, &enginetest.Fake{}, files(t, locking), enginetest.Options{Journal: j})
	if out.Result != nil || !strings.Contains(out.Diags.Error(), "outer is held by run OTHER") {
		t.Errorf("%+v %v", out.Result, out.Diags)
	}
	if diff := cmp.Diff([]string{"outer"}, heldNow(t, j)); diff != "" {
		t.Error(diff)
	}
}

// TestLockThatARunbookHasNoMore: what a paused run kept under a name that its changed runbook does not have is free once it goes on.
func TestLockThatARunbookHasNoMore(t *testing.T) {
	broken := true
	fake := &enginetest.Fake{Do: func(context.Context, string, int) error {
		if broken {
			return enginetest.ErrUnreachable()
		}
		return nil
	}}
	j := enginetest.Store(t)
	out := enginetest.RunFile(t, fake, files(t, locking), enginetest.Options{Journal: j})
	if out.Result == nil || out.Result.ExitStatus != 1 {
		t.Fatalf("%+v %v", out.Result, out.Diags)
	}
	lease, _, err := j.Acquire(t.Context(), "old", journal.Owner{Run: out.Result.RunID, Runbook: "parent"}, time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := lease.Park(t.Context()); err != nil {
		t.Fatal(err)
	}
	broken = false
	out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j})
	if out.Result == nil || out.Result.ExitStatus != 0 {
		t.Fatalf("%+v %v", out.Result, out.Diags)
	}
	if left := heldNow(t, j); len(left) > 0 {
		t.Errorf("still held at the end: %v", left)
	}
}
