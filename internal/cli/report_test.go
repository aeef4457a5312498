package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/report"
)

// reportFlags ask for a report in each format, in the terminal's folder.
func (tt *terminal) reportFlags(args ...string) []string {
	for _, format := range report.Formats() {
		args = append(args, "--report", format+"="+filepath.Join(tt.dir, "report."+format))
	}
	return args
}

// reported demands that each report but the JSON holds a text.
func (tt *terminal) reported(t *testing.T, text string) {
	t.Helper()
	for _, format := range report.Formats() {
		got, err := os.ReadFile(filepath.Join(tt.dir, "report."+format))
		if err != nil || format != "json" && !strings.Contains(string(got), text) {
			t.Errorf("%s does not say %q: %v\n%s", format, text, err, got)
		}
	}
}

// TestReportOfARunThatBreaks: also of a run that is interrupted, and of one whose history can't be written any more, there is a report.
func TestReportOfARunThatBreaks(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if id == "look" {
			tt.signals <- os.Interrupt
			waitFor(t, tt, "nothing new starts")
		}
		return nil
	}
	book := tt.file(t, "book.hcl", doubtful)
	if status := tt.run(tt.reportFlags("apply", book, "--auto-approve")...); status != ExitInterrupted {
		t.Errorf("exit status %d\n%s", status, tt.err)
	}
	tt.reported(t, "; resume with: runbook resume "+tt.lastRun(t))

	tt = newTerminal(t, false, nil, nil)
	store := &breaking{at: run.StepFinished, step: "change", with: journal.ErrNoSpace}
	tt.OpenJournal = func(ctx context.Context, path string) (_ journal.Journal, err error) {
		store.Journal, err = sqlite.Open(ctx, path)
		return store, err
	}
	book = tt.file(t, "book.hcl", doubtful)
	if status := tt.run(tt.reportFlags("apply", book, "--auto-approve")...); status != ExitLeftOver {
		t.Errorf("exit status %d\n%s", status, tt.err)
	}
	tt.reported(t, "nobody knows whether it took place")
	tt.reported(t, "It has no end: the program that ran it is gone, or could not keep its history")
}

// TestReportOfAnEndThatWasNotKept tells of the write that is in doubt for the history.
func TestReportOfAnEndThatWasNotKept(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.OpenJournal = func(ctx context.Context, path string) (journal.Journal, error) {
		j, err := sqlite.Open(ctx, path)
		return &breaking{Journal: j, at: run.StepFinished, step: "change", with: journal.ErrNoSpace, late: true}, err
	}
	tt.does(t, ExitLeftOver, []string{"but that could not be kept"}, tt.reportFlags("apply", tt.file(t, "book.hcl", doubtful), "--auto-approve")...)
	tt.reported(t, "it passed, but that could not be kept: for the history nobody knows whether it took place")
}

// TestReportOfAWriteThatWasNotSent agrees with the terminal: what ended before it runs again, and of the write there is nothing to look at.
func TestReportOfAWriteThatWasNotSent(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.OpenJournal = func(ctx context.Context, path string) (journal.Journal, error) {
		j, err := sqlite.Open(ctx, path)
		return &breaking{Journal: j, at: run.StepFinished, step: "slow", with: journal.ErrAway, late: true}, err
	}
	book := tt.file(t, "book.hcl", `
runbook "two" {}
provider "fake" {}
step "fake_write" "one" { id = "one" }
step "fake_read" "slow" {
  id         = "slow"
  depends_on = [step.one]
}
step "fake_write" "two" {
  id         = "two"
  depends_on = [step.slow]
}
`)
	tt.does(t, ExitFailed, []string{"not kept: step slow ended, as shown above"}, tt.reportFlags("apply", book, "--auto-approve")...)
	tt.reported(t, "it passed, but that could not be kept: it runs again")
	for _, format := range report.Formats() {
		got, err := os.ReadFile(filepath.Join(tt.dir, "report."+format))
		if err != nil || strings.Contains(string(got), "nobody knows") || strings.Contains(string(got), `"left"`) {
			t.Errorf("%s has something in doubt: %v\n%s", format, err, got)
		}
	}
}

// TestReportWhereNothingIsSettled: a session that runs nothing, as something is in doubt, tells how the run stands, in place of an older report.
func TestReportWhereNothingIsSettled(t *testing.T) {
	for _, command := range []string{"resume", "undo"} {
		tt := newTerminal(t, false, nil, nil)
		store := &breaking{at: run.StepFinished, step: "change", with: journal.ErrNoSpace}
		tt.OpenJournal = func(ctx context.Context, path string) (_ journal.Journal, err error) {
			store.Journal, err = sqlite.Open(ctx, path)
			return store, err
		}
		tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "book.hcl", doubtful), "--auto-approve")
		tt.OpenJournal = sqlite.Open
		id := idPattern.FindString(tt.err.String())
		tt.does(t, ExitLeftOver, []string{"nothing was run"}, tt.reportFlags(command, id, "--in-doubt", "abort")...)
		tt.reported(t, "nobody knows whether it took place")
	}
}

// TestReportOfARunThatGoesOn in another process says so.
func TestReportOfARunThatGoesOn(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	j := tt.history(t)
	keep(t, j, 1, paused()[:3])
	lease := holding(t, j)
	if status := tt.run(tt.reportFlags("show", pausedRun)...); status != ExitPassed {
		t.Errorf("exit status %d\n%s", status, tt.err)
	}
	tt.reported(t, "a process runs it. It is followed with: runbook watch "+pausedRun)
	if err := lease.Release(t.Context()); err != nil {
		t.Error(err)
	}
	if status := tt.run(tt.reportFlags("show", pausedRun)...); status != ExitPassed {
		t.Errorf("exit status %d\n%s", status, tt.err)
	}
	tt.reported(t, "resume with: runbook resume "+pausedRun)
}
