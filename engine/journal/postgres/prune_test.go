package postgres

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// TestPruneKeepsWhatCantBeRead: of old runs, those that can't be read are kept and named, and the others are deleted.
func TestPruneKeepsWhatCantBeRead(t *testing.T) {
	address := database(t)
	j := open(t, address, journal.ReadWrite)
	status := 0
	for _, id := range []string{"01A", "01B", "01C"} {
		end := entry(&run.Event{V: 1, Seq: 2, Run: id, Type: run.RunFinished, Outcome: run.Pass, ExitStatus: &status, Time: time.Unix(1_700_000_000, 0)})
		if err := errors.Join(j.Append(t.Context(), id, []journal.Entry{started(id), end}), j.Sync(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, address, "UPDATE runbook.batches SET events = overlay(events PLACING 'x' FROM 1) WHERE run = '01B'", 1)
	for _, prune := range []func(context.Context, journal.Old) (int, error){open(t, address, journal.ReadOnly).Prunable, j.Prune} {
		n, err := prune(t.Context(), journal.Old{Before: time.Now()})
		if n != 2 || !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), "run 01B") || !strings.Contains(err.Error(), "1 run that can't be read is kept") {
			t.Errorf("pruned %d, %v", n, err)
		}
	}
	if runs, err := j.Runs(t.Context(), journal.Filter{}); err != nil || len(runs) != 1 || runs[0].ID != "01B" {
		t.Errorf("left: %v, %v", runs, err)
	}
}
