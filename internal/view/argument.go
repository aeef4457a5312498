package view

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/e82355ed/runbook/internal/term"
)

// mostOfArgument is how much of an argument is shown, in bytes. Who approves a write reads what it does: only what nobody reads on a
// terminal is left out, at the end, and that is said.
const mostOfArgument = 16 << 10

// Argument lays out an argument of a write, whole: a text of several lines as these, below its name. whole says where what is left out
// of a very long one can be seen.
func (c Config) Argument(name, value, whole string, width int) []string {
	name, value = c.clean(name), c.blank(value)
	text, several := severalLines(value)
	rest := ""
	if several {
		text = c.blank(text)
	}
	if len(text) > mostOfArgument {
		keep := mostOfArgument
		for keep > 0 && !utf8.RuneStart(text[keep]) {
			keep--
		}
		rest = fmt.Sprintf("%s %d more bytes are not shown here", c.Glyphs.Ellipsis, len(text)-keep)
		if whole != "" {
			rest += "; see them with: " + whole
		}
		text = text[:keep]
	}
	var lines []string
	if !several {
		lines = term.FoldLine(name+" = "+term.CleanLine(text), width)
	} else {
		lines = append(lines, name+" =")
		for line := range strings.SplitSeq(strings.TrimRight(term.Clean(text), "\n"), "\n") {
			lines = append(lines, term.FoldLine("  "+line, width)...)
		}
	}
	if rest != "" {
		lines = append(lines, rest)
	}
	return lines
}

// blank blanks secrets in a value, before it is cut into lines.
func (c Config) blank(value string) string {
	if c.Redact == nil {
		return value
	}
	return c.Redact(value)
}

// severalLines gives a value that is one text of several lines as that text. Values are JSON, or as the language writes them: both
// quote a text alike. An expression of several lines has them already.
func severalLines(value string) (string, bool) {
	if strings.HasPrefix(value, `"`) && strings.Contains(value, `\n`) {
		var text string
		if json.Unmarshal([]byte(value), &text) == nil && strings.Contains(strings.TrimRight(text, "\n"), "\n") {
			return text, true
		}
	}
	return value, strings.Contains(value, "\n")
}
