package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

// planLines lays a plan out: the header, then each stage with its steps.
func (o *planOptions) planLines(plan *engine.Plan) []string {
	lines := view.Header(&plan.Header, o.viewConfig(false))
	palette := o.palette(o.OutTerminal)
	steps := map[string]engine.PlannedStep{}
	var names, actions int
	for _, s := range o.shownSteps(plan.Steps) {
		steps[s.Name] = s
		names, actions = max(names, term.Width(s.Name)), max(actions, term.Width(actionName(s)))
	}
	for i, stage := range plan.Stages {
		lines = append(lines, palette.Strong(fmt.Sprintf("stage %d", i+1)))
		for _, name := range stage {
			s := steps[name]
			lines = append(lines, strings.TrimRight("  "+term.Pad(s.Name, names)+"  "+term.Pad(actionName(s), actions)+"  "+
				effectText(s, palette)+"  "+palette.Faint(term.CleanLine(where(s))), " "))
			lines = append(lines, o.below(s, palette, "    ")...)
		}
	}
	return append(lines, o.notifierLines(plan.Notifies, palette)...)
}

// notifierLines say who is told through what while steps wait for a person.
func (o *planOptions) notifierLines(all []engine.PlannedNotify, palette term.Palette) []string {
	if len(all) == 0 {
		return nil
	}
	lines := []string{palette.Strong("while nobody answers")}
	all = slices.Clone(all)
	rows := make([][]string, len(all))
	for i, n := range all {
		n.Target, n.Contact, n.Arguments = o.blank(n.Target), o.blank(n.Contact), o.shownArguments(n.Arguments)
		all[i] = n
		rows[i] = []string{fmt.Sprintf("  %s, level %d", n.Escalation, n.Level), n.Action, n.Effect.String(), cmp.Or(n.Target, n.Provider)}
	}
	bar := "    " + palette.Faint(o.glyphs().Bar) + " "
	for i, line := range table(rows) {
		lines = append(lines, line)
		notes := []string{"tells " + all[i].Contact + " when it is due while " + strings.Join(all[i].Steps, ", ") + " waits"}
		for _, a := range all[i].Arguments {
			notes = append(notes, a.Name+" = "+a.Value)
		}
		switch {
		case all[i].Suppressed:
			notes = append(notes, "--read-only: nothing is sent")
		case all[i].Asked:
			notes = append(notes, "apply asks about it beforehand")
		}
		for _, note := range notes {
			lines = append(lines, bar+term.CleanLine(note))
		}
	}
	return lines
}

// below are the lines under a step: its notes, and the steps of the runbook that it runs, each with its own.
func (o *planOptions) below(s engine.PlannedStep, palette term.Palette, indent string) []string {
	var lines []string
	for _, note := range o.notes(s) {
		lines = append(lines, indent+palette.Faint(o.glyphs().Bar)+" "+term.CleanLine(note))
	}
	var names, actions int
	for _, c := range s.Steps {
		names, actions = max(names, term.Width(c.Name)), max(actions, term.Width(actionName(c)))
	}
	for _, c := range s.Steps {
		lines = append(lines, strings.TrimRight(indent+term.Pad(c.Name, names)+"  "+term.Pad(actionName(c), actions)+"  "+
			effectText(c, palette)+"  "+palette.Faint(term.CleanLine(where(c))), " "))
		lines = append(lines, o.below(c, palette, indent+"  ")...)
	}
	return lines
}

func actionName(s engine.PlannedStep) string {
	if s.IsCheck {
		return "check"
	}
	return s.Action
}

// effectText is an effect in the colour of its harm, padded.
func effectText(s engine.PlannedStep, palette term.Palette) string {
	if s.IsCheck {
		return strings.Repeat(" ", len("destructive"))
	}
	text := term.Pad(s.Effect.String(), len("destructive"))
	switch s.Effect {
	case provider.Write:
		return palette.Warn(text)
	case provider.Destructive:
		return palette.Danger(text)
	}
	return text
}

func where(s engine.PlannedStep) string {
	switch {
	case s.Target != "":
		return s.Target
	case s.Runbook != "":
		return s.Runbook
	}
	return s.Provider
}

// notes are what else is known of a step, a line each.
func (o *planOptions) notes(s engine.PlannedStep) []string {
	var notes []string
	if s.Description != "" {
		notes = append(notes, s.Description)
	}
	for _, a := range s.Arguments {
		notes = append(notes, a.Name+" = "+a.Value)
	}
	if s.ForEach {
		switch {
		case s.Expands:
			notes = append(notes, "for_each expands at run time")
		case len(s.Keys) == 0:
			notes = append(notes, "for_each is empty: nothing to do")
		default:
			notes = append(notes, "for each of "+strings.Join(s.Keys, ", "))
		}
	}
	if s.When != "" {
		notes = append(notes, "when "+s.When)
	}
	if len(s.WaitsFor) > 0 {
		text := "waits for " + strings.Join(s.WaitsFor, ", ")
		if s.RunIf != "" && s.RunIf != lang.RunIfSuccess {
			text += "; runs if " + strings.ReplaceAll(string(s.RunIf), "_", " ")
		}
		notes = append(notes, text)
	}
	notes = append(notes, s.Checks...)
	notes = append(notes, peopleNotes(s)...)
	if !s.Supported && !s.IsCheck {
		notes = append(notes, "this version can't run "+s.Action+" yet")
	}
	return append(notes, s.Notes...)
}

// peopleNotes say who must approve a step, and what takes it back.
func peopleNotes(s engine.PlannedStep) []string {
	var notes []string
	if s.Approval != "" {
		notes = append(notes, "must be approved by "+s.Approval)
	}
	if u := s.Undo; u != nil {
		text := "undone by " + u.Action
		if u.On == "end" {
			text = "undone at the end of the run by " + u.Action
		}
		for i, a := range u.Arguments {
			text += map[bool]string{true: " with ", false: ", "}[i == 0] + a.Name + " = " + a.Value
		}
		notes = append(notes, text)
	}
	return notes
}
