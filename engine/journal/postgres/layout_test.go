package postgres

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
)

// TestOldLayoutInUse: the layout is not changed under a process of an older version that runs a run, and is once that is gone.
func TestOldLayoutInUse(t *testing.T) {
	address := database(t)
	old := open(t, address, journal.ReadWrite)
	away := journal.Owner{Run: "01A", Host: "elsewhere", Boot: "another boot", PID: 7}
	lease, _, err := old.Acquire(t.Context(), journal.RunLock("01A"), away, time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	parked, _, err := old.Acquire(t.Context(), "deploy", journal.Owner{Run: "01B"}, time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := parked.Park(t.Context()); err != nil { // a paused run has no process that could break off
		t.Fatal(err)
	}
	// This program becomes a newer one.
	present := layouts
	layouts = append(slices.Clone(present), "ALTER TABLE runbook.runs ADD COLUMN mood text")
	t.Cleanup(func() { layouts = present })
	refusal := fmt.Sprintf("it has layout %d, and process 7 on elsewhere runs run 01A with an older version", len(present))
	if j, err := Open(t.Context(), address, journal.ReadWrite); err == nil || !strings.Contains(err.Error(), refusal) {
		t.Errorf("open under a run: %v, %v", j, err)
	}
	exec(t, address, fmt.Sprint("SELECT 1 FROM runbook.layout WHERE version = ", len(present)), 1)
	if _, err := open(t, address, journal.ReadOnly).Runs(t.Context(), journal.Filter{}); err != nil {
		t.Errorf("reading under a run: %v", err)
	}
	if err := lease.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	open(t, address, journal.ReadWrite)
	exec(t, address, "SELECT mood FROM runbook.runs", 0)
}
