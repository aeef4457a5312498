package cli

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/journal/sqlite"
)

// TestFileLostFromTheHistory: of two paused runs of one runbook the history loses that its file belongs to one. The check names that run,
// and what can't go on without it says what is lost and what to do.
func TestFileLostFromTheHistory(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	file := tt.file(t, "x.hcl", `runbook "x" {}
step "fake_ask" "calm" { prompt = "Is it calm?" }
`)
	tt.does(t, ExitInterrupted, []string{"paused"}, "apply", file)
	lost := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitInterrupted, []string{"paused"}, "apply", file)
	db, err := sql.Open("sqlite", filepath.Join(tt.HomeDir, ".local", "state", "runbook", "runs.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "DELETE FROM run_files WHERE run = ?", lost)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"runs", "check"}, {"resume", lost}, {"cancel", lost}} {
		next := tt.again(t, false, "")
		next.OpenHistory = sqlite.OpenReadOnly
		status := next.run(args...)
		said := next.out.String() + strings.Join(strings.Fields(strings.ReplaceAll(next.err.String(), "│", " ")), " ")
		if status == ExitPassed || !strings.Contains(said, "run "+lost+": the run history is damaged: the file ") || !strings.Contains(said, "of its runbook is missing") || strings.Contains(said, "no such run") {
			t.Errorf("%v: status %d: %s", args, status, said)
		}
		if args[0] != "runs" && (!strings.Contains(said, "have the history restored from a copy") || !strings.Contains(said, "x.hcl")) {
			t.Errorf("%v does not say what to do: %s", args, said)
		}
	}
}
