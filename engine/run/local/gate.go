package local

import (
	"sync"

	"github.com/e82355ed/runbook/engine/provider"
)

// gate is what an attempt passes with its first note that is on disk. An action that notes something before it changes anything has
// done nothing until then, and never will once the gate is shut, though it be left behind.
type gate struct {
	mu           sync.Mutex
	passed, shut bool
}

// gated has the notes of a call go through a gate.
func gated(call *provider.Call) *gate {
	g := &gate{}
	call.Note, call.NoteSealed = g.behind(call.Note), g.behind(call.NoteSealed)
	return g
}

func (g *gate) behind(keep func([]byte) error) func([]byte) error {
	return func(note []byte) error {
		if keep != nil {
			if err := keep(note); err != nil {
				return err
			}
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.shut {
			return noteLateError{}
		}
		g.passed = true
		return nil
	}
}

// nothingDone shuts the gate, and reports whether a call that erred has changed nothing.
func (g *gate) nothingDone(action provider.Action, call *provider.Call, err error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
	return provider.NothingDone(err) || action.Spec().NotesFirst && call.Effect != provider.Read && !g.passed
}
