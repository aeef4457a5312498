package form

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// none is the cursor where nothing is chosen: only a declared default is chosen beforehand.
const none = -1

// chooses reports a question that is answered by choosing from a list.
func (m *model) chooses() bool {
	return m.q.Kind == run.AskInput && len(m.q.Choices) > 0 && !m.r.InFull
}

// preset is the choice that stands before a key was pressed.
func preset(q *run.Question) int {
	if len(q.Default) == 0 {
		return none
	}
	return slices.IndexFunc(q.Choices, func(choice string) bool {
		value, err := q.Parse(choice)
		return err == nil && slices.Equal(value, q.Default)
	})
}

// choiceKey moves through the choices, or writes what one of them begins with.
func (m *model) choiceKey(k tea.KeyPressMsg) {
	last, key := len(m.q.Choices)-1, k.String()
	if text := strings.TrimSpace(m.input.String()); text != "" && m.cursor == none && (key == "up" || key == "down") {
		if found := meant(m.q.Choices, text); len(found) > 0 {
			m.cursor = found[0] // the first that was begun, not the first of all
			m.input.clear()
			return
		}
	}
	switch key {
	case "up":
		m.cursor = max(m.cursor-1, 0)
	case "down":
		m.cursor = min(m.cursor+1, last)
	default:
		m.input.key(k)
		m.match()
		return
	}
	m.input.clear()
}

// match chooses what was written, or what alone begins with it.
func (m *model) match() {
	text := strings.TrimSpace(m.input.String())
	if text == "" {
		m.cursor = preset(m.q)
		return
	}
	m.cursor = none
	if found := meant(m.q.Choices, text); len(found) == 1 {
		m.cursor = found[0]
	}
}

// meant are the choices that a text may mean: the one that it is, the one with its number, or those that begin with it.
func meant(choices []string, text string) []int {
	if i := slices.Index(choices, text); i >= 0 {
		return []int{i}
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(choices) {
		return []int{n - 1}
	}
	var found []int
	for i, choice := range choices {
		if strings.HasPrefix(strings.ToLower(choice), strings.ToLower(text)) {
			found = append(found, i)
		}
	}
	return found
}

// undecided says what is wrong where nothing is chosen by a text.
func undecided(q *run.Question, text string) string {
	text = strings.TrimSpace(text)
	shown := strconv.Quote(term.CleanLine(text))
	if q.Sensitive {
		shown = "what was typed"
	}
	switch found := meant(q.Choices, text); {
	case text == "":
		return "nothing is chosen yet: choose one of these"
	case len(found) == 0:
		return shown + " is none of these: choose one of them"
	default:
		return fmt.Sprintf("%s begins %d of these: write more of the one that you mean", shown, len(found))
	}
}
