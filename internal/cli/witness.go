package cli

import (
	"sync"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// witness notes what a run did until it ended without a result.
type witness struct {
	mu      sync.Mutex
	started bool
	writes  map[string]bool // steps that may be changing something
}

// see takes note of an event.
func (w *witness) see(e journal.Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e.Event.Type {
	case run.StepStarted:
		w.started = true
		if e.Event.Effect != "" && e.Event.Effect != provider.Read.String() {
			if w.writes == nil {
				w.writes = map[string]bool{}
			}
			w.writes[e.Event.Step] = true
		}
	case run.StepFinished:
		w.started = true
		delete(w.writes, e.Event.Step)
	}
}

// status is the exit status of a run that has no result: nothing was run, or it broke off, perhaps within a write.
func (w *witness) status() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case len(w.writes) > 0:
		return ExitLeftOver
	case w.started:
		return ExitFailed
	}
	return ExitRefused
}
