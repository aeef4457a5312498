package local

import (
	"slices"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// GoneInDoubt tells of the writes and undos in doubt whose step the runbook does not have any more: nobody can be asked about
// them. entries are those that the past was made of.
func (p *Past) GoneInDoubt(entries []journal.Entry) []string {
	var o run.Outstanding
	for _, entry := range entries {
		o.See(entry.Event)
	}
	var out []string
	for _, l := range o.Left() {
		if _, _, there := p.find(l.Step); there || l.What == run.LeftUndoFailed {
			continue
		}
		what, when := "its write", ""
		if l.What == run.LeftUndoInDoubt {
			what = "its undo"
		}
		if l.SentAt != nil {
			when = ", sent at " + provider.Moment(*l.SentAt) + ","
		}
		out = append(out, "step "+l.Step+" is gone, and nobody knows whether "+what+when+" took place: look, and settle it by hand")
	}
	return out
}

// isGone takes in an event of a step that the runbook does not have any more.
func (p *Past) isGone(e *run.Event) {
	if e.Type == run.StepWaiting && e.Question != nil || e.Type == run.StepAnswered || e.Type == run.StepFinished {
		p.gone = slices.DeleteFunc(p.gone, func(step string) bool { return step == e.Step })
	}
	if e.Type == run.StepWaiting && e.Question != nil {
		p.gone = append(p.gone, e.Step)
	}
}
