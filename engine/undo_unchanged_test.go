package engine_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// idle is a runbook whose first step may change nothing, and whose end takes back what was done.
const idle = `
runbook "test" {}
provider "fake" {}
step "fake_write" "set" {
  id = "set"
  retry {
    attempts = 2
    delay    = "1ms"
    writes   = true
  }
  undo "fake_write" {
    id = "unset"
    on = "end"
  }
}
step "fake_write" "add" {
  id = "add"
  undo "fake_write" {
    id = "take away"
    on = "end"
  }
}
`

// unchanged is a fake of which a call with one of the ids leaves everything as it was.
func unchanged(ids ...string) *enginetest.Fake {
	return &enginetest.Fake{Unchanged: func(id string) bool { return slices.Contains(ids, id) }}
}

// TestNothingToTakeBack: the undo of a write that changed nothing is not due, unless an attempt before may have changed something.
func TestNothingToTakeBack(t *testing.T) {
	tests := map[string]struct {
		unchanged []string
		// first is how the first attempt at the first step ends.
		first error
		did   []string
	}{
		"both changed":          {did: []string{"set", "add", "take away", "unset"}},
		"one did not":           {unchanged: []string{"set"}, did: []string{"set", "add", "take away"}},
		"neither did":           {unchanged: []string{"set", "add"}, did: []string{"set", "add"}},
		"an attempt got lost":   {unchanged: []string{"set"}, first: errLost, did: []string{"set", "set", "add", "take away", "unset"}},
		"an attempt was no one": {unchanged: []string{"set"}, first: enginetest.ErrUnreachable(), did: []string{"set", "set", "add", "take away"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			fake := unchanged(tc.unchanged...)
			fake.Do = failsFirst("set", tc.first)
			j := enginetest.Store(t)
			out := enginetest.Run(t, fake, idle, enginetest.Options{Journal: j})
			out.Ends(t, 0)
			if diff := cmp.Diff(tc.did, fake.Log()); diff != "" {
				t.Errorf("%s\n%s", diff, out.Stream)
			}
			left, err := enginetest.New(fake, nil).Undoable(t.Context(), j, out.Result.RunID)
			if err != nil || len(left) > 0 {
				t.Errorf("%v can be undone, err %v", left, err)
			}
		})
	}
}

// failsFirst has the first call with an id fail; nil: it does not.
func failsFirst(id string, err error) func(context.Context, string, int) error {
	return func(_ context.Context, called string, n int) error {
		if called == id && n == 1 {
			return err
		}
		return nil
	}
}

// TestNothingToTakeBackAfterACrash: what the system tells after a crash counts as what the action itself would have told.
func TestNothingToTakeBackAfterACrash(t *testing.T) {
	tests := map[string]struct {
		state provider.State
		// first is how the attempt ended before the one that the crash cut off.
		first  error
		undone int
	}{
		"found done":               {state: provider.Done},
		"found done, sent twice":   {state: provider.Done, first: errLost, undone: 1},
		"found not done, and sent": {state: provider.NotDone, undone: 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			fake, whole := unchanged("set"), enginetest.Store(t)
			fake.Do = failsFirst("set", tc.first)
			out := enginetest.Run(t, fake, idle, enginetest.Options{Journal: whole})
			id := out.Result.RunID
			opts := enginetest.Options{
				Journal: enginetest.CutAfter(t, whole, id, lastStart(t, out.Events, "set")),
				Settle: func(_ run.Doubt, found *provider.Found) run.Resolution {
					if found.State == provider.Done {
						return run.Resolution{Decision: run.DecisionDone, How: "inquired"}
					}
					return run.Resolution{Decision: run.DecisionRedo, How: "inquired"}
				},
			}
			fake.Inquire = func(string) (provider.State, string, error) { return tc.state, "it was looked for", nil }
			before := fake.Calls("unset")
			out = enginetest.Resume(t, fake, id, opts)
			out.Ends(t, 0)
			if got := fake.Calls("unset") - before; got != tc.undone {
				t.Errorf("undone %d times, want %d\n%s", got, tc.undone, out.Stream)
			}
		})
	}
}

// lastStart is how many events there are up to the last start of a step.
func lastStart(t *testing.T, events []run.Event, step string) int {
	t.Helper()
	for i, e := range slices.Backward(events) {
		if e.Type == run.StepStarted && e.Step == step {
			return i + 1
		}
	}
	t.Fatalf("step %s did not start", step)
	return 0
}

// TestUndoOfWhatASecondExecutionFound: a step took effect and failed its check; the second time it changed nothing. What it did the first
// time is undone, and done again, as if it had been done the second time.
func TestUndoOfWhatASecondExecutionFound(t *testing.T) {
	const text = `
runbook "test" {}
provider "fake" {}
step "fake_write" "set" {
  id = "set"
  assert { condition = self.call > 1 }
  undo "fake_write" { id = "unset" }
}
step "fake_write" "last" {
  id         = "last"
  depends_on = [step.set]
}
`
	fails := map[string]bool{"last": true, "unset": true}
	fake := &enginetest.Fake{}
	fake.Unchanged = func(id string) bool { return id == "set" && fake.Calls("set") == 2 }
	fake.Do = func(_ context.Context, id string, _ int) error {
		if fails[id] {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.Run(t, fake, text, opts)
	out.Ends(t, 1)
	id := out.Result.RunID
	enginetest.Resume(t, fake, id, opts).Ends(t, 1)
	enginetest.Undo(t, fake, id, opts).Ends(t, run.ExitLeftOver)
	fails = nil
	out = enginetest.Undo(t, fake, id, opts)
	if out.Result == nil || out.Result.Counts[run.Undone] != 1 {
		t.Errorf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)
	if diff := cmp.Diff([]string{"set", "set", "last", "unset", "unset", "set", "last"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}
