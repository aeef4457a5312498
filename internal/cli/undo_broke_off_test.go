package cli

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const askedBeside = `
runbook "beside" {}
provider "fake" {}
step "fake_write" "a" {
  id = "a"
  undo "fake_write" { id = "a back" }
}
step "fake_write" "c" {
  id         = "c"
  depends_on = [step.a]
  undo "fake_write" { id = "c back" }
}
step "fake_ask" "calm" { prompt = "Is it calm?" }
step "fake_ask" "behind" {
  prompt     = "Well after a?"
  depends_on = [step.a]
}
step "fake_write" "b" {
  id         = "b"
  depends_on = [step.calm, step.behind]
}
`

// TestAnswerAfterAnUndoOfARunThatBrokeOff: what waited when the process was gone waits again once the run goes on, however often it was
// undone in between, and an answer from another shell counts. In between nobody is waited for.
func TestAnswerAfterAnUndoOfARunThatBrokeOff(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "x.hcl", askedBeside), "--auto-approve")
	id, whole := tt.lastRun(t), tt.history(t)
	var kinds []run.Type
	for e, err := range whole.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, e.Event.Type)
	}
	store := filepath.Join(t.TempDir(), "cut.db")
	enginetest.CutTo(t, whole, id, slices.Index(kinds, run.RunPaused), store)
	does := func(status int, says []string, args ...string) {
		t.Helper()
		tt.again(t, false, "").does(t, status, says, append(args, "--store", store)...)
	}
	for _, step := range []string{"c", "a"} {
		does(ExitPassed, []string{"✓ undo " + step}, "undo", id, step, "--auto-approve")
		does(ExitPassed, []string{"Nothing in run"}, "answer", id)
	}
	does(ExitInterrupted, []string{"calm waits for a yes or no", "behind waits for a yes or no"}, "resume", id, "--auto-approve")
	does(ExitPassed, []string{"Is it calm?", "Well after a?"}, "answer", id)
	does(ExitPassed, []string{"yes is kept"}, "answer", id, "calm", "yes")
	does(ExitPassed, []string{"yes is kept"}, "answer", id, "behind", "yes")
	does(ExitPassed, []string{"✓ b"}, "resume", id, "--auto-approve")
	if diff := cmp.Diff([]string{"a", "c", "c back", "a back", "a", "c", "b"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestAnswerWhereAnUndoBrokeOff says that one did, and what to do: what is asked again is open until then.
func TestAnswerWhereAnUndoBrokeOff(t *testing.T) {
	tt, id := pauseMidway(t)
	store, _ := cutBehind(t, tt, []string{"undo"}, run.UndoStarted, "cordon")
	says := []string{
		"nothing was answered: an undo of drain, cordon was begun in the paused run, and the process that did it is gone. What is asked again depends on what of it took place. " +
			"Go on with the undo: runbook undo " + id + " --store " + store + "; or with the run, which asks then what is left to be asked: runbook resume " + id + " --store " + store,
	}
	tt.again(t, false, "").does(t, ExitRefused, says, "answer", id, "calm", "yes", "--store", store)
}

// TestCancelAfterAnUndoEndedTheRun says so: a run that broke off has ended with the undo of what it did.
func TestCancelAfterAnUndoEndedTheRun(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	store, id := brokenOffAt(t, tt, tt.file(t, "x.hcl", pausedInTheMiddle), nil, run.StepFinished, "cordon")
	tt.again(t, false, "").does(t, ExitPassed, []string{"✓ undo cordon"}, "undo", id, "--auto-approve", "--store", store)
	says := []string{
		"run " + id + " broke off, and the undo of cordon ended it at ", "; there is nothing to stop. What was undone or did not end runs again with: runbook resume " + id + " --store " + store,
	}
	tt.again(t, false, "").does(t, ExitRefused, says, "cancel", id, "--store", store)
	tt.again(t, false, "").does(t, ExitInterrupted, nil, "resume", id, "--auto-approve", "--store", store)
	tt.again(t, false, "").does(t, ExitPassed, nil, "cancel", id, "--auto-approve", "--store", store)
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, "--auto-approve", "--store", store)
	tt.again(t, false, "").does(t, ExitRefused, []string{"run " + id + " has ended; there is nothing to stop"}, "cancel", id, "--store", store)
}

// TestEndBeforeAnyStep: a run that broke off in its first write, which did not take place, has steps, none of which ended.
func TestEndBeforeAnyStep(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.file(t, "kid.hcl", pausedInTheMiddle)
	store, id := brokenOffAt(t, tt, tt.file(t, "x.hcl", "runbook \"p\" {}\nstep \"runbook\" \"in\" { source = \"./kid.hcl\" }\n"), nil, run.StepStarted, "in/cordon")
	says := []string{"interrupted: no step has ended in ", "resume with: runbook resume " + id}
	tt.again(t, false, "").does(t, ExitPassed, says, "undo", id, "--in-doubt", "redo", "--auto-approve", "--store", store)
	tt.again(t, false, "").does(t, ExitPassed, says, "show", id, "--store", store)
}
