package report

import (
	"bufio"
	"regexp"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// markdown makes blocks of GitHub's Markdown (https://github.github.com/gfm), for tickets and pull requests. What takes several lines stands
// in fences, which are longer than any within.
type markdown struct {
	*Run
	// short says that something was cut.
	short bool
}

func writeMarkdown(w *bufio.Writer, r *Run) error {
	m := &markdown{Run: r}
	blocks := []block{
		m.top(), m.leftToLookAt(), m.waits(), m.troubles(), m.table(13, "Steps", m.stepRows()), m.shown(), m.table(6, "People", m.peopleRows()),
		m.table(5, "Undos", m.undoRows()), m.outputs(), m.table(5, "The run", m.factRows()), m.table(3, "", m.sessionRows()),
	}
	texts, fits := fitted(blocks, mostInAll-roomForNotice)
	if m.short || !fits {
		texts[0] += paragraph("> Not all of it has room here. The whole is told by: " + m.line(r.command("show")) + " (and by a report in another format)")
	}
	_, err := w.WriteString(strings.Join(texts, ""))
	return err
}

// top says what the run is, and how it stands.
func (m *markdown) top() block {
	text := heading(1, m.sign()+" "+m.name(m.title())) + paragraph(m.line(m.stands()))
	if next := m.next(); next != "" {
		text += paragraph("> " + m.line(next))
	}
	return block{share: 8, entries: []string{text}}
}

func (m *markdown) leftToLookAt() block {
	b := block{share: 5, head: heading(2, "Left to look at"), tail: "\n"}
	for _, line := range m.leftLines() {
		b.add(func() string { return "- " + m.line(line) + "\n" })
	}
	return b
}

// waits are the questions that wait for an answer.
func (m *markdown) waits() block {
	b := block{share: 15, head: heading(2, "Waits for a person")}
	for _, s := range m.Steps {
		if q := s.open(); q != nil {
			b.add(func() string { return heading(3, m.name(s.Step)) + paragraph(m.line(q.waits())) + m.fence(q.lines) })
		}
	}
	return b
}

// troubles are what a person should read of the steps, and the undos, that did not pass.
func (m *markdown) troubles() block {
	b := block{share: 25, head: heading(2, "Did not pass")}
	tell := func(name, line string, d *Did) {
		if d.good() || d.Outcome == run.Blocked || d.Outcome == run.Cancelled || d.Outcome == "" && !d.doubt {
			return
		}
		b.add(func() string {
			return heading(3, d.sign()+" "+m.name(name)+": "+d.word()) + paragraph(m.line(line)) + m.fence(d.evidence)
		})
	}
	for _, s := range m.Steps {
		if !s.Gone {
			tell(s.Step, s.line(), &s.Did)
		}
	}
	for _, u := range m.Undos {
		tell(u.name, u.line(), &u.Did)
	}
	return b
}

func (m *markdown) stepRows() [][]string {
	rows := [][]string{{"", "step", "outcome", "", "took"}}
	for _, s := range m.Steps {
		rows = append(rows, []string{s.sign(), s.Step, s.word(), s.line(), s.took()})
	}
	return rows
}

// shown is what steps that passed show.
func (m *markdown) shown() block {
	b := block{share: 7, head: paragraph("<details>\n<summary>What steps that passed show</summary>"), tail: paragraph("</details>")}
	for _, s := range m.Steps {
		if s.good() && len(s.evidence) > 0 {
			b.add(func() string { return heading(3, m.name(s.Step)) + m.fence(s.evidence) })
		}
	}
	return b
}

// peopleRows are what was asked and said.
func (m *markdown) peopleRows() [][]string {
	rows := [][]string{{"asked", "step", "what", "said"}}
	for _, s := range m.Steps {
		for _, q := range s.Asked {
			rows = append(rows, []string{moment(q.At), s.Step, q.prompt(), strings.Join(q.came(), "; ")})
		}
	}
	return rows
}

func (m *markdown) undoRows() [][]string {
	rows := [][]string{{"", "undo", "outcome", "", "took"}}
	for _, u := range m.Undos {
		rows = append(rows, []string{u.sign(), u.name, u.word(), u.line(), u.took()})
	}
	return rows
}

func (m *markdown) outputs() block {
	b := block{share: 8, head: heading(2, "Outputs")}
	for i := range m.Outputs {
		o := &m.Outputs[i]
		b.add(func() string { return paragraph("**"+m.name(o.Name)+"**") + m.fence(valueLines(o)) })
	}
	return b
}

// factRows are what the run was.
func (m *markdown) factRows() [][]string {
	rows := [][]string{{"", ""}}
	for _, fact := range m.facts() {
		rows = append(rows, []string{fact[0], fact[1]})
	}
	return rows
}

// sessionRows are the run's sessions, where there are several.
func (m *markdown) sessionRows() [][]string {
	rows := [][]string{{"session", "by", "what", "until", "then"}}
	for i := range m.Sessions {
		s := &m.Sessions[i]
		rows = append(rows, []string{moment(s.StartedAt), s.User, s.word(), moment(s.EndedAt), s.end()})
	}
	if len(rows) == 2 {
		return nil
	}
	return rows
}

// table is a block of rows of cells, the first of them the header.
func (m *markdown) table(share int, title string, rows [][]string) block {
	b := block{share: share, tail: "\n"}
	if title != "" {
		b.head = heading(2, title)
	}
	for i, row := range rows {
		if i == 0 {
			b.head += m.row(row) + strings.Repeat("| --- ", len(row)) + "|\n"
			continue
		}
		b.add(func() string { return m.row(row) })
	}
	return b
}

func (m *markdown) row(cells []string) string {
	text := "|"
	for _, cell := range cells {
		text += " " + orElse(m.cell(cell), " ") + " |"
	}
	return text + "\n"
}

func paragraph(text string) string { return text + "\n\n" }

func heading(level int, text string) string {
	return paragraph(strings.Repeat("#", level) + " " + text)
}

var ticks = regexp.MustCompile("`+")

// fence has lines as they are, as many as there is room for.
func (m *markdown) fence(lines []string) string {
	text := strings.TrimRight(term.Clean(strings.Join(lines, "\n")), "\n")
	if text == "" {
		return ""
	}
	text, more := bounded(text)
	longest := 2
	for _, run := range ticks.FindAllString(text, -1) {
		longest = max(longest, len(run))
	}
	mark := strings.Repeat("`", longest+1)
	text = paragraph(mark + "text\n" + text + "\n" + mark)
	if more {
		m.short = true
		text += paragraph("The rest is left out here.")
	}
	return text
}

// name, line and cell are a text of unknown origin on one line: in a heading, by itself, and in a table.
func (m *markdown) name(text string) string { return m.oneLine(text, mostInName) }
func (m *markdown) line(text string) string { return m.oneLine(text, mostInLine) }
func (m *markdown) cell(text string) string { return m.oneLine(text, mostInCell) }

func (m *markdown) oneLine(text string, most int) string {
	text = strings.TrimSpace(term.CleanLine(text))
	if len(text) > most {
		m.short = true
		text = strings.ToValidUTF8(text[:most], "") + " …"
	}
	return escapeMarkdown(text)
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
