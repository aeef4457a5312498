package cli

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// witness notes what a run did until it ended without a result.
type witness struct {
	mu      sync.Mutex
	run     string
	started bool
	writes  []string // what may be changing something, as it is called in a sentence
}

// see takes note of an event.
func (w *witness) see(e journal.Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := "step " + e.Event.Step
	if e.Event.Type == run.UndoStarted || e.Event.Type == run.UndoFinished {
		name = "the undo of " + name
	}
	w.run = e.Event.Run
	switch e.Event.Type {
	case run.StepStarted, run.UndoStarted:
		w.started = true
		// A step that runs a runbook changes something by the steps of that alone.
		if e.Event.Effect != "" && e.Event.Effect != provider.Read.String() && e.Event.Action != lang.ChildAction && !slices.Contains(w.writes, name) {
			w.writes = append(w.writes, name)
		}
	case run.StepFinished, run.UndoFinished:
		w.started = true
		if !e.Event.InDoubt {
			w.writes = slices.DeleteFunc(w.writes, func(other string) bool { return other == name })
		}
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

type wayOn struct {
	cause error
	text  string
}

// waysOn say what to do about the error that a run broke off with. The last is for all other errors.
var waysOn = []wayOn{
	{journal.ErrNoSpace, "Free space on the disk of STORE, then go on with: RESUME"},
	{journal.ErrAway, "Once STORE can be reached again, go on with: RESUME"},
	{journal.ErrDamaged, "Put STORE in safety as it is. What can be read of it is told by: CHECK"},
	{journal.ErrLeaseLost, "See what becomes of the run with: WATCH"},
	{journal.ErrConflict, "See what becomes of the run with: WATCH"},
	{nil, "Once STORE can be written again, go on with: RESUME"},
}

// brokenOff says what a run left that ended without a result, as its history could not be written, and how it goes on.
func (p *Program) brokenOff(seen *witness, diags diagnostics) error {
	status := seen.status()
	var cause error
	for _, d := range diags {
		if err, ok := d.Extra.(error); ok {
			cause = err
		}
	}
	if cause == nil || status == ExitRefused {
		return exit(status)
	}
	for _, name := range seen.writes {
		p.say("in doubt: %s was under way, and its end could not be kept: it may or may not have taken place", name)
	}
	store, err := p.storePath(p.store)
	if err != nil {
		return errors.Join(exit(status), err)
	}
	i := slices.IndexFunc(waysOn, func(w wayOn) bool { return w.cause == nil || errors.Is(cause, w.cause) })
	p.say("%s", strings.NewReplacer("STORE", store, "RESUME", p.command("resume "+seen.run), "WATCH", p.command("watch "+seen.run),
		"CHECK", p.command("runs check")).Replace(waysOn[i].text))
	return exit(status)
}
