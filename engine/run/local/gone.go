package local

import (
	"slices"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// GoneDoubts lists the writes and undos in doubt for which the runbook has no place any more: their step was taken out, renamed, moved,
// or runs a runbook now. entries are those that the past was made of.
func (p *Past) GoneDoubts(entries []journal.Entry) []run.Doubt {
	if !p.otherPlan {
		return nil
	}
	var o run.Outstanding
	for _, entry := range entries {
		o.See(entry.Event)
	}
	known := p.Doubts()
	var out []run.Doubt
	for _, s := range o.Sent() {
		d := run.Doubt{Address: s.Step, Key: s.Key, Note: s.Note, Undo: s.What == run.LeftUndoInDoubt, Undoes: s.Undoes, Gone: true}
		if s.What != run.LeftInDoubt && !d.Undo || slices.ContainsFunc(known, d.Same) {
			continue
		}
		if s.SentAt != nil {
			d.At = *s.SentAt
		}
		out = append(out, d)
	}
	return out
}

// UndoInWords says what the undo of a step in doubt does, as the file has it; empty: it has none.
func (p *Past) UndoInWords(d run.Doubt) string {
	r, x, err := p.at(d.Address)
	if err != nil || x.step.Undo == nil {
		return ""
	}
	on := r.system(x.step.Undo.Step, x.local)
	if w := p.sentOf(d); on != nil && w != nil && w.on.Provider == on.Provider {
		on.Target = w.on.Target
	}
	return doing(x.step.Undo.Step, writtenArguments(x.step.Undo.Step), on)
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
