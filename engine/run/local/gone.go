package local

import (
	"slices"

	"github.com/e82355ed/runbook/engine/run"
)

// isGone takes in an event of a step that the runbook does not have any more.
func (p *Past) isGone(e *run.Event) {
	if e.Type == run.StepWaiting && e.Question != nil || e.Type == run.StepAnswered || e.Type == run.StepFinished {
		p.gone = slices.DeleteFunc(p.gone, func(step string) bool { return step == e.Step })
	}
	if e.Type == run.StepWaiting && e.Question != nil {
		p.gone = append(p.gone, e.Step)
	}
}
