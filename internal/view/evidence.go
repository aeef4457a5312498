package view

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// Fact is the one thing that matters of a step, or an undo, that ended, as its line has it, perhaps of several lines.
func Fact(e *run.Event, checks []run.Event) string { return term.Clean(fact(e, checks)) }

// Evidence are the lines that stand below the line of a step, or an undo, that ended, without what sets them apart there: the
// checks that did not hold with what they saw, warnings, what to do, and what its author has it show.
func Evidence(e *run.Event, checks []run.Event, glyphs term.Glyphs) []string {
	t := NewText(io.Discard, Config{Glyphs: glyphs})
	raw := fact(e, checks)
	_, rest, _ := strings.Cut(t.cleanLines(raw), "\n")
	t.below(e, checks, raw, rest)
	var lines []string
	for line := range strings.Lines(t.buf.String()) {
		line = strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "   "+glyphs.Bar)
		lines = append(lines, strings.TrimPrefix(line, " "))
	}
	return lines
}

// Value lays a JSON value out in lines: text as it is, a list one element a line, rows as a table. Where there is nothing to show, there is
// no line.
func Value(raw json.RawMessage) []string {
	if nothing[string(raw)] {
		return nil
	}
	return new(Config).valueLines(raw)
}
