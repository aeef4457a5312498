package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/internal/term"
)

// nothing are the values of show that there is nothing to show of.
var nothing = map[string]bool{"null": true, `""`: true, "[]": true, "{}": true}

// show writes a value below a step: text as its lines, a list one element a line, rows as a table.
func (t *Text) show(raw json.RawMessage) {
	if nothing[string(raw)] {
		return
	}
	for _, line := range t.valueLines(raw) {
		t.line("   " + t.Palette.Faint(t.Glyphs.Bar) + " " + t.fit(line, 5))
	}
}

// fit cuts a line that stands at a column to the terminal.
func (t *Text) fit(line string, column int) string {
	if t.Width <= 0 {
		return line
	}
	return term.Cut(line, max(t.Width-column-len(t.stampText()), minFact), t.Glyphs.Ellipsis)
}

// none stands for what has no elements.
const none = "(none)"

// valueLines lays a JSON value out for reading.
func (c *Config) valueLines(raw json.RawMessage) []string {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return strings.Split(c.cleanLines(string(raw)), "\n")
	}
	switch v := v.(type) {
	case string:
		return strings.Split(strings.TrimSuffix(c.cleanLines(v), "\n"), "\n")
	case []any:
		if table := c.table(v); table != nil {
			return table
		}
		var lines []string
		for _, item := range v {
			lines = append(lines, c.valueLine(item)...)
		}
		if lines == nil {
			return []string{none}
		}
		return lines
	case map[string]any:
		if len(v) == 0 {
			return []string{none}
		}
		return c.attributes(v)
	}
	return c.valueLine(v)
}

// valueLine writes one element: text as it is, anything else as JSON.
func (c *Config) valueLine(v any) []string {
	if text, ok := v.(string); ok {
		return strings.Split(strings.TrimSuffix(c.cleanLines(text), "\n"), "\n")
	}
	return []string{c.compact(v)}
}

// compact writes a value on one line.
func (c *Config) compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v) // what was decoded encodes
	}
	return c.clean(strings.TrimSuffix(b.String(), "\n"))
}

// cell is compact without the quotes of a string.
func (c *Config) cell(v any) string {
	if text, ok := v.(string); ok {
		return c.clean(text)
	}
	return c.compact(v)
}

func (c *Config) attributes(object map[string]any) []string {
	width := 0
	for name := range object {
		width = max(width, term.Width(c.clean(name)))
	}
	lines := []string{}
	for _, name := range sortedKeys(object) {
		lines = append(lines, term.Pad(c.clean(name), width)+"  "+c.cell(object[name]))
	}
	return lines
}

func sortedKeys(object map[string]any) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// table lays rows out in columns; nil where the elements are not objects with the same attributes.
func (c *Config) table(rows []any) []string {
	var names []string
	widths := map[string]int{}
	for _, row := range rows {
		object, ok := row.(map[string]any)
		if !ok || len(object) == 0 {
			return nil
		}
		keys := sortedKeys(object)
		if names == nil {
			names = keys
		} else if !slices.Equal(names, keys) {
			return nil
		}
		for name, v := range object {
			widths[name] = max(widths[name], term.Width(c.cell(v)), term.Width(c.clean(name)))
		}
	}
	if names == nil {
		return nil
	}
	var lines []string
	layout := func(text func(name string) string) {
		var cells []string
		for _, name := range names {
			cells = append(cells, term.Pad(text(name), widths[name]))
		}
		lines = append(lines, strings.TrimRight(strings.Join(cells, "  "), " "))
	}
	layout(c.clean)
	for _, row := range rows {
		layout(func(name string) string { return c.cell(row.(map[string]any)[name]) })
	}
	return lines
}
