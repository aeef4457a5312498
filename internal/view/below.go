package view

import (
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
)

// below writes what belongs under a step's line: the rest of its fact, each check that did not hold with what it saw,
// evidence, warnings, what to do, and what the author wanted to be shown. Raw is the fact as it stood in the events.
func (t *Text) below(e *run.Event, checks []run.Event, raw, rest string) {
	if rest != "" && e.Outcome != run.Pass && !repeated(raw, checks) {
		t.bar(rest)
	}
	for i := range checks {
		if checks[i].Check != nil {
			t.check(&checks[i], raw)
		}
	}
	if e.Error != "" && e.Error != raw {
		t.bar(t.cleanLines(e.Error))
	}
	if e.Detail != "" {
		t.barWith(indent(t.cleanLines(e.Detail), "  "), t.Palette.Faint)
	}
	if e.InDoubt {
		t.bar(t.Palette.Warn("in doubt: ") + "nobody knows whether it took place")
	}
	if e.ByHand != "" {
		t.bar(t.Palette.Strong("by hand: ") + t.cleanLines(e.ByHand))
	}
	for _, warning := range e.Warnings {
		t.bar(t.Palette.Warn("warning: ") + t.clean(warning))
	}
	if e.Outcome != run.Pass && e.Outcome != run.Skipped {
		t.remedies(e.Remedies)
	}
	if len(e.Show) > 0 {
		t.show(e.Show)
	}
}

// repeated reports whether a fact stands once more below its step: as a condition with its values.
func repeated(fact string, checks []run.Event) bool {
	for i := range checks {
		if c := &checks[i]; c.Check != nil && c.Message == fact && saysNoMore(c) {
			return true
		}
	}
	return false
}

func indent(text, by string) string { return by + strings.ReplaceAll(text, "\n", "\n"+by) }

// check writes a check that is worth a line: one that did not hold, or one that only informs.
func (t *Text) check(c *run.Event, headline string) {
	informs := c.Severity == "info" && c.Message != "" && c.Outcome != run.Error
	if informs {
		if c.Message != headline {
			t.bar("note: " + t.cleanLines(c.Message))
		}
		return
	}
	if c.Outcome == run.Pass || c.Outcome == "" {
		return
	}
	if c.Message != "" && c.Message != headline && !saysNoMore(c) {
		t.bar(t.cleanLines(c.Message))
	}
	if !isPlainThreshold(c) {
		t.condition(c)
	}
	t.remedies(c.CheckRemedies)
}

// unknown is the value of a reference that could not be evaluated, followed by why.
const unknown = "not known"

// condition writes the condition as it stands in the file and the values that it saw.
func (t *Text) condition(c *run.Event) {
	if c.Expression != "" {
		kind := string(c.Kind)
		if c.Name != "" {
			kind = fmt.Sprintf("%s %q:", kind, c.Name)
		}
		text := kind + " " + strings.Join(strings.Fields(t.clean(c.Expression)), " ")
		if c.Place != "" {
			text = t.clean(c.Place) + ": " + text
		}
		t.barWith(text, t.Palette.Strong)
	}
	for _, r := range c.References {
		value := r.Value
		if why, ok := strings.CutPrefix(value, unknown+": "); ok && strings.Contains(c.Message, why) {
			value = unknown // the message says why
		}
		t.barWith(strings.Repeat("  ", r.Depth+1)+t.clean(r.Expression)+" is "+t.clean(value), t.Palette.Faint)
	}
}

func (t *Text) remedies(all []run.Remedy) {
	for _, r := range all {
		for _, part := range []struct{ label, text string }{
			{"", r.Text}, {"", r.Guide}, {"contact: ", r.Contact}, {"escalation: ", r.Escalation},
		} {
			if part.text != "" {
				t.bar(part.label + t.cleanLines(part.text))
			}
		}
	}
}
