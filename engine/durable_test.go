package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// counting counts the waits for the disk.
type counting struct {
	journal.Journal
	syncs atomic.Int64
}

func (c *counting) Sync(ctx context.Context) error {
	c.syncs.Add(1)
	return c.Journal.Sync(ctx)
}

// TestWaitsForTheDisk counts how often a chain of steps waits for the disk: once for each write, whether its action notes
// something first or not, and for no read. What is on disk when an action has an effect tells that it started.
func TestWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	const steps = 10
	syncs := map[string]int64{}
	for _, action := range []string{"fake_read", "fake_write", "fake_noted"} {
		var text strings.Builder
		for i := range steps {
			fmt.Fprintf(&text, "step %q \"s%d\" {\n  id = \"s%d\"\n", action, i, i)
			if i > 0 {
				fmt.Fprintf(&text, "  depends_on = [step.s%d]\n", i-1)
			}
			text.WriteString("}\n")
		}
		j := &counting{Journal: enginetest.Store(t)}
		fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
			if action != "fake_read" && !startedOnDisk(ctx, t, j, id) {
				t.Errorf("%s: %s has an effect and is not on disk as started", action, id)
			}
			return nil
		}}
		out := enginetest.Run(t, fake, "provider \"fake\" {}\n"+text.String(), enginetest.Options{Journal: j, AutoApprove: true})
		if out.Result == nil || out.Result.Outcome != run.Pass {
			t.Fatalf("%s: %+v %v", action, out.Result, out.Diags)
		}
		syncs[action] = j.syncs.Load()
	}
	for _, action := range []string{"fake_write", "fake_noted"} {
		if got := syncs[action] - syncs["fake_read"]; got != steps {
			t.Errorf("%d steps with %s wait for the disk %d times, beside the %d of any run", steps, action, got, syncs["fake_read"])
		}
	}
}

// startedOnDisk reports whether the store's only run has a step as started.
func startedOnDisk(ctx context.Context, t *testing.T, j journal.Journal, step string) bool {
	runs, err := j.Runs(ctx, journal.Filter{})
	if err != nil || len(runs) != 1 {
		t.Errorf("%d runs, %v", len(runs), err)
		return false
	}
	for e, err := range j.Events(ctx, runs[0].ID) {
		if err != nil {
			t.Error(err)
			return false
		}
		if e.Event.Type == run.StepStarted && e.Event.Step == step {
			return true
		}
	}
	return false
}
