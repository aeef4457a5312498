package builtin

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
)

// givenBack is the undo of a string that the guide has.
const givenBack = `command = (self.before.type == "none" ? ["DEL", self.before.key] : concat(
      ["SET", self.before.key, self.before.value],
      self.before.expires_at_ms == null ? [] : ["PXAT", tostring(self.before.expires_at_ms)],
    ))
    replaces = self.after`

// TestUndoOfANewKey: where the key is not there yet, nothing is sent whose undo needs its value. An undo that minds that runs, and so
// does one that is not due as the command does nothing without the key.
func TestUndoOfANewKey(t *testing.T) {
	w := newWorld(t)
	client := w.redis(t)
	const needs = `command = ["SET", self.before.key, self.before.value]`
	for name, test := range map[string]struct {
		command, back string
		was, left     string // what the key holds, before and in the end; empty: there is none
		refused       bool
		undos         int
	}{
		"needs the value":         {command: `["SET", var.name, "red"]`, back: needs, refused: true},
		"needs it, conditionally": {command: `["SET", var.name, "red", "NX"]`, back: needs, refused: true},
		"as the guide has it":     {command: `["SET", var.name, "red"]`, back: givenBack, undos: 1},
		"with the key there":      {command: `["SET", var.name, "red"]`, back: givenBack, was: "blue", left: "blue", undos: 1},
		"caught":                  {command: `["SET", var.name, "red"]`, back: `command = compact(["SET", self.before.key, try(coalesce(self.before.value), "none")])`, left: "none", undos: 1},
		"without the key nothing": {command: `["SET", var.name, "red", "XX"]`, back: needs},
		"deletes nothing":         {command: `["DEL", var.name]`, back: needs},
	} {
		t.Run(name, func(t *testing.T) {
			if err := client.Del(t.Context(), w.Name).Err(); err != nil {
				t.Fatal(err)
			}
			if test.was != "" {
				if err := client.Set(t.Context(), w.Name, test.was, time.Hour).Err(); err != nil {
					t.Fatal(err)
				}
			}
			book := filepath.Join(t.TempDir(), "undo.hcl")
			if err := os.WriteFile(book, fmt.Appendf(nil, undoBook, "redis_command", "command = "+test.command, "redis_command", test.back), 0o600); err != nil {
				t.Fatal(err)
			}
			var ended *run.Event
			undos := 0
			got := runtest.Apply(t, Registry(), book, runtest.Options{Env: w.env, Watch: func(e *run.Event) {
				switch {
				case e.Type == run.StepFinished:
					ended = e
				case e.Type == run.UndoFinished && e.Outcome == run.Pass:
					undos++
				}
			}})
			switch {
			case ended == nil || undos != test.undos:
				t.Fatalf("%d undos passed, expected %d:\n%s\n%s", undos, test.undos, got.Troubles(), got.Stream)
			case test.refused != strings.Contains(ended.Error, "nothing was changed, as the undo could not take it back"), test.refused != (ended.Outcome == run.Error), ended.InDoubt:
				t.Errorf("%+v", ended)
			}
			if now := client.Get(t.Context(), w.Name).Val(); now != test.left {
				t.Errorf("the key holds %q, expected %q", now, test.left)
			}
		})
	}
}
