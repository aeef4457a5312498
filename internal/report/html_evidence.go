package report

import (
	"strings"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

// evidence writes each step, and each undo, with what it did and saw.
func (p page) evidence(all ...[]row) {
	begun := false
	for _, rows := range all {
		for _, one := range rows {
			if !begun {
				begun = true
				p.element("h2", "Evidence")
			}
			p.within("section", func() { p.did(one) }, "aria-labelledby", one.id)
		}
	}
}

func (p page) did(one row) {
	p.within("h3", func() {
		p.text(one.name + ": ")
		p.outcome(one.Did, one.word)
	}, "id", one.id)
	if one.line != "" {
		p.element("p", one.line)
	}
	if text := one.what(); text != "" {
		p.element("p", text, "class", "faint")
	}
	p.lines(one.before)
	if len(one.Arguments) > 0 {
		p.element("p", "sent with")
		p.lines(view.Value(one.Arguments))
	}
	p.lines(one.evidence)
	p.checks(one.Checks)
}

// what says what an action is, where and when it was carried out.
func (d *Did) what() string {
	text := d.Action
	if d.Effect != "" {
		text = d.Effect + ": " + text
	}
	if d.Target != "" {
		text += " on " + d.Target
	}
	if d.StartedAt != nil {
		text += ", at " + moment(*d.StartedAt)
	}
	return strings.TrimPrefix(text, ", ")
}

func (p page) checks(all []Check) {
	p.table("Checks", []string{"outcome", "check", "condition", "saw"}, len(all), func(i int) {
		c := &all[i]
		p.element("td", c.word(), "class", kindOf(c.Outcome))
		p.within("th", func() {
			p.text(strings.TrimSpace(string(c.Kind) + " " + c.Name))
			if c.Place != "" {
				p.open("br")
				p.element("span", c.Place, "class", "faint")
			}
		}, "scope", "row")
		p.element("td", strings.Join(strings.Fields(term.Clean(c.Expression)), " "))
		p.within("td", func() {
			for _, r := range c.References {
				p.text(r.Expression + " is " + r.Value)
				p.open("br")
			}
			if len(c.References) == 0 {
				p.text(c.Message)
			}
		})
	})
}

// kindOf is the class of an outcome, which gives it its colour beside its sign and its word.
func kindOf(o run.Outcome) string {
	switch o {
	case run.Pass:
		return "good"
	case run.Warn, run.Cancelled:
		return "warn"
	case run.Fail, run.Error:
		return "bad"
	}
	return "none"
}
