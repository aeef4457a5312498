package form

import (
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/e82355ed/runbook/internal/term"
)

// editor is one line of text that is being written.
type editor struct {
	text []rune
	at   int // the cursor stands before text[at]
	// hidden says that nobody may see the text, nor how long it is.
	hidden bool
}

// typed stands for a text that nobody may see.
const typed = "(typed)"

// longest is how much text a field takes.
const longest = 4000

func (e *editor) String() string { return string(e.text) }

func (e *editor) insert(text string) {
	var add []rune
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			add = append(add, ' ')
		case unicode.IsPrint(r):
			add = append(add, r)
		}
	}
	if len(e.text)+len(add) > longest {
		return
	}
	e.text = append(e.text[:e.at:e.at], append(add, e.text[e.at:]...)...)
	e.at += len(add)
}

func (e *editor) clear() { e.text, e.at = nil, 0 }

func (e *editor) remove(from, to int) {
	e.text = append(e.text[:from:from], e.text[to:]...)
	e.at = from
}

// wordStart is where the word before the cursor begins.
func (e *editor) wordStart() int {
	i := e.at
	for i > 0 && e.text[i-1] == ' ' {
		i--
	}
	for i > 0 && e.text[i-1] != ' ' {
		i--
	}
	return i
}

// key takes a key; one that means nothing to it does nothing.
func (e *editor) key(k tea.KeyPressMsg) {
	switch k.String() {
	case "left", "ctrl+b":
		e.at = max(e.at-1, 0)
	case "right", "ctrl+f":
		e.at = min(e.at+1, len(e.text))
	case "home", "ctrl+a":
		e.at = 0
	case "end", "ctrl+e":
		e.at = len(e.text)
	case "backspace", "ctrl+h":
		if e.at > 0 {
			e.remove(e.at-1, e.at)
		}
	case "delete":
		if e.at < len(e.text) {
			e.remove(e.at, e.at+1)
		}
	case "ctrl+w", "alt+backspace":
		e.remove(e.wordStart(), e.at)
	case "ctrl+u":
		e.remove(0, e.at)
	case "ctrl+k":
		e.remove(e.at, len(e.text))
	default:
		e.insert(k.Text)
	}
}

// show gives the part of the text around the cursor that fits into width columns, and the cursor's column in it.
func (e *editor) show(width int) (text string, column int) {
	if e.hidden && len(e.text) > 0 {
		return term.Cut(typed, max(width, 1), ""), min(len(typed), max(width, 1))
	}
	from := 0
	for term.Width(string(e.text[from:e.at])) > max(width-1, 0) {
		from++
	}
	shown := term.Cut(string(e.text[from:]), max(width, 1), "")
	return strings.TrimRight(shown, "\n"), term.Width(string(e.text[from:e.at]))
}
