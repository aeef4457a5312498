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
	rows = append(rows, targets(h.Targets)...)
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

// targets are the systems, a row each. Places that look the same are one row that says how many they are.
func targets(all []run.Target) (rows [][2]string) {
	places := map[[2]string]int{}
	for _, t := range all {
		places[[2]string{t.Provider, t.Target}]++
	}
	for _, t := range all {
		row := [2]string{t.Provider, t.Target}
		n := places[row]
		delete(places, row)
		if n > 1 {
			row[1] += fmt.Sprintf(" (%d places, which differ in what is not shown)", n)
		}
		if n > 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

// stepCounts is "12: 9 read, 1 write, 1 that may destroy, 1 check".
func stepCounts(h *run.Header) string {
	var parts []string
	checks := h.Steps
	for _, effect := range effects {
		n := h.Effects[effect]
		checks -= n
		if effect == "destructive" {
			n -= h.MayDestroy
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, effect))
		}
	}
	if h.MayDestroy > 0 {
		parts = append(parts, fmt.Sprintf("%d that may destroy", h.MayDestroy))
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
