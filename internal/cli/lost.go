package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/run"
)

// lost refuses files that have no place for what can be undone, with the two ways on.
func (o *resumeOptions) lost(r *engine.Recalled) error {
	if len(r.Lost) == 0 {
		return nil
	}
	text := &strings.Builder{}
	text.WriteString("nothing was run: an undo would be lost with the files as they are now")
	var commands []string
	for _, l := range r.Lost {
		when := ""
		if l.OnEnd {
			when = ", which is due at the end of the run"
		}
		text.WriteString("\n  " + engine.LostWords(l) + "; its undo is " + l.Undo.Action + when)
		if command := "  " + o.command("undo "+r.Plan.RunID+" "+run.Quote(l.Address)); !slices.Contains(commands, command) {
			commands = append(commands, command)
		}
	}
	text.WriteString("\nUndo it first, after which it counts as not run, and resume then:\n" + strings.Join(commands, "\n") +
		"\nor keep the step in the file, under its name and with its action and its undo.")
	return errors.New(text.String())
}
