package local

import (
	"errors"
	"testing"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestGate: what is given up before its first note is kept has done nothing, and is not let go on when the note is kept after all.
func TestGate(t *testing.T) {
	type none struct{}
	notes := func(first bool) provider.Action {
		return provider.Define(provider.Definition[any, none, none]{Name: "x_notes", Effect: provider.Write, NotesFirst: first, Summarize: func(*none) string { return "" }})
	}
	deaf := errors.New("it was left behind")
	for name, c := range map[string]struct {
		action  provider.Action
		effect  provider.Effect
		note    bool
		err     error
		nothing bool
	}{
		"before its note": {notes(true), provider.Write, false, deaf, true},
		"after its note":  {notes(true), provider.Write, true, deaf, false},
		"it says so":      {notes(true), provider.Write, true, &provider.Error{NothingDone: true}, true},
		"it notes later":  {notes(false), provider.Write, false, deaf, false},
		"it notes nothing, as its author says that it reads": {notes(true), provider.Read, false, deaf, false},
	} {
		t.Run(name, func(t *testing.T) {
			call := &provider.Call{Effect: c.effect, Note: func([]byte) error { return nil }}
			g := gated(call)
			if c.note {
				if err := call.NoteSealed(nil); err != nil { // nobody keeps it, as of a notification
					t.Fatal(err)
				}
			}
			if got := g.nothingDone(c.action, call, c.err); got != c.nothing {
				t.Errorf("it has done nothing: %t", got)
			}
			if err := call.Note(nil); err == nil {
				t.Error("it goes on after it was given up")
			}
		})
	}
}
