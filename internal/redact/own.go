package redact

import (
	_ "embed"
	"strings"
)

// vocabulary are the words in the program's texts, in lower case, a line each.
//
//go:embed vocabulary.txt
var vocabulary string

// ownWords are the words that stand in outputs because the program says them: its vocabulary, and the names that a runbook gives.
type ownWords struct {
	names map[string]struct{} // folded
}

// add adds names, and reports whether one is new.
func (w *ownWords) add(names []string) bool {
	if w.names == nil {
		w.names = map[string]struct{}{}
	}
	before := len(w.names)
	for _, name := range names {
		if name = folded(name); name != "" {
			w.names[name] = struct{}{}
		}
	}
	return len(w.names) > before
}

// mostDigits is the length up to which a number stands in any output: a year, a count, the time that something took.
const mostDigits = 4

// has reports whether a folded text is one of the words, or a part of one.
func (w *ownWords) has(text string) bool {
	if consists(text, '0', '9') {
		return len(text) <= mostDigits
	}
	if consists(text, 'a', 'z') && strings.Contains(vocabulary, text) {
		return true
	}
	for name := range w.names {
		if strings.Contains(name, text) {
			return true
		}
	}
	return false
}

// consists reports whether a text has only bytes from one to another.
func consists(text string, from, to byte) bool {
	for i := range len(text) {
		if text[i] < from || text[i] > to {
			return false
		}
	}
	return true
}
