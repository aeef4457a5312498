package report

import (
	"bufio"
	"crypto/sha256"
	_ "embed" // the style
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
)

//go:embed page.css
var pageStyle string

// row is a step or an undo as the page shows it.
type row struct {
	// id is what links lead to.
	id               string
	name, word, line string
	nested, gone     bool
	before           []string
	*Did
}

// stepRows are the steps, undoRows the undos.
func (r *Run) stepRows() (rows []row) {
	for i, s := range r.Steps {
		rows = append(rows, row{fmt.Sprintf("step-%d", i+1), s.Step, s.word(), s.line(), strings.Contains(s.Step, "/"), s.Gone, s.before(), &s.Did})
	}
	return rows
}

func (r *Run) undoRows() (rows []row) {
	for i, u := range r.Undos {
		rows = append(rows, row{id: fmt.Sprintf("undo-%d", i+1), name: u.name, word: u.word(), line: u.line(), before: u.settled(), Did: &u.Did})
	}
	return rows
}

func writeHTML(w *bufio.Writer, r *Run) error {
	p := page{w}
	steps, undos := r.stepRows(), r.undoRows()
	p.raw("<!DOCTYPE html>\n")
	p.within("html", func() {
		p.head(r)
		p.within("body", func() {
			p.within("main", func() {
				p.summary(r, append(steps[:len(steps):len(steps)], undos...))
				p.waits(r, steps)
				p.facts(r)
				p.rows("Steps", "All steps in order", "step", steps)
				p.rows("Undos", "What was taken back, in order", "undo", undos)
				p.outputs(r)
				p.people(r)
				p.sessions(r)
				p.evidence(steps, undos)
			})
		})
	}, "lang", "en")
	return nil
}

// head has a policy that lets a browser load and run nothing but the style of the page.
func (p page) head(r *Run) {
	sum := sha256.Sum256([]byte(pageStyle))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	p.within("head", func() {
		p.open("meta", "charset", "utf-8")
		p.open("meta", "http-equiv", "Content-Security-Policy", "content", policy)
		p.open("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
		p.open("meta", "name", "referrer", "content", "no-referrer")
		p.element("title", r.title()+": "+r.stands())
		p.within("style", func() { p.raw(pageStyle) })
	})
}

// outcome writes a sign, which a word stands beside for those who don't see it, in its colour.
func (p page) outcome(d *Did, word string) {
	kind := kindOf(d.Outcome)
	if d.doubt {
		kind = kindOf(run.Error)
	}
	p.open("span", "class", kind)
	p.open("span", "aria-hidden", "true")
	p.text(d.sign())
	p.raw("</span> ")
	p.text(word)
	p.raw("</span>")
}

func (p page) link(r row) { p.element("a", r.name, "href", "#"+r.id) }

// summary says how the run stands, and what of it a person should look at.
func (p page) summary(r *Run, all []row) {
	p.within("h1", func() {
		p.open("span", "aria-hidden", "true")
		p.text(r.sign())
		p.raw("</span> ")
		p.text(r.title())
	})
	p.element("p", r.stands(), "class", "stands")
	if next := r.next(); next != "" {
		p.element("p", next, "class", "note")
	}
	if left := r.leftLines(); len(left) > 0 {
		p.element("h2", "Left to look at")
		p.within("ul", func() {
			for _, line := range left {
				p.element("li", line)
			}
		})
	}
	troubles := all[:0:0]
	for _, one := range all {
		if bad := one.doubt || one.Outcome == run.Fail || one.Outcome == run.Error || one.Outcome == run.Warn; bad && !one.gone {
			troubles = append(troubles, one)
		}
	}
	if len(troubles) == 0 {
		return
	}
	p.element("h2", "Did not pass")
	p.within("ul", func() {
		for _, one := range troubles {
			p.within("li", func() {
				p.outcome(one.Did, one.word)
				p.raw(": ")
				p.link(one)
				p.text(one.line)
			})
		}
	})
}

// waits writes the questions that wait for an answer.
func (p page) waits(r *Run, rows []row) {
	begun := false
	for i, s := range r.Steps {
		q := s.open()
		if q == nil {
			continue
		}
		if !begun {
			begun = true
			p.element("h2", "Waits for a person")
		}
		p.within("h3", func() { p.link(rows[i]) })
		p.lines(append([]string{q.waits()}, q.lines...))
	}
}

func (p page) facts(r *Run) {
	p.element("h2", "The run")
	facts := r.facts()
	p.table("What ran, where and when", nil, len(facts), func(i int) {
		p.element("th", facts[i][0], "scope", "row")
		p.element("td", facts[i][1])
	})
}

// rows writes steps, or undos, as a table with links to their evidence.
func (p page) rows(title, caption, what string, rows []row) {
	if len(rows) == 0 {
		return
	}
	p.element("h2", title)
	p.table(caption, []string{"outcome", what, "in short", "took"}, len(rows), func(i int) {
		one := rows[i]
		p.within("td", func() { p.outcome(one.Did, one.word) })
		class := ""
		if one.nested {
			class = "within"
		}
		p.within("th", func() { p.link(one) }, "scope", "row", "class", class)
		p.element("td", one.line)
		p.element("td", one.took(), "class", "took")
	})
}

func (p page) outputs(r *Run) {
	if len(r.Outputs) > 0 {
		p.element("h2", "Outputs")
	}
	for i := range r.Outputs {
		o := &r.Outputs[i]
		p.element("h3", o.Name)
		if o.Description != "" {
			p.element("p", o.Description, "class", "faint")
		}
		p.lines(valueLines(o))
	}
}

// people writes what was asked, and what followed.
func (p page) people(r *Run) {
	type asked struct {
		step string
		*Asked
	}
	var all []asked
	for _, s := range r.Steps {
		for _, q := range s.Asked {
			all = append(all, asked{s.Step, q})
		}
	}
	if len(all) > 0 {
		p.element("h2", "People")
	}
	p.table("What was asked, and what followed", []string{"asked", "step", "what", "then"}, len(all), func(i int) {
		p.element("td", moment(all[i].At))
		p.element("th", all[i].step, "scope", "row")
		p.within("td", func() { p.lines(all[i].lines) })
		p.within("td", func() { p.lines(all[i].came()) })
	})
}

func (p page) sessions(r *Run) {
	if len(r.Sessions) > 0 {
		p.element("h2", "Sessions")
	}
	p.table("The processes that ran it", []string{"from", "until", "by", "what", "then"}, len(r.Sessions), func(i int) {
		s := &r.Sessions[i]
		by := s.User
		if s.PID != 0 {
			by += fmt.Sprintf(" (process %d on %s)", s.PID, s.Host)
		}
		p.element("td", moment(s.StartedAt))
		p.element("td", moment(s.EndedAt))
		p.element("td", by)
		p.within("td", func() {
			p.text(s.word())
			p.lines(s.told())
		})
		p.element("td", s.end())
	})
}

// told is what a session told when it began.
func (s *Session) told() []string {
	var lines []string
	for _, what := range []struct {
		label string
		all   []string
	}{{"undoes ", s.Undoes}, {"runs again: ", s.RunsAgain}, {"changed: ", s.Changes}, {"", s.Repeats}} {
		for _, text := range what.all {
			lines = append(lines, what.label+text)
		}
	}
	return lines
}
