package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNoSecretOfANotifierIsWritten has levels notified through servers that give back what they were sent, refuse it and
// cut their answer off, and a program that prints it, and searches all that was written.
func TestNoSecretOfANotifierIsWritten(t *testing.T) {
	g := &goesOn{leak: newLeak(t)}
	for name := range g.secrets {
		if !slices.Contains([]string{"LEAK_BEARER", "LEAK_BASIC", "LEAK_ENV", "vault", "path of a hook", "token of a hook", "query of a hook"}, name) {
			delete(g.secrets, name) // the run does not read it
		}
	}
	inSQLite(t, g)
	text, err := os.ReadFile(filepath.Join("testdata", "secrets", "notifier", "run.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	g.input(t, "run.hcl", string(text))
	g.runbook = filepath.Join(g.inputs, "run.hcl")
	g.begin(t)
	g.call(t, []int{0}, "plan", g.runbook)
	g.look(t)
	shown := g.callOut(t, "show", g.id)
	holds(t, shown, "level 1, plain, was notified", "level 2, refused, could not be notified: Status 401", "refused: POST /401 Basic (sensitive)", "level 3, cut, was perhaps not notified",
		"level 4, nobody, could not be notified", "level 5, hook, could not be notified: POST (sensitive): http://127.0.0.1:1: connect")
	g.call(t, []int{0}, "answer", g.id, "calm", "yes")
	holds(t, g.call(t, []int{0}, "resume", g.id), "warning: level 3, cut")
	g.look(t)
	var last struct{ Warnings []string }
	for line := range strings.Lines(g.callOut(t, "show", g.id, "--json")) {
		if strings.Contains(line, `"step_finished"`) {
			if err := json.Unmarshal([]byte(line), &last); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(last.Warnings) != 4 {
		t.Errorf("the step warns of %q", last.Warnings)
	}
	g.grep(t)
}
