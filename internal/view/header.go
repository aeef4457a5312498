package view

import (
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// effects in the order of harm.
var effects = []string{"read", "write", "destructive"}

// Header says what runs, where, by whom and against which systems, each in full, with an empty line at the end.
func Header(h *run.Header, c Config) []string {
	h = c.blanked(&run.Event{Header: h}).Header
	title := c.Palette.Strong(c.clean(h.Runbook))
	if h.Title != "" {
		title += " " + c.Glyphs.Dot + " " + c.clean(h.Title)
	}
	rows := [][2]string{{"file", h.File}, {"environment", h.Environment}, {"lock", h.Lock}, {"run by", h.User}}
	for _, t := range h.Targets {
		rows = append(rows, [2]string{t.Provider, t.Target})
	}
	width := len("environment")
	for _, row := range rows {
		width = max(width, term.Width(row[0]))
	}
	lines := []string{title}
	for _, row := range append(rows, [2]string{"steps", stepCounts(h)}) {
		if row[1] != "" {
			lines = append(lines, "  "+c.Palette.Faint(term.Pad(c.clean(row[0]), width))+"  "+c.clean(row[1]))
		}
	}
	return append(lines, "")
}

// stepCounts is "12: 10 read, 1 write, 1 check".
func stepCounts(h *run.Header) string {
	var parts []string
	checks := h.Steps
	for _, effect := range effects {
		if n := h.Effects[effect]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, effect))
			checks -= n
		}
	}
	switch {
	case checks == 1:
		parts = append(parts, "1 check")
	case checks > 1:
		parts = append(parts, fmt.Sprintf("%d checks", checks))
	}
	text := fmt.Sprint(h.Steps)
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	if h.ReadOnly {
		text += " (read-only)"
	}
	return text
}
