package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/run"
)

// TestRunsMarksTheDamaged: the list says which of its runs are damaged, and only of those.
func TestRunsMarksTheDamaged(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	file := tt.file(t, "x.hcl", writing)
	tt.does(t, ExitPassed, nil, "apply", file, "--auto-approve")
	bad := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitPassed, nil, "apply", file, "--auto-approve")
	tt.again(t, false, "").hasNot(t, "damaged", "runs")
	db, err := sql.Open("sqlite", filepath.Join(tt.HomeDir, ".local", "state", "runbook", "runs.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "UPDATE batches SET sum = sum + 1 WHERE run = ?", bad)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	list := tt.again(t, false, "")
	list.OpenHistory = sqlite.OpenReadOnly
	list.does(t, ExitPassed, []string{"damaged: a part of it is lost or has changed"}, "runs")
	for line := range strings.Lines(list.out.String()) {
		if marked := strings.Contains(line, "damaged"); marked != strings.HasPrefix(line, bad) {
			t.Errorf("run %s is damaged: %s", bad, line)
		}
	}
	list = tt.again(t, false, "")
	list.OpenHistory = sqlite.OpenReadOnly
	list.does(t, ExitPassed, []string{`"damaged": true`}, "runs", "--json")
	if n := strings.Count(list.out.String(), `"damaged"`); n != 1 {
		t.Errorf("%d are marked: %s", n, list.out)
	}
}

// hasNot demands that a command passes without saying something.
func (tt *terminal) hasNot(t *testing.T, text string, args ...string) {
	t.Helper()
	if status := tt.run(args...); status != ExitPassed || strings.Contains(tt.out.String(), text) {
		t.Errorf("%v: status %d: %s", args, status, tt.out)
	}
}

// TestRunsOfWhatIsLeft: where a run stands whose end is lost is not known, nor when one began whose beginning is.
func TestRunsOfWhatIsLeft(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	store, id := brokenOffAt(t, tt, tt.file(t, "x.hcl", undoable), nil, run.StepFinished, "cordon")
	b, err := os.ReadFile(store)
	if err != nil {
		t.Fatal(err)
	}
	clear(b[:100])
	damaged := filepath.Join(t.TempDir(), "damaged.db")
	if err := os.WriteFile(damaged, b, 0o600); err != nil {
		t.Fatal(err)
	}
	list := tt.again(t, false, "")
	list.OpenHistory = sqlite.OpenReadOnly
	list.run("runs", "--store", damaged)
	if out := list.out.String(); !strings.Contains(out, id) || !strings.Contains(out, "unknown") || !strings.Contains(out, "damaged: a part") || strings.Contains(out, "running") {
		t.Errorf("%s%s", out, list.err)
	}
	o := &runsOptions{Program: tt.Program}
	if rows := strings.Join(o.rows([]listed{{Summary: journal.Summary{ID: "01A", Status: journal.Unknown}}}), "\n"); strings.Contains(rows, "0001") || strings.Count(rows, "unknown") != 2 {
		t.Error(rows)
	}
}

// fullForLocks is a store whose disk is full.
type fullForLocks struct{ journal.Journal }

func (fullForLocks) Acquire(context.Context, string, journal.Owner, time.Duration, *journal.Lock) (journal.Lease, *journal.Lock, error) {
	return nil, nil, fmt.Errorf("write the run history: %w", journal.ErrNoSpace)
}

// TestNoRoomForALock: a command that gets no lock because the disk is full says to free space there.
func TestNoRoomForALock(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", undoable), "--auto-approve")
	id := tt.lastRun(t)
	next := tt.again(t, false, "")
	open := next.OpenJournal
	next.OpenJournal = func(ctx context.Context, path string) (journal.Journal, error) {
		j, err := open(ctx, path)
		return fullForLocks{j}, err
	}
	status := next.run("undo", id, "--auto-approve")
	said := strings.Join(strings.Fields(strings.ReplaceAll(next.err.String(), "│", " ")), " ")
	if status != ExitRefused || !strings.Contains(said, "nothing was run. Free space on the disk of the run history, then give the command again.") {
		t.Errorf("status %d: %s", status, said)
	}
}
