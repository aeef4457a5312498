package cli

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/run"
)

// brokenOffAt runs a runbook and leaves in another history what a crash leaves just behind an event.
func brokenOffAt(t *testing.T, tt *terminal, path string, args []string, kind run.Type, step string) (store, id string) {
	t.Helper()
	tt.run("apply", path, "--auto-approve")
	return cutBehind(t, tt, args, kind, step)
}

// cutBehind goes on with the last run and leaves in another history what a crash leaves just behind an event.
func cutBehind(t *testing.T, tt *terminal, args []string, kind run.Type, step string) (store, id string) {
	t.Helper()
	id = tt.lastRun(t)
	if args != nil {
		tt.again(t, false, "").run(append([]string{args[0], id, "--auto-approve"}, args[1:]...)...)
	}
	whole, err := sqlite.Open(t.Context(), filepath.Join(tt.HomeDir, ".local", "state", "runbook", "runs.db"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for e, err := range whole.Events(t.Context(), id) {
		if n++; err != nil || e.Event.Type == kind && e.Event.Step == step {
			break
		}
	}
	store = filepath.Join(t.TempDir(), "cut.db")
	enginetest.CutTo(t, whole, id, n, store)
	if err := errors.Join(whole.Close()); err != nil {
		t.Fatal(err)
	}
	return store, id
}

// TestShowOfARunThatBrokeOff names what is in doubt and how to go on, in text and in JSON; so does the list of the runs.
func TestShowOfARunThatBrokeOff(t *testing.T) {
	tests := map[string]struct {
		args       []string
		kind       run.Type
		step       string
		says, runs string
		json, next string
		atEnd      bool // the undo runs by itself
	}{
		"a write": {kind: run.StepStarted, step: `scale["a"]`, says: `scale["a"], fake_write, was sent at`, runs: `in doubt: scale["a"]`,
			json: `"left":[{"step":"scale[\"a\"]","what":"in_doubt","action":"fake_write","sent_at":"`, next: "resume with: runbook resume ID --store"},
		"an undo": {args: []string{"undo"}, kind: run.UndoStarted, step: "cordon", says: `undo of cordon, fake_write, was sent at`, runs: "undo in doubt: cordon",
			json: `"what":"undo_in_doubt"`, next: "the undos that are left run with: runbook undo ID --store"},
		"an undo that was due": {atEnd: true, kind: run.UndoStarted, step: "cordon", says: `undo of cordon, fake_write, was sent at`, runs: "undo in doubt: cordon",
			json: `"what":"undo_in_doubt"`, next: "its undos were under way; to run those that are left: runbook cancel ID --store"},
		"nothing": {kind: run.StepFinished, step: "cordon", next: "resume with: runbook resume ID", json: `"type":"run_interrupted"}`, runs: "interrupted"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			text := undoable
			if tc.atEnd {
				text = strings.Replace(text, `{ id = "uncordon" }`, "{\n on = \"end\"\n id = \"uncordon\"\n}", 1)
			}
			store, id := brokenOffAt(t, tt, tt.file(t, "x.hcl", text), tc.args, tc.kind, tc.step)
			next := tt.again(t, false, "")
			next.does(t, ExitPassed, []string{tc.says, "interrupted: the program that ran it is gone", strings.ReplaceAll(tc.next, "ID", id)}, "show", id, "--store", store)
			if strings.Contains(next.out.String(), "left to look at") != (tc.says != "") {
				t.Errorf("%s", next.out)
			}
			tt.again(t, false, "").does(t, ExitPassed, []string{`"type":"run_interrupted"`, tc.json}, "show", id, "--json", "--store", store)
			tt.again(t, false, "").does(t, ExitPassed, []string{tc.runs}, "runs", "--store", store)
			tt.again(t, false, "").does(t, ExitPassed, []string{`"status": "interrupted"`}, "runs", "--json", "--store", store)
		})
	}
}

// TestRunsNameWhatIsLeft names it of runs that ended too.
func TestRunsNameWhatIsLeft(t *testing.T) {
	tt, _ := lostUndo(t)
	tt.again(t, false, "").does(t, ExitPassed, []string{"LEFT TO LOOK AT", "undo in doubt: cordon"}, "runs")
	tt.again(t, false, "").does(t, ExitPassed, []string{`"what": "undo_in_doubt"`}, "runs", "--json")
}
