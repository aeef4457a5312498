package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

const pausedInTheMiddle = `
runbook "paused" { lock = "deploy" }
provider "fake" {}
step "fake_write" "cordon" {
  id = "cordon"
  undo "fake_write" { id = "uncordon" }
}
step "fake_write" "drain" {
  id = "drain"
  undo "fake_write" {
    id = "undrain"
    on = "end"
  }
}
step "fake_ask" "calm" {
  prompt     = "Is it calm?"
  depends_on = [step.drain]
}
step "fake_write" "change" {
  id         = "change"
  depends_on = [step.calm]
}
`

// pauseMidway gives a run that waits for a person, and the number of its run.
func pauseMidway(t *testing.T) (*terminal, string) {
	t.Helper()
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "x.hcl", pausedInTheMiddle), "--auto-approve")
	return tt, tt.lastRun(t)
}

// TestUndoOfAPausedRun: it stays paused, with its lock and its open question, and goes on from there. What was answered before the step
// is done again does not count.
func TestUndoOfAPausedRun(t *testing.T) {
	tt, id := pauseMidway(t)
	stays := []string{
		"✓ undo cordon", "paused: 2 passed, 1 undone", "calm waits for a yes or no\n    is asked again, as what comes before it, or a part of it, runs again first: no answer counts until then\n" +
			"    runbook resume " + id + " --answer 'calm=yes|no'", "resume with: runbook resume " + id,
	}
	tt.again(t, false, "").does(t, ExitPassed, stays, "undo", id, "cordon", "--auto-approve")
	tt.again(t, false, "").does(t, ExitPassed, []string{"deploy", id, "a paused run"}, "unlock")
	tt.again(t, false, "").does(t, ExitPassed, []string{"paused"}, "runs")
	tt.again(t, false, "").does(t, ExitPassed, []string{id, "paused"}, "runs", "--outcome", "paused")
	tt.again(t, false, "").does(t, ExitPassed, []string{"There are no such runs."}, "runs", "--outcome", "interrupted")
	tt.again(t, false, "").does(t, ExitPassed, stays, "show", id)
	again := "is asked again, as what comes before it, or a part of it, runs again first: no answer counts until then. Resume the run, which asks then: runbook resume " + id +
		"; or answer with that: runbook resume " + id + " --answer 'calm=yes|no'"
	tt.again(t, false, "").does(t, ExitPassed, []string{"calm waits for a yes or no", "Is it calm?", again}, "answer", id)
	tt.again(t, false, "").does(t, ExitRefused, []string{"calm " + again}, "answer", id, "calm", "yes")
	tt.again(t, false, "").does(t, ExitPassed, []string{`"asked_again": true`}, "answer", id, "--json")
	tt.again(t, false, "").does(t, ExitInterrupted, []string{"✓ cordon", "calm waits for a yes or no"}, "resume", id)
	tt.again(t, false, "").does(t, ExitPassed, nil, "answer", id, "calm", "yes")
	tt.again(t, false, "").does(t, ExitPassed, []string{"✓ change"}, "resume", id)
	tt.again(t, false, "").does(t, ExitPassed, []string{"Nobody holds a lock"}, "unlock")
	if diff := cmp.Diff([]string{"cordon", "drain", "uncordon", "cordon", "change", "undrain"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestUndoOfAPausedRunThatWasAnswered: the answer counts no more, and the run is not called answered.
func TestUndoOfAPausedRunThatWasAnswered(t *testing.T) {
	tt, id := pauseMidway(t)
	tt.again(t, false, "").does(t, ExitPassed, []string{"yes is kept"}, "answer", id, "calm", "yes")
	tt.again(t, false, "").does(t, ExitPassed, []string{"answered, and to be resumed: calm"}, "runs")
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, "cordon", "--auto-approve")
	next := tt.again(t, false, "")
	next.does(t, ExitPassed, nil, "runs")
	next.does(t, ExitPassed, []string{"no answer counts until then"}, "answer", id)
	if strings.Contains(next.out.String(), "answered") {
		t.Errorf("it is called answered:\n%s", next.out)
	}
	again := []string{"✓ cordon", "an answer does not count, as what comes before the step was done again since", "calm waits for a yes or no"}
	tt.again(t, false, "").does(t, ExitInterrupted, again, "resume", id)
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, "cordon", "--auto-approve")
	tt.again(t, false, "").does(t, ExitPassed, []string{"✓ cordon", "✓ change"}, "resume", id, "--answer", "calm=yes")
}

// TestCancelAfterAnUndoOfAPausedRun: giving it up then runs, and asks about, what is due at its end.
func TestCancelAfterAnUndoOfAPausedRun(t *testing.T) {
	tt, id := pauseMidway(t)
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, "cordon", "--auto-approve")
	tt.again(t, false, "").does(t, ExitPassed, []string{"✓ undo drain"}, "cancel", id, "--auto-approve")
	tt.again(t, false, "").does(t, ExitPassed, []string{"Nobody holds a lock"}, "unlock")
	if diff := cmp.Diff([]string{"cordon", "drain", "uncordon", "undrain"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestUndoOfAPausedRunThatFails says so, and the run stays paused all the same.
func TestUndoOfAPausedRunThatFails(t *testing.T) {
	tt, id := pauseMidway(t)
	broken := true
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if broken && id == "uncordon" {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	says := []string{"Take the effect of step cordon back by hand", "paused: ", "resume with: runbook resume " + id}
	tt.again(t, false, "").does(t, ExitLeftOver, says, "undo", id, "cordon", "--auto-approve")
	tt.again(t, false, "").does(t, ExitPassed, []string{"undo failed: cordon"}, "runs")
	tt.again(t, false, "").does(t, ExitPassed, []string{"deploy", id, "a paused run"}, "unlock")
	broken = false
	tt.again(t, false, "").does(t, ExitPassed, []string{"paused: "}, "undo", id, "cordon", "--auto-approve")
	next := tt.again(t, false, "")
	next.does(t, ExitPassed, nil, "runs")
	if strings.Contains(next.out.String(), "undo failed") {
		t.Errorf("it is told still:\n%s", next.out)
	}
}

// TestAnswerWhileAPausedRunIsUndone: nobody knows yet what is asked about again, so that no answer is kept.
func TestAnswerWhileAPausedRunIsUndone(t *testing.T) {
	tt, id := pauseMidway(t)
	started, finish := make(chan struct{}, 1), make(chan struct{})
	tt.fake.Do = func(ctx context.Context, id string, _ int) error {
		if id == "uncordon" {
			started <- struct{}{}
			return enginetest.Until(ctx, finish)
		}
		return nil
	}
	status, undo := make(chan int, 1), tt.again(t, false, "")
	go func() { status <- undo.run("undo", id, "cordon", "--auto-approve") }()
	<-started
	tt.again(t, false, "").does(t, ExitRefused, []string{"nothing was answered", "undoes cordon now"}, "answer", id, "calm", "yes")
	close(finish)
	if got := <-status; got != ExitPassed {
		t.Errorf("exit status %d\n%s%s", got, undo.out, undo.err)
	}
	tt.again(t, false, "").does(t, ExitInterrupted, []string{"calm waits for a yes or no"}, "resume", id)
}

// TestUndoneIsCounted: a run that passed and was taken back does not look as if it were there, until it is done again.
func TestUndoneIsCounted(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitPassed, []string{"passed: 3 passed in"}, "apply", tt.file(t, "x.hcl", undoable), "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitPassed, []string{"3 passed, 3 undone"}, "undo", id, "--auto-approve")
	tt.again(t, false, "").does(t, ExitPassed, []string{"3 passed, 3 undone"}, "runs")
	tt.again(t, false, "").does(t, ExitPassed, []string{`"undone": 3`}, "runs", "--json")
	tt.again(t, false, "").does(t, ExitPassed, []string{"3 passed, 3 undone"}, "show", id)
	tt.again(t, false, "").does(t, ExitPassed, []string{"passed: 3 passed in"}, "resume", id, "--auto-approve")
}

// TestUndoOfAPausedRunThatIsStopped says what still stands, as that of a run that has ended does, also to who looks later; it is run with the
// command that is named.
func TestUndoOfAPausedRunThatIsStopped(t *testing.T) {
	tt, id := pauseMidway(t)
	started, finish := make(chan struct{}, 1), make(chan struct{})
	tt.fake.Do = func(ctx context.Context, id string, _ int) error {
		if id == "undrain" {
			started <- struct{}{}
			return enginetest.Until(ctx, finish)
		}
		return nil
	}
	status, undo, file := make(chan int, 1), tt.again(t, false, ""), filepath.Join(tt.dir, "report.md")
	go func() { status <- undo.run("undo", id, "--auto-approve", "--report", "markdown="+file) }()
	<-started
	undo.signals <- os.Interrupt
	waitFor(t, undo, "nothing new starts")
	close(finish)
	if got := <-status; got != ExitInterrupted {
		t.Errorf("exit status %d\n%s%s", got, undo.out, undo.err)
	}
	stands := "the undos that are left run with: runbook undo " + id
	if !strings.Contains(undo.out.String(), "✓ undo drain") || !strings.Contains(undo.out.String(), stands+"\nresume with: runbook resume "+id) {
		t.Errorf("%q is not said:\n%s", stands, undo.out)
	}
	if report, err := os.ReadFile(file); err != nil || !strings.Contains(strings.ReplaceAll(string(report), `\`, ""), stands) {
		t.Errorf("%q is not in the report (%v):\n%s", stands, err, report)
	}
	tt.again(t, false, "").does(t, ExitPassed, []string{stands}, "show", id)
	next := tt.again(t, false, "")
	next.does(t, ExitPassed, []string{"✓ undo cordon"}, "undo", id, "--auto-approve")
	if strings.Contains(next.out.String(), "undos that are left") {
		t.Errorf("undos are said to be left:\n%s", next.out)
	}
	if diff := cmp.Diff([]string{"cordon", "drain", "undrain", "uncordon"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestUndoOfAPausedRunBehindOneThatFails lists what was asked for and did not run: what the step did first waits for what it did last.
func TestUndoOfAPausedRunBehindOneThatFails(t *testing.T) {
	tt, id := pauseMidway(t)
	tt.file(t, "x.hcl", strings.Replace(pausedInTheMiddle, `id = "cordon"`, `id = "cordon all"`, 1))
	tt.again(t, false, "").does(t, ExitInterrupted, nil, "resume", id, "--with-changes", "--auto-approve")
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if id == "uncordon" {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	left := []string{"undo of cordon, by hand: ", "undo of cordon: it did not run; run it with: runbook undo " + id + " cordon", "paused: "}
	tt.again(t, false, "").does(t, ExitLeftOver, left, "undo", id, "cordon", "--auto-approve")
	tt.again(t, false, "").does(t, ExitPassed, left, "show", id)
}
