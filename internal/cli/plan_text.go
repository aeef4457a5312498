package cli

import (
	"cmp"
	"fmt"
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
	shown := whatIsShown{Config: o.viewConfig(false), whole: planned(o.File)}
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
			lines = append(lines, shown.below(s, palette, "    ")...)
		}
	}
	return append(lines, shown.notifiers(o.shownNotifies(plan.Notifies), palette)...)
}

// notifiers say who is told through what while steps wait for a person.
func (c whatIsShown) notifiers(all []engine.PlannedNotify, palette term.Palette) []string {
	if len(all) == 0 {
		return nil
	}
	lines := []string{palette.Strong("while nobody answers")}
	rows := make([][]string, len(all))
	for i, n := range all {
		rows[i] = []string{fmt.Sprintf("  %s, level %d", n.Escalation, n.Level), n.Action, effectName(n.Effect, n.Unsure && n.Effect == provider.Destructive), cmp.Or(n.Target, n.Provider)}
	}
	bar := "    " + palette.Faint(c.Glyphs.Bar) + " "
	c = c.within("    ")
	for i, line := range table(rows) {
		lines = append(lines, line)
		notes := c.note("tells " + all[i].Contact + " when it is due while " + strings.Join(all[i].Steps, ", ") + " waits")
		notes = append(notes, c.arguments(all[i].Arguments)...)
		switch {
		case all[i].Suppressed:
			notes = append(notes, "--read-only: nothing is sent")
		case all[i].Asked:
			notes = append(notes, "apply asks about it beforehand")
		}
		for _, note := range notes {
			lines = append(lines, bar+note)
		}
	}
	return lines
}

// below are the lines under a step: its notes, and the steps of the runbook that it runs, each with its own.
func (c whatIsShown) below(s engine.PlannedStep, palette term.Palette, indent string) []string {
	var lines []string
	for _, note := range c.within(indent).notes(s) {
		lines = append(lines, indent+palette.Faint(c.Glyphs.Bar)+" "+note)
	}
	var names, actions int
	for _, b := range s.Steps {
		names, actions = max(names, term.Width(b.Name)), max(actions, term.Width(actionName(b)))
	}
	for _, b := range s.Steps {
		lines = append(lines, strings.TrimRight(indent+term.Pad(b.Name, names)+"  "+term.Pad(actionName(b), actions)+"  "+
			effectText(b, palette)+"  "+palette.Faint(term.CleanLine(where(b))), " "))
		lines = append(lines, c.below(b, palette, indent+"  ")...)
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
	text := term.Pad(effectName(s.Effect, s.MayDestroy()), len("destructive"))
	switch {
	case s.Effect == provider.Write || s.MayDestroy():
		return palette.Warn(text)
	case s.Effect == provider.Destructive:
		return palette.Danger(text)
	}
	return text
}

// effectName is what the plan calls an effect, or what may be one.
func effectName(effect provider.Effect, mayDestroy bool) string {
	if mayDestroy {
		return "may destroy"
	}
	return effect.String()
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

// notes are what else is known of a step, in lines.
func (c whatIsShown) notes(s engine.PlannedStep) []string {
	var lines []string
	if s.Description != "" {
		lines = append(lines, c.note(s.Description)...)
	}
	lines = append(lines, c.arguments(s.Arguments)...)
	var notes []string
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
	lines = append(append(lines, c.note(append(notes, s.Checks...)...)...), c.people(s)...)
	notes = nil
	if !s.Supported && !s.IsCheck {
		notes = append(notes, "this version can't run "+s.Action+" yet")
	}
	return append(lines, c.note(append(notes, s.Notes...)...)...)
}
