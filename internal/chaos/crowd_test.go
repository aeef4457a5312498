package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/stores"
	"github.com/e82355ed/runbook/engine/run"
)

// crowdBook waits in its middle until the file exists, so that all runs are under way at once.
const crowdBook = `
runbook "crowd" {}
variable "me" { type = string }
step "local_command" "first" {
  command = ["true"]
}
step "local_files" "gate" {
  depends_on = [step.first]
  pattern    = "GATE"
  poll {
    until    = self.count > 0
    interval = "100ms"
    timeout  = "100s"
  }
}
step "local_write_file" "last" {
  depends_on = [step.gate]
  path       = "FOLDER/${var.me}"
  content    = var.me
}
check "all" {
  threshold "me" {
    value  = tonumber(var.me)
    expect = step.last.changed
  }
}
`

// TestCrowdOnOneStore has many processes write their runs into one file at once.
func TestCrowdOnOneStore(t *testing.T) {
	t.Parallel()
	n := sample(12, 100)
	dir := t.TempDir()
	store, gate := filepath.Join(dir, "runs.db"), filepath.Join(dir, "gate")
	book := write(t, "crowd.hcl", fill(crowdBook, "GATE", gate, "FOLDER", dir))
	var wg sync.WaitGroup
	got := make([]ended, n)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for i := range n {
		c := command(ctx, t, "apply", book, "--auto-approve", "--store", store, "--var", fmt.Sprintf("me=%d", i))
		wg.Go(func() { got[i] = await(t, c) })
	}
	eventually(t, "all runs are listed while they run", func(ctx context.Context) error {
		if listed := len(runsOf(t, store, n)); listed < n {
			return fmt.Errorf("%d of %d are", listed, n)
		}
		return nil
	})
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	for i, e := range got {
		if e.status != cli0 {
			t.Errorf("run %d ended with status %d:\n%s%s", i, e.status, e.stdout, e.stderr)
		}
	}
	runs := runsOf(t, store, n)
	if len(runs) != n {
		t.Fatalf("%d runs are kept of %d", len(runs), n)
	}
	for _, r := range runs {
		if r.Outcome != run.Pass {
			t.Errorf("run %s: outcome %q", r.ID, r.Outcome)
		}
		wholeStream(t, store, r.ID)
	}
}

// cli0 is the exit status of a run that passed, cli3 that of one that waits for somebody.
const (
	cli0 = 0
	cli3 = 3
)

func openStore(t *testing.T, path string) journal.Journal {
	t.Helper()
	j, err := stores.Open(t.Context(), path)
	if err != nil {
		t.Fatalf("the store can't be read: %v", err)
	}
	return j
}

func closeStore(t *testing.T, j journal.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

func runsOf(t *testing.T, store string, limit int) []journal.Summary {
	t.Helper()
	j := openStore(t, store)
	defer closeStore(t, j)
	runs, err := j.Runs(t.Context(), journal.Filter{Limit: limit + 1})
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

// eventsOf reads a run back.
func eventsOf(t *testing.T, store, id string) []*run.Event {
	t.Helper()
	j := openStore(t, store)
	defer closeStore(t, j)
	var events []*run.Event
	for e, err := range j.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e.Event)
	}
	return events
}

// wholeStream checks that no event is missing, from the first to the end of the run.
func wholeStream(t *testing.T, store, id string) {
	t.Helper()
	events := eventsOf(t, store, id)
	for i, e := range events {
		if e.Seq != int64(i+1) {
			t.Fatalf("run %s: event %d has number %d", id, i+1, e.Seq)
		}
	}
	if len(events) == 0 || events[len(events)-1].Type != run.RunFinished {
		t.Errorf("run %s has no end", id)
	}
}
