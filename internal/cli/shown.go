package cli

import (
	"path/filepath"
	"slices"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// blank blanks secrets in what came from outside and is said beside the program's own words: the last net before the outputs leaves those
// of the secrets that are one of these words.
func (p *Program) blank(text string) string { return p.redactor.String(text) }

// shown is a planned step with no secret in what it tells.
func (p *Program) shown(s engine.PlannedStep) engine.PlannedStep {
	s.Description, s.Target, s.When = p.blank(s.Description), p.blank(s.Target), p.blank(s.When)
	s.Keys, s.Checks, s.Notes = p.blankAll(s.Keys), p.blankAll(s.Checks), p.blankAll(s.Notes)
	s.Arguments = p.shownArguments(s.Arguments)
	if s.Undo != nil {
		undo := *s.Undo
		undo.Target, undo.Arguments = p.blank(undo.Target), p.shownArguments(undo.Arguments)
		s.Undo = &undo
	}
	s.Steps = p.shownSteps(s.Steps)
	return s
}

func (p *Program) shownSteps(steps []engine.PlannedStep) []engine.PlannedStep {
	out := slices.Clone(steps)
	for i := range out {
		out[i] = p.shown(out[i])
	}
	return out
}

// shownNotifies are notifiers with no secret in what they tell.
func (p *Program) shownNotifies(all []engine.PlannedNotify) []engine.PlannedNotify {
	out := slices.Clone(all)
	for i := range out {
		n := &out[i]
		n.Target, n.Contact, n.Arguments = p.blank(n.Target), p.blank(n.Contact), p.shownArguments(n.Arguments)
	}
	return out
}

func (p *Program) shownArguments(all []engine.PlannedArgument) []engine.PlannedArgument {
	out := slices.Clone(all)
	for i := range out {
		out[i].Value = p.blank(out[i].Value)
	}
	return out
}

func (p *Program) blankAll(texts []string) []string {
	out := slices.Clone(texts)
	for i := range out {
		out[i] = p.blank(out[i])
	}
	return out
}

// own has the last net leave the names of a runbook alone, and those of the runbooks that its steps run: they stand in its file in the open.
func (p *Program) own(rb *engine.Runbook) {
	if rb != nil {
		p.ownNames(rb.Runbook)
	}
}

func (p *Program) ownNames(rb *lang.Runbook) {
	if rb == nil {
		return
	}
	names := []string{rb.Name}
	for file := range rb.Sources {
		names = append(names, filepath.Base(file))
	}
	for _, s := range rb.Steps {
		names = append(names, s.Name)
		p.ownNames(s.Child)
	}
	for _, b := range rb.Providers {
		names = append(names, b.Alias)
	}
	for _, o := range rb.Outputs {
		names = append(names, o.Name)
	}
	p.redactor.Own(names...)
}

// ownWords has it leave the keys of instances and the names of approvers alone: no secret gets into those.
func (p *Program) ownWords(e *run.Event) {
	if e.Type == run.StepExpanded && e.Keys != nil {
		p.redactor.Own(*e.Keys...)
	}
	if e.Question != nil {
		p.redactor.Own(e.Question.Approvers...)
	}
}

// ownOf is own for the runbook of a run that is taken up again, if it could be read.
func (p *Program) ownOf(r *engine.Recalled) {
	if r != nil && r.Plan != nil {
		p.ownNames(r.Plan.Runbook)
	}
}
