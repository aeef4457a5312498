package form

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/e82355ed/runbook/engine/run"
)

// askForm shows the form until it is filled in or taken away.
func (t *Terminal) askForm(ctx context.Context, r Request) (*run.Answer, error) {
	m := newModel(t, r)
	program := tea.NewProgram(m, tea.WithInput(t.In), tea.WithOutput(t.Out), tea.WithEnvironment(t.Environ), tea.WithoutSignalHandler())
	stop := context.AfterFunc(ctx, func() { program.Send(goneMsg{ctx.Err()}) })
	defer stop()
	if _, err := program.Run(); err != nil {
		return nil, fmt.Errorf("the form on the terminal broke off: %w", err)
	}
	return m.answer, m.err
}

// goneMsg takes the form away; tickMsg has its time drawn anew; with glanceMsg it is looked whether the keyboard is still.
type (
	goneMsg   struct{ err error }
	tickMsg   struct{}
	glanceMsg struct{}
)

// field is what the keys go to.
type field uint8

const (
	fieldAnswer field = iota
	fieldNote
	fieldItemNote
)

// model is the form. Update and View are called from one goroutine.
type model struct {
	t             *Terminal
	r             Request
	q             *run.Question
	width, height int

	focus       field
	input, note editor
	// cursor is the item that keys act on, or the choice, or none; done are the checked items, itemNotes their notes.
	cursor    int
	done      map[int]bool
	itemNotes map[int]*editor
	// problem is what is wrong with what was written; sure says that a list that will fail was warned of.
	problem string
	sure    bool

	// still is nil once keys count.
	still *stillness

	ended  bool
	answer *run.Answer
	err    error
}

func newModel(t *Terminal, r Request) *model {
	m := &model{t: t, r: r, q: r.Question, done: map[int]bool{}, itemNotes: map[int]*editor{}, still: t.stillness(r)}
	m.width, m.height = t.Size()
	m.input.hidden = m.q.Sensitive
	if m.chooses() {
		m.cursor = preset(m.q)
	}
	return m
}

func tick() tea.Msg { return tickMsg{} }

// glances is when it is looked again.
func glances() tea.Cmd { return tea.Tick(glance, func(time.Time) tea.Msg { return glanceMsg{} }) }

// Init implements tea.Model.
func (m *model) Init() tea.Cmd { return tea.Batch(tick, glances()) }

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case goneMsg:
		return m.end(nil, msg.err)
	case tickMsg:
		if over := m.r.over(); !over.IsZero() && !m.t.Now().Before(over) {
			return m.end(nil, ErrOver)
		}
		return m, tea.Tick(time.Second, func(time.Time) tea.Msg { return tickMsg{} })
	case glanceMsg:
		if m.still == nil {
			return m, nil
		}
		if m.still.over() {
			m.still = nil
			return m, nil
		}
		return m, glances()
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.PasteMsg:
		if m.still != nil {
			m.still.press()
		} else if e := m.editor(); e != nil {
			e.insert(msg.Content)
			m.written()
		}
	case tea.KeyPressMsg:
		return m.key(msg)
	}
	return m, nil
}

func (m *model) end(answer *run.Answer, err error) (tea.Model, tea.Cmd) {
	if !m.ended {
		m.ended, m.answer, m.err = true, answer, err
	}
	return m, tea.Quit
}

// editor is what text goes to; nil while a list has the keys.
func (m *model) editor() *editor {
	switch {
	case m.focus == fieldNote:
		return &m.note
	case m.focus == fieldItemNote:
		return m.itemNotes[m.cursor]
	case m.q.Kind == run.AskChecklist:
		return nil
	}
	return &m.input
}

// written follows a change of what was written.
func (m *model) written() {
	m.problem = ""
	if m.chooses() && m.focus == fieldAnswer {
		m.match()
	}
}

func (m *model) key(k tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	switch k.String() {
	case "ctrl+c":
		return m.end(nil, ErrInterrupted)
	case "ctrl+d":
		return m.end(nil, ErrLeft) // whatever is in the field: it was not sent
	}
	switch {
	case m.r.Elsewhere != "":
		return m, nil
	case m.still != nil:
		m.still.press()
		return m, nil
	}
	switch k.String() {
	case "tab", "shift+tab":
		if m.focus == fieldAnswer {
			m.focus = fieldNote
		} else {
			m.focus = fieldAnswer
		}
		return m, nil
	case "enter":
		if m.focus == fieldItemNote {
			m.focus = fieldAnswer
			return m, nil
		}
		return m.submit()
	case "esc":
		m.focus = fieldAnswer
		return m, nil
	}
	m.problem = ""
	if m.chooses() && m.focus == fieldAnswer {
		m.choiceKey(k)
		return m, nil
	}
	if e := m.editor(); e != nil {
		e.key(k)
		return m, nil
	}
	m.sure = false
	m.listKey(k.String())
	return m, nil
}

// listKey moves through the items of a checklist, and checks them.
func (m *model) listKey(key string) {
	items := len(m.q.Items)
	if n, err := strconv.Atoi(key); err == nil && n >= 1 && n <= items {
		m.cursor = n - 1
		return
	}
	switch key {
	case "up", "k":
		m.cursor = max(m.cursor-1, 0)
	case "down", "j":
		m.cursor = min(m.cursor+1, max(items-1, 0))
	case "home", "g":
		m.cursor = 0
	case "end", "G":
		m.cursor = max(items-1, 0)
	}
	if items == 0 {
		return
	}
	switch key {
	case "space", "x":
		m.done[m.cursor] = !m.done[m.cursor]
	case "a":
		all := len(m.checked()) < items
		for i := range items {
			m.done[i] = all
		}
	case "n":
		if m.itemNotes[m.cursor] == nil {
			m.itemNotes[m.cursor] = &editor{}
		}
		m.focus = fieldItemNote
	}
}

// checked lists the items that are done, in their order.
func (m *model) checked() []string {
	items := []string{}
	for i, item := range m.q.Items {
		if m.done[i] {
			items = append(items, item)
		}
	}
	return items
}

// unmendable reports whether what was written is cleared once it was refused: of "yyes", nobody would type the end; what is hidden
// can't be mended, and what none of the choices begins with becomes none by going on.
func (m *model) unmendable() bool {
	switch {
	case m.q.Sensitive || m.r.InFull || m.q.Kind == run.AskApproval || m.q.Kind == run.AskConfirm:
		return true
	case m.chooses():
		return len(meant(m.q.Choices, strings.TrimSpace(m.input.String()))) == 0
	}
	return false
}

// submit ends the form when what was written answers the question.
func (m *model) submit() (tea.Model, tea.Cmd) {
	var value json.RawMessage
	var err error
	switch {
	case m.q.Kind == run.AskChecklist:
		items := m.checked()
		if open := len(m.q.Items) - len(items); m.q.AllRequired && open > 0 && !m.sure {
			m.sure = true
			m.problem = fmt.Sprintf("%d of %d are not done, and the step fails like that; enter once more finishes it", open, len(m.q.Items))
			return m, nil
		}
		value, err = json.Marshal(items)
	case m.chooses() && m.cursor == none:
		err = errors.New(undecided(m.q, m.input.String()))
	case m.chooses():
		value, err = m.q.Parse(m.q.Choices[m.cursor])
	default:
		value, err = m.r.parse(m.input.String())
	}
	if err != nil {
		m.problem, m.focus = err.Error(), fieldAnswer
		if m.unmendable() {
			m.input.clear()
		}
		return m, nil
	}
	notes := map[string]string{}
	for i, e := range m.itemNotes {
		if text := e.String(); text != "" {
			notes[m.q.Items[i]] = text
		}
	}
	return m.end(reply(value, m.note.String(), notes), nil)
}
