package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// listed is a run with what it leaves for a person to look at.
type listed struct {
	journal.Summary
	Left      []run.Left `json:"left,omitempty"`
	NotUndone []string   `json:"not_undone,omitempty"`
	// NobodyTold are the steps that wait for a person and of which nobody is known to have been told.
	NobodyTold []string `json:"nobody_told,omitempty"`
}

// withLeft adds what runs leave to look at. Only their events tell, which are read of those that may leave something.
func withLeft(ctx context.Context, history journal.Journal, runs []journal.Summary) []listed {
	out := make([]listed, len(runs))
	for i, r := range runs {
		out[i].Summary = r
		if r.Status == journal.Running || r.Status == journal.Ended && (r.ExitStatus == nil || *r.ExitStatus != ExitLeftOver) {
			continue
		}
		s := &story{}
		o := outstanding(ctx, history, r.ID, s.take)
		out[i].Left, out[i].NotUndone = o.Left(), o.NotUndone()
		for _, w := range s.Waits {
			if w.NobodyTold != nil {
				out[i].NobodyTold = append(out[i].NobodyTold, w.Step)
			}
		}
	}
	return out
}

// outstanding is what the events of a run leave, as far as they can be read; each is shown to those who look on too.
func outstanding(ctx context.Context, history journal.Journal, id string, looksOn ...func(*run.Event)) *run.Outstanding {
	o := &run.Outstanding{}
	for e, err := range history.Events(ctx, id) {
		if err != nil {
			break // show tells the rest
		}
		o.See(e.Event)
		for _, look := range looksOn {
			look(e.Event)
		}
	}
	return o
}

// leftWords say what is left of each kind.
var leftWords = []struct {
	what  run.LeftWhat
	words string
}{
	{run.LeftInDoubt, "in doubt: "}, {run.LeftUndoInDoubt, "undo in doubt: "}, {run.LeftUndoFailed, "undo failed: "},
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
			if one.What == kind.what {
				steps = append(steps, one.Step)
			}
		}
		add(kind.words, steps)
	}
	add("not undone: ", l.NotUndone)
	add("waits, and nobody was told: ", l.NobodyTold)
	return strings.Join(parts, "; ")
}
