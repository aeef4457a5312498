package form

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

// drawing gathers the lines of a form.
type drawing struct {
	m      *model
	lines  []string
	cursor *tea.Cursor
}

// View implements tea.Model.
func (m *model) View() tea.View {
	if m.ended {
		return tea.NewView("")
	}
	d := &drawing{m: m}
	d.head()
	d.body()
	d.foot()
	v := tea.NewView(strings.Join(d.fit(), "\n"))
	v.Cursor = d.cursor
	return v
}

// add writes a line, cut to the terminal before it is painted.
func (d *drawing) add(text string, paint func(string) string) {
	text = term.Cut(text, max(d.m.width-1, 1), d.m.t.Look.Glyphs.Ellipsis)
	if paint != nil {
		text = paint(text)
	}
	d.lines = append(d.lines, text)
}

func (d *drawing) wrap(text string, paint func(string) string) {
	for _, line := range term.Fold(text, max(d.m.width-3, 10)) {
		d.add(" "+line, paint)
	}
}

// fit keeps the end of the form where the terminal has not enough rows for all of it.
func (d *drawing) fit() []string {
	most := max(d.m.height-1, 3)
	if d.m.height <= 0 || len(d.lines) <= most {
		return d.lines
	}
	cut := len(d.lines) - most
	if d.cursor != nil {
		d.cursor.Y = max(d.cursor.Y-cut, 0)
	}
	return d.lines[cut:]
}

// head says what happened meanwhile, which step asks, and how long it has. What is asked stands above the form.
func (d *drawing) head() {
	m, look := d.m, d.m.t.Look
	// These may be painted already, so that they are not cut.
	d.lines = append(d.lines, m.t.aside.tail(5)...)
	d.add("", nil)
	now := m.t.Now()
	d.wrap(look.Glyphs.Asks+" "+term.CleanLine(m.r.Step)+" "+view.Waiting(m.r.wait(), now, look), look.Palette.Warn)
	if next := view.NextLevel(m.r.wait(), now, look); next != "" {
		d.wrap(next, look.Palette.Faint)
	}
}

// unfilled is the question without what is shown where it is filled in: items and choices, or who may answer.
func (r *Request) unfilled() *run.Question {
	c := *r.Question
	if r.Elsewhere != "" {
		c.Approvers = nil
		return &c
	}
	c.Items, c.Choices = nil, nil
	return &c
}

// body is what is filled in.
func (d *drawing) body() {
	m, look := d.m, d.m.t.Look
	if m.r.Elsewhere != "" {
		for _, line := range m.r.others(look) {
			d.wrap(line, nil)
		}
		return
	}
	switch {
	case m.still != nil:
		for _, line := range m.still.lines() {
			d.wrap(line, look.Palette.Strong)
		}
		return
	case m.q.Kind == run.AskChecklist:
		d.checklist()
	case m.chooses():
		d.list(m.q.Choices, func(i int) string { return fmt.Sprintf("%d. ", i+1) }, func(i int) string { return term.CleanLine(m.q.Choices[i]) })
		d.field(prompts[m.q.Kind], &m.input, m.focus == fieldAnswer)
	case m.r.InFull:
		d.field(m.r.words(), &m.input, m.focus == fieldAnswer)
	default:
		d.field(prompts[m.q.Kind], &m.input, m.focus == fieldAnswer)
	}
	d.field("note", &m.note, m.focus == fieldNote)
	if m.problem != "" {
		d.wrap(term.CleanLine(m.problem), look.Palette.Bad)
	}
}

// prompts say what goes into the field for the answer.
var prompts = map[run.QuestionKind]string{run.AskApproval: "yes or no", run.AskConfirm: "yes or no", run.AskInput: "answer"}

// field writes a line that can be edited.
func (d *drawing) field(label string, e *editor, focused bool) {
	prefix := " " + label + ": "
	text, column := e.show(d.m.width - len(prefix) - 2)
	if focused {
		d.cursor = tea.NewCursor(term.Width(prefix)+column, len(d.lines))
		d.lines = append(d.lines, prefix+text)
		return
	}
	d.add(prefix+text, d.m.t.Look.Palette.Faint)
}

// list writes the items around the cursor, each over as many lines as it needs, and as many as there is room for.
func (d *drawing) list(items []string, lead, text func(i int) string) {
	m := d.m
	wrapped := make([][]string, len(items))
	for i := range items {
		wrapped[i] = term.Fold(text(i), max(m.width-4-term.Width(lead(i)), 10))
	}
	from, to := around(wrapped, max(m.cursor, 0), max(m.height-len(d.lines)-8, 3))
	if from > 0 {
		d.add(fmt.Sprintf("   %d more above", from), m.t.Look.Palette.Faint)
	}
	for i := from; i < to; i++ {
		mark, paint := "   ", (func(string) string)(nil)
		// What is chosen is marked while the note is written too.
		if i == m.cursor && (m.chooses() || m.focus == fieldAnswer) {
			d.cursor = tea.NewCursor(1, len(d.lines))
			mark, paint = " > ", m.t.Look.Palette.Strong
		}
		prefix := mark + lead(i)
		for _, line := range wrapped[i] {
			d.add(prefix+line, paint)
			prefix = strings.Repeat(" ", term.Width(prefix))
		}
	}
	if to < len(items) {
		d.add(fmt.Sprintf("   %d more below", len(items)-to), m.t.Look.Palette.Faint)
	}
}

// around chooses the items that are shown: the one at the cursor, and as many on both sides of it as fit into so many lines.
func around(items [][]string, cursor, room int) (from, to int) {
	if len(items) == 0 {
		return 0, 0
	}
	from, to = cursor, cursor+1
	room -= len(items[cursor])
	for grown := true; grown; {
		grown = false
		if from > 0 && len(items[from-1]) <= room {
			from--
			room -= len(items[from])
			grown = true
		}
		if to < len(items) && len(items[to]) <= room {
			room -= len(items[to])
			to++
			grown = true
		}
	}
	return from, to
}

func (d *drawing) checklist() {
	m, glyphs := d.m, d.m.t.Look.Glyphs
	box := func(i int) string {
		if m.done[i] {
			return glyphs.Done + " "
		}
		return glyphs.Open + " "
	}
	d.list(m.q.Items, box, func(i int) string {
		text := term.CleanLine(m.q.Items[i])
		if e := m.itemNotes[i]; e != nil && len(e.text) > 0 && (m.focus != fieldItemNote || i != m.cursor) {
			text += " " + glyphs.Dot + " " + term.CleanLine(e.String())
		}
		return text
	})
	if m.focus == fieldItemNote {
		d.field("note on "+term.Cut(term.CleanLine(m.q.Items[m.cursor]), 24, glyphs.Ellipsis), m.itemNotes[m.cursor], true)
	}
	text := fmt.Sprintf("%d of %d done", len(m.checked()), len(m.q.Items))
	if m.q.AllRequired {
		text += ", all are required"
	}
	d.add(" "+text, nil)
}

// foot says which keys there are.
func (d *drawing) foot() {
	m := d.m
	keys, leave := []string{"enter: finish", "tab: note"}, "ctrl-d: leave it open"
	switch {
	case m.r.Elsewhere != "":
		keys, leave = nil, "ctrl-d: pause the run"
	case m.still != nil:
		keys = nil
	case m.focus == fieldItemNote:
		keys = []string{"enter: back to the list"}
	case m.focus == fieldNote:
		keys = []string{"enter: finish", "tab: back"}
	case m.q.Kind == run.AskChecklist:
		keys = append([]string{"space: done or not", "up, down", "n: note on the item", "a: all"}, keys...)
	case m.chooses():
		keys = append([]string{"up, down, a number or the first letters"}, keys...)
	case m.q.Kind == run.AskInput && len(m.q.Default) > 0:
		keys = append([]string{"left empty: " + term.CleanLine(string(m.q.Default))}, keys...)
	}
	if keys = append(keys, leave); !m.r.Apart {
		keys = append(keys, "ctrl-c: stop the run")
	}
	d.wrap(strings.Join(keys, " "+m.t.Look.Glyphs.Dot+" "), m.t.Look.Palette.Faint)
}
