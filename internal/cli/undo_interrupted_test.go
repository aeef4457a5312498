package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/report"
)

// TestUndoLeavesARunInterrupted: no step failed, and the run can be resumed, as before its steps were undone by hand.
func TestUndoLeavesARunInterrupted(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "x.hcl", `
runbook "interrupted" {}
provider "fake" {}
step "fake_write" "w" {
  id = "w"
  undo "fake_write" { id = "back" }
}
step "fake_ask" "calm" {
  prompt     = "Is it calm?"
  depends_on = [step.w]
}
`), "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitPassed, nil, "cancel", id, "--auto-approve")
	tt.again(t, false, "").does(t, ExitInterrupted, nil, "watch", id)
	file := filepath.Join(tt.dir, "report.json")
	next := tt.again(t, false, "")
	next.does(t, ExitPassed, []string{"✓ undo w", "interrupted: ", "resume with: runbook resume " + id}, "undo", id, "--auto-approve", "--report", "json="+file)
	if strings.Contains(next.out.String(), "undos that are left") {
		t.Errorf("undos are said to be left:\n%s", next.out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got report.Run
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.State != report.Interrupted || got.ExitStatus == nil || *got.ExitStatus != ExitInterrupted || got.Reason != run.StopInterrupt {
		t.Errorf("the report says %s, %v, %q", got.State, got.ExitStatus, got.Reason)
	}
	if last := got.Sessions[len(got.Sessions)-1]; last.State != report.Ended || last.Reason != "" {
		t.Errorf("its last session is %s, %q", last.State, last.Reason)
	}
	tt.again(t, false, "").does(t, ExitInterrupted, nil, "watch", id)
	tt.again(t, false, "").does(t, ExitInterrupted, []string{"calm waits"}, "resume", id)
	if n := tt.fake.Calls("w"); n != 2 {
		t.Errorf("w was sent %d times", n)
	}
}

// TestUndoLeavesAKilledRunInterrupted: so is one whose program was gone, or lost its history, while a step was under way, which has no result then.
func TestUndoLeavesAKilledRunInterrupted(t *testing.T) {
	const text = `
runbook "killed" {}
provider "fake" {}
step "fake_write" "w" {
  id = "w"
  undo "fake_write" { id = "back" }
}
step "fake_read" "slow" {
  id         = "slow"
  depends_on = [step.w]
}
output "x" { value = step.slow.call }
`
	for name, breaks := range map[string]func(t *testing.T, tt *terminal, path string) (store, id string){
		"killed": func(t *testing.T, tt *terminal, path string) (string, string) {
			return brokenOffAt(t, tt, path, nil, run.StepStarted, "slow")
		},
		"its history is lost": func(t *testing.T, tt *terminal, path string) (string, string) {
			store, first := tt.file(t, "runs.db", ""), tt.again(t, false, "")
			first.OpenJournal = func(ctx context.Context, path string) (journal.Journal, error) {
				j, err := sqlite.Open(ctx, path)
				return &breaking{Journal: j, at: run.StepFinished, step: "slow", with: journal.ErrNoSpace}, err
			}
			first.does(t, ExitFailed, nil, "apply", path, "--auto-approve", "--store", store)
			return store, idPattern.FindString(first.err.String())
		},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			store, id := breaks(t, tt, tt.file(t, "x.hcl", text))
			file := filepath.Join(tt.dir, "report.xml")
			says := []string{"✓ undo w", "x = null", "interrupted: ", "resume with: runbook resume " + id}
			tt.again(t, false, "").does(t, ExitPassed, says, "undo", id, "--auto-approve", "--store", store, "--report", "junit="+file)
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if text := string(got); !strings.Contains(text, "The program that ran it was gone before its end") || strings.Contains(text, "<failure") || strings.Contains(text, "encrypted") {
				t.Errorf("the report says\n%s", text)
			}
			tt.again(t, false, "").does(t, ExitInterrupted, nil, "watch", id, "--store", store)
			tt.again(t, false, "").does(t, ExitPassed, []string{"✓ w", "✓ slow"}, "resume", id, "--auto-approve", "--store", store)
		})
	}
}
