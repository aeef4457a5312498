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
	"github.com/e82355ed/runbook/internal/view"
)

// witness notes what a run did until it ended without a result.
type witness struct {
	mu      sync.Mutex
	run     string
	started bool
	// goesOn is the command that goes on with what the session is about, without the run.
	goesOn string
	stands []phase
	deeds  []deed
	index  map[string]int // of deeds, by name
	// kept is the last event on disk of a run that broke off, as its history could not be written; zero: it did not.
	kept int64
}

// deed is a step, or an undo, that the session began last.
type deed struct {
	name   string // as it is called in a sentence
	writes bool
	// began and ended are the numbers of the events that tell it; ended is zero while it goes on.
	began, ended int64
	inDoubt      bool
}

// phase is what the session does from an event on, as far as it matters to how the run goes on.
type phase struct {
	from  int64
	doing view.Doing
}

// stand takes note of what the session does from an event on.
func (w *witness) stand(e *run.Event) {
	last := w.standsAt(e.Seq)
	now := last
	if now.See(e); now != last {
		w.stands = append(w.stands, phase{e.Seq, now})
	}
}

// standsAt is what the session did when an event was the last.
func (w *witness) standsAt(last int64) view.Doing {
	var at view.Doing
	for _, s := range w.stands {
		if s.from <= last {
			at = s.doing
		}
	}
	return at
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
	w.stand(e.Event)
	i, known := w.index[name]
	switch e.Event.Type {
	case run.RunStarted, run.RunResumed:
		w.goesOn = map[bool]string{false: "resume", true: "cancel"}[e.Event.Reason == run.ReasonCancel]
		if len(e.Event.Undo) > 0 {
			w.goesOn = "undo"
		}
	case run.StepStarted, run.UndoStarted:
		w.started = true
		if e.Event.Action == lang.ChildAction {
			return // a step that runs a runbook acts by the steps of that alone
		}
		d := deed{name: name, writes: e.Event.Effect != "" && e.Event.Effect != provider.Read.String(), began: e.Event.Seq}
		if !known {
			if w.index == nil {
				w.index = map[string]int{}
			}
			w.index[name] = len(w.deeds)
			w.deeds = append(w.deeds, d)
		} else if w.deeds[i].ended != 0 { // else another attempt, at what was sent before perhaps
			w.deeds[i] = d
		}
	case run.StepFinished, run.UndoFinished:
		w.started = true
		if known {
			w.deeds[i].ended, w.deeds[i].inDoubt = e.Event.Seq, e.Event.InDoubt
		}
	}
}

// runID is the run's id; empty before its first event.
func (w *witness) runID() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.run
}

// doubts are the writes that were sent, as nothing is before its start is kept, and whose end is not kept or is not known; unkept
// are the reads that ended, of which the history does not know. kept is the last event that is on disk.
func (w *witness) doubts(kept int64) (doubts, unkept []deed) {
	for _, d := range w.deeds {
		lost := d.ended == 0 || d.ended > kept
		switch {
		case d.writes && d.began <= kept && (lost || d.inDoubt):
			doubts = append(doubts, d)
		case d.ended > kept && (!d.writes || d.began <= kept):
			unkept = append(unkept, d)
		}
	}
	return doubts, unkept
}

// status is the exit status of a run that has no result: nothing was run, or it broke off, perhaps within a write.
func (w *witness) status(kept func(runID string) int64) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	doubts, _ := w.doubts(kept(w.run))
	switch {
	case len(doubts) > 0:
		return ExitLeftOver
	case w.started:
		return ExitFailed
	}
	return ExitRefused
}

// elsewhere is what to do about a run that this process may not go on with, whether another does or not.
const elsewhere = "Go on with: COMMAND\nWhile another process runs the run, that is refused; it is followed with: WATCH"

type wayOn struct {
	cause error
	text  string
}

// waysOn say what to do about the error that a run broke off with. The last is for all other errors.
var waysOn = []wayOn{
	{journal.ErrNoSpace, "Free space on the disk of STORE, then go on with: COMMAND"},
	{journal.ErrAway, "Once STORE can be reached again, go on with: COMMAND"},
	{journal.ErrMoved, "Bring the file that was STORE, with those beside it (-wal, -shm), back there, then go on with: COMMAND"},
	{journal.ErrDamaged, "RESCUE. What can be read of it is told by: CHECK"},
	{journal.ErrLeaseLost, elsewhere},
	{journal.ErrConflict, elsewhere},
	{nil, "Once STORE can be written again, go on with: COMMAND"},
}

// brokenOff says what a run left that ended without a result, as its history could not be written, and how it goes on.
func (p *Program) brokenOff(history journal.Journal, seen *witness, diags diagnostics) error {
	status := seen.status(history.Kept)
	seen.kept = history.Kept(seen.run)
	var cause error
	for _, d := range diags {
		if err, ok := d.Extra.(error); ok {
			cause = err
		}
	}
	if cause == nil || status == ExitRefused {
		return exit(status)
	}
	doubts, unkept := seen.doubts(seen.kept)
	for _, d := range doubts {
		switch kept := d.ended != 0 && d.ended <= seen.kept; {
		case kept:
			p.say("in doubt: %s may or may not have taken place", d.name)
		case d.ended != 0:
			p.say("in doubt: %s ended, as shown above, but that could not be kept: for the history it may or may not have taken place", d.name)
		default:
			p.say("in doubt: %s was under way, and its end could not be kept: it may or may not have taken place", d.name)
		}
	}
	for _, d := range unkept {
		p.say("not kept: %s ended, as shown above, and the history does not know; it runs again", d.name)
	}
	store, err := p.storePath(p.store)
	if err != nil {
		return errors.Join(exit(status), err)
	}
	rescue := "Put STORE in safety as it is"
	if isURL(store) {
		rescue = "Have the database STORE restored"
	}
	store = nameOfStore(history, store)
	i := slices.IndexFunc(waysOn, func(w wayOn) bool { return w.cause == nil || errors.Is(cause, w.cause) })
	p.say("%s", strings.NewReplacer("RESCUE", strings.Replace(rescue, "STORE", store, 1), "STORE", store, " with: COMMAND", p.goesOn(seen), "WATCH", p.command("watch "+seen.run),
		"CHECK", p.command("runs check")).Replace(waysOn[i].text))
	return exit(status)
}

// goesOn says with what a run goes on that broke off. To resume one whose undos were under way would do again what they took back: there is a
// choice then, as in a report and in show.
func (p *Program) goesOn(seen *witness) string {
	doing := seen.standsAt(seen.kept)
	if !doing.TakesBack() {
		return " with: " + p.command(seen.goesOn+" "+seen.run)
	}
	return ":\n" + strings.Join(view.Next(seen.run, doing, nil, view.Config{Store: p.store}), "\n")
}
