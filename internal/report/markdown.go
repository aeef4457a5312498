package report

import (
	"bufio"
	"fmt"
	"regexp"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// markdown writes GitHub's Markdown (https://github.github.com/gfm), for tickets and pull requests. What takes several lines stands in
// fences, which are longer than any within.
type markdown struct{ *bufio.Writer }

// Bounds of what a ticket takes: of a text so many lines and bytes are shown, of a table so many rows. The other formats have all of it.
const (
	mostLines = 60
	mostBytes = 4000
	mostRows  = 500
)

func writeMarkdown(w *bufio.Writer, r *Run) error {
	m := markdown{w}
	m.heading(1, r.sign()+" "+escapeMarkdown(r.title()))
	m.paragraph(escapeMarkdown(r.stands()))
	if next := r.next(); next != "" {
		m.paragraph("> " + escapeMarkdown(next))
	}
	m.list("Left to look at", r.leftLines())
	m.waits(r)
	m.troubles(r)
	m.steps(r)
	m.people(r)
	m.undos(r)
	m.outputs(r)
	m.about(r)
	return nil
}

func (m markdown) paragraph(text string) { fmt.Fprint(m, text, "\n\n") } //nolint:errcheck // the writer keeps it for its end

func (m markdown) heading(level int, text string) {
	m.paragraph(strings.Repeat("#", level) + " " + text)
}

// list writes lines under a heading, if there are some.
func (m markdown) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	m.heading(2, title)
	text := make([]string, len(lines))
	for i, line := range lines {
		text[i] = "- " + escapeMarkdown(line)
	}
	m.paragraph(strings.Join(text, "\n"))
}

// table writes rows of cells, the first of them the header; without others nothing.
func (m markdown) table(rows [][]string) {
	if len(rows) < 2 {
		return
	}
	var b strings.Builder
	for i, row := range rows[:min(len(rows), mostRows+1)] {
		for j := range row {
			row[j] = orElse(escapeMarkdown(row[j]), " ")
		}
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			b.WriteString(strings.Repeat("| --- ", len(row)) + "|\n")
		}
	}
	m.paragraph(strings.TrimSuffix(b.String(), "\n"))
	if more := len(rows) - 1 - mostRows; more > 0 {
		m.paragraph(fmt.Sprintf("and %d more", more))
	}
}

var ticks = regexp.MustCompile("`+")

// fence writes lines as they are, as many as there is room for.
func (m markdown) fence(lines []string) {
	text := strings.TrimRight(term.Clean(strings.Join(lines, "\n")), "\n")
	if text == "" {
		return
	}
	text, more := bounded(text)
	longest := 2
	for _, run := range ticks.FindAllString(text, -1) {
		longest = max(longest, len(run))
	}
	mark := strings.Repeat("`", longest+1)
	m.paragraph(mark + "text\n" + text + "\n" + mark)
	if more {
		m.paragraph("The rest is left out here.")
	}
}

// bounded is the beginning of a long text.
func bounded(text string) (beginning string, more bool) {
	whole := len(text)
	if lines := strings.SplitAfterN(text, "\n", mostLines+1); len(lines) > mostLines {
		text = strings.TrimSuffix(strings.Join(lines[:mostLines], ""), "\n")
	}
	if len(text) > mostBytes {
		text = strings.ToValidUTF8(text[:mostBytes], "")
	}
	return text, len(text) < whole
}

// waits writes the questions that wait for an answer.
func (m markdown) waits(r *Run) {
	begun := false
	for _, s := range r.Steps {
		q := s.open()
		if q == nil {
			continue
		}
		if !begun {
			begun = true
			m.heading(2, "Waits for a person")
		}
		m.heading(3, escapeMarkdown(s.Step))
		m.paragraph(escapeMarkdown(q.waits()))
		m.fence(q.lines)
	}
}

// troubles writes what a person should read of the steps, and the undos, that did not pass.
func (m markdown) troubles(r *Run) {
	begun := false
	tell := func(name, line string, d *Did) {
		if d.good() || d.Outcome == run.Blocked || d.Outcome == run.Cancelled || d.Outcome == "" && !d.doubt {
			return
		}
		if !begun {
			begun = true
			m.heading(2, "Did not pass")
		}
		m.heading(3, d.sign()+" "+escapeMarkdown(name)+": "+d.word())
		m.paragraph(escapeMarkdown(line))
		m.fence(d.evidence)
	}
	for _, s := range r.Steps {
		if s.Gone {
			continue
		}
		tell(s.Step, s.line(), &s.Did)
	}
	for _, u := range r.Undos {
		tell(u.name, u.line(), &u.Did)
	}
}

func (m markdown) steps(r *Run) {
	rows := [][]string{{"", "step", "outcome", "", "took"}}
	var shown []*Step
	for _, s := range r.Steps {
		rows = append(rows, []string{s.sign(), s.Step, s.word(), s.line(), s.took()})
		if s.good() && len(s.evidence) > 0 {
			shown = append(shown, s)
		}
	}
	if len(rows) > 1 {
		m.heading(2, "Steps")
	}
	m.table(rows)
	if len(shown) == 0 {
		return
	}
	m.paragraph("<details>\n<summary>What steps that passed show</summary>")
	for _, s := range shown[:min(len(shown), mostRows)] {
		m.heading(3, escapeMarkdown(s.Step))
		m.fence(s.evidence)
	}
	m.paragraph("</details>")
}

// people writes what was asked and said.
func (m markdown) people(r *Run) {
	rows := [][]string{{"asked", "step", "what", "said"}}
	for _, s := range r.Steps {
		for _, q := range s.Asked {
			rows = append(rows, []string{moment(q.At), s.Step, q.prompt(), strings.Join(q.came(), "; ")})
		}
	}
	if len(rows) > 1 {
		m.heading(2, "People")
	}
	m.table(rows)
}

func (m markdown) undos(r *Run) {
	rows := [][]string{{"", "undo", "outcome", "", "took"}}
	for _, u := range r.Undos {
		rows = append(rows, []string{u.sign(), u.name, u.word(), u.line(), u.took()})
	}
	if len(rows) > 1 {
		m.heading(2, "Undos")
	}
	m.table(rows)
}

func (m markdown) outputs(r *Run) {
	if len(r.Outputs) == 0 {
		return
	}
	m.heading(2, "Outputs")
	for i := range r.Outputs {
		o := &r.Outputs[i]
		m.paragraph("**" + escapeMarkdown(o.Name) + "**")
		m.fence(valueLines(o))
	}
}

// about writes what the run was, and its sessions where there are several.
func (m markdown) about(r *Run) {
	m.heading(2, "The run")
	rows := [][]string{{"", ""}}
	for _, fact := range r.facts() {
		rows = append(rows, []string{fact[0], fact[1]})
	}
	m.table(rows)
	if len(r.Sessions) < 2 {
		return
	}
	rows = [][]string{{"session", "by", "what", "until", "then"}}
	for i := range r.Sessions {
		s := &r.Sessions[i]
		rows = append(rows, []string{moment(s.StartedAt), s.User, s.word(), moment(s.EndedAt), s.end()})
	}
	m.table(rows)
}

// punctuation is what may mean something in Markdown, wherever it stands: with these escaped, no other sign has anything to go with.
var punctuation = regexp.MustCompile("[\\\\`*_\\[\\]<#|~&$]")

// beginning is what may mean something where a line begins.
var beginning = regexp.MustCompile(`^([-+=>]|[0-9]+[.)])`)

// escapeMarkdown writes a text on one line so that it reads as it is.
func escapeMarkdown(text string) string {
	text = strings.TrimSpace(term.CleanLine(text))
	text = punctuation.ReplaceAllString(text, `\$0`)
	return beginning.ReplaceAllStringFunc(text, func(s string) string { return s[:len(s)-1] + `\` + s[len(s)-1:] })
}
