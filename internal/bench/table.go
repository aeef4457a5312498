package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// measured is one group of cases.
type measured struct {
	title   string
	results []*result
}

// columns are the table's; the targets follow after them.
var columns = []struct {
	title string
	cell  func(*result) string
}{
	{"wall", func(r *result) string { return seconds(r.median.wall) }},
	{"CPU", func(r *result) string { return seconds(r.median.cpu) }},
	{"memory", func(r *result) string { return megabytes(r.median.memory) }},
	{"CPU per step", func(r *result) string { return seconds(r.perStep) }},
}

const (
	metMark    = "✓ "
	missedMark = "✗ "
)

// rows lays the table out: a title row, and for each case one row, with further ones for further targets.
func rows(groups []measured) [][]string {
	var all []*result
	for _, g := range groups {
		all = append(all, g.results...)
	}
	var out [][]string
	for _, g := range groups {
		head := []string{g.title}
		for _, c := range columns {
			head = append(head, c.title)
		}
		out = append(out, append(head, "target"))
		for _, r := range g.results {
			row := []string{"  " + r.name}
			for _, c := range columns {
				row = append(row, c.cell(r))
			}
			out = append(out, withVerdicts(row, r, all)...)
		}
	}
	return out
}

// withVerdicts puts the first verdict at the end of the row and the others on rows of their own.
func withVerdicts(row []string, r *result, all []*result) [][]string {
	out := [][]string{row}
	for _, t := range r.targets {
		v, ok := t.judge(r, all)
		if !ok {
			continue
		}
		mark := missedMark
		if v.met {
			mark = metMark
		}
		if last := out[len(out)-1]; len(last) > len(columns)+1 {
			out = append(out, make([]string, len(columns)+1))
		}
		out[len(out)-1] = append(out[len(out)-1], mark+v.text)
	}
	return out
}

// writeTable aligns the rows: names and targets to the left, numbers to the right.
func writeTable(w io.Writer, groups []measured) error {
	lines := rows(groups)
	widths := make([]int, len(columns)+1)
	for _, line := range lines {
		for i := range widths {
			widths[i] = max(widths[i], utf8.RuneCountInString(line[i]))
		}
	}
	var b strings.Builder
	for i, line := range lines {
		if i > 0 && !strings.HasPrefix(line[0], " ") && line[0] != "" {
			b.WriteByte('\n')
		}
		b.WriteString(strings.TrimRight(aligned(line, widths), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func aligned(line []string, widths []int) string {
	var b strings.Builder
	for i, cell := range line {
		if i == len(widths) {
			return b.String() + "   " + cell
		}
		space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i == 0 {
			b.WriteString(cell + space)
		} else {
			b.WriteString("  " + space + cell)
		}
	}
	return b.String()
}

// jsonCase is a case as --json prints it, one object a line.
type jsonCase struct {
	Group       string        `json:"group"`
	Case        string        `json:"case"`
	Runs        int           `json:"runs"`
	WallMS      float64       `json:"wall_ms"`
	CPUMS       float64       `json:"cpu_ms"`
	MemoryBytes int64         `json:"memory_bytes"`
	PerStepMS   *float64      `json:"per_step_ms,omitempty"`
	Targets     []jsonVerdict `json:"targets,omitempty"`
}

type jsonVerdict struct {
	Text string `json:"text"`
	Met  bool   `json:"met"`
}

func writeJSON(w io.Writer, groups []measured) error {
	var all []*result
	for _, g := range groups {
		all = append(all, g.results...)
	}
	encoder := json.NewEncoder(w)
	for _, g := range groups {
		for _, r := range g.results {
			if err := encoder.Encode(asJSON(g.title, r, all)); err != nil {
				return fmt.Errorf("print the results: %w", err)
			}
		}
	}
	return nil
}

func asJSON(group string, r *result, all []*result) jsonCase {
	c := jsonCase{
		Group: group, Case: r.name, Runs: len(r.samples), MemoryBytes: r.median.memory,
		WallMS: round(r.median.wall.Seconds()*1000, 3), CPUMS: round(r.median.cpu.Seconds()*1000, 3),
	}
	if r.perStep > 0 {
		c.PerStepMS = new(round(r.perStep.Seconds()*1000, 6))
	}
	for _, t := range r.targets {
		if v, ok := t.judge(r, all); ok {
			c.Targets = append(c.Targets, jsonVerdict{v.text, v.met})
		}
	}
	return c
}
