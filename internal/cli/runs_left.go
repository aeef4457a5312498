package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// listed is a run with what it leaves for a person to look at.
type listed struct {
	journal.Summary
	Left      []run.Left `json:"left,omitempty"`
	NotUndone []string   `json:"not_undone,omitempty"`
	// NobodyTold are the steps that wait for a person and of which nobody is known to have been told; perhaps those of them of which
	// somebody perhaps was.
	NobodyTold []string `json:"nobody_told,omitempty"`
	perhaps    []string
	// Answered are the steps that were answered, which the run takes in when it goes on.
	Answered []string `json:"answered,omitempty"`
	// Damaged says that a part of the run is lost or has changed; a run that is not so marked may be damaged all the same.
	Damaged bool `json:"damaged,omitempty"`
}

// probing bounds how long a list of runs waits for the look at which of them are damaged; probedAtOnce is how many are looked at in one go.
const (
	probing      = time.Second
	probedAtOnce = 50
)

// markDamaged marks the damaged among the runs, as far as the time goes.
func markDamaged(ctx context.Context, history journal.Journal, runs []listed) error {
	prober, ok := history.(journal.Prober)
	if !ok {
		return nil
	}
	look, cancel := context.WithTimeout(ctx, probing)
	defer cancel()
	for some := range slices.Chunk(runs, probedAtOnce) {
		ids := make([]string, len(some))
		for i := range some {
			ids[i] = some[i].ID
		}
		damaged, err := prober.Probe(look, ids)
		for i := range some {
			some[i].Damaged = slices.Contains(damaged, some[i].ID)
		}
		if look.Err() != nil { // "runs check" takes its time
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// withLeft adds what runs leave to look at. Only their events tell, which are read of those that may leave something.
func withLeft(ctx context.Context, history journal.Journal, runs []journal.Summary) ([]listed, error) {
	out := make([]listed, len(runs))
	for i := range runs {
		out[i].Summary = runs[i]
	}
	for i, r := range runs {
		if r.Status == journal.Ended && (r.ExitStatus == nil || *r.ExitStatus != ExitLeftOver) {
			continue
		}
		s := &story{}
		o, err := outstanding(ctx, history, r.ID, s.take)
		if errors.Is(err, journal.ErrAway) {
			return out, err // each of the others would wait for the server once more
		}
		if r.Status != journal.Running { // what a process is at is not left
			out[i].Left, out[i].NotUndone = o.Left(), o.NotUndone()
			s.brokenOff()
		}
		out[i].waiting(ctx, history, s, r.Status == journal.Running)
	}
	return out, nil
}

// waiting adds the steps that wait for a person of whom nobody is known to know; one that was answered only waits for its run,
// which takes that in at once where a process runs it.
func (l *listed) waiting(ctx context.Context, history journal.Journal, s *story, running bool) {
	if len(s.Waits) == 0 {
		return
	}
	unread := s.takeGiven(ctx, history) != nil // answer and show tell why; until then nobody is known to have answered
	for _, w := range s.Waits {
		switch {
		case !unread && w.Given != nil && !running:
			l.Answered = append(l.Answered, w.Step)
			continue
		case w.NobodyTold == nil || !unread && w.Given != nil:
			continue
		case slices.ContainsFunc(w.NobodyTold, func(u run.Untold) bool { return u.InDoubt }):
			l.perhaps = append(l.perhaps, w.Step)
		}
		l.NobodyTold = append(l.NobodyTold, w.Step)
	}
}

// outstanding is what the events of a run leave, as far as they can be read, and why not further; each is shown to those who look on too.
func outstanding(ctx context.Context, history journal.Journal, id string, looksOn ...func(*run.Event)) (*run.Outstanding, error) {
	o := &run.Outstanding{}
	for e, err := range history.Events(ctx, id) {
		if err != nil {
			return o, err // show tells the rest
		}
		o.See(e.Event)
		for _, look := range looksOn {
			look(e.Event)
		}
	}
	return o, nil
}

// leftWords say what is left of each kind.
var leftWords = []struct {
	what    run.LeftWhat
	partial bool
	words   string
}{
	{run.LeftInDoubt, false, "in doubt: "}, {run.LeftUndoInDoubt, false, "undo in doubt: "}, {run.LeftUndoFailed, false, "undo failed: "},
	{run.LeftUndoFailed, true, "undone in part: "},
}

// mostLeft bounds how many are named of a kind.
const mostLeft = 4

func (l *listed) leftText() string {
	var parts []string
	add := func(words string, steps []string) {
		if len(steps) == 0 {
			return
		}
		text := words + strings.Join(steps[:min(len(steps), mostLeft)], ", ")
		if more := len(steps) - mostLeft; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		parts = append(parts, text)
	}
	for _, kind := range leftWords {
		var steps []string
		for _, one := range l.Left {
			if one.What == kind.what && one.Partial == kind.partial {
				steps = append(steps, one.Step)
			}
		}
		add(kind.words, steps)
	}
	add("not undone: ", l.NotUndone)
	perhaps := func(step string) bool { return slices.Contains(l.perhaps, step) }
	add("waits, and nobody was told: ", slices.DeleteFunc(slices.Clone(l.NobodyTold), perhaps))
	add("waits, and nobody is known to have been told: ", l.perhaps)
	add("answered, and to be resumed: ", l.Answered)
	if l.Damaged {
		parts = append(parts, "damaged: a part of it is lost or has changed")
	}
	return strings.Join(parts, "; ")
}
