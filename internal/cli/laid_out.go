package cli

import (
	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

// whatIsShown lays out what a step does for whoever decides whether it does it: nothing is cut out of it.
type whatIsShown struct {
	view.Config
	// room is how many columns a line has; zero: no terminal, so that none is folded.
	room int
	// whole is the command that shows what is too long even here.
	whole string
}

// leastRoom is what is laid out for on a terminal that is narrower than anything can be laid out for.
const leastRoom = 20

// within gives the same with the room that is left behind an indentation and a bar.
func (c whatIsShown) within(indent string) whatIsShown {
	if c.Width > 0 {
		c.room = max(c.Width-len(indent)-3, leastRoom)
	}
	return c
}

// note lays out sentences, each from a line of its own.
func (c whatIsShown) note(notes ...string) []string {
	var lines []string
	for _, text := range notes {
		lines = append(lines, term.FoldLine(term.CleanLine(text), c.room)...)
	}
	return lines
}

func (c whatIsShown) arguments(all []engine.PlannedArgument) []string {
	var lines []string
	for _, a := range all {
		lines = append(lines, c.Argument(a.Name, a.Value, c.whole, c.room)...)
	}
	return lines
}

// people say who must approve a step, and what takes it back. What that is called with stands in the same line where it is short.
func (c whatIsShown) people(s engine.PlannedStep) []string {
	var lines []string
	if s.Approval != "" {
		lines = c.note("must be approved by " + s.Approval)
	}
	u := s.Undo
	if u == nil {
		return lines
	}
	text := "undone by " + u.Action
	if u.On == "end" {
		text = "undone at the end of the run by " + u.Action
	}
	if u.Target != "" && u.Target != s.Target {
		text += " on " + u.Target
	}
	with := c
	if c.room > 0 {
		with.room = max(c.room-2, leastRoom)
	}
	arguments := with.arguments(u.Arguments)
	if len(arguments) == len(u.Arguments) { // a line each
		short := text
		for i, line := range arguments {
			short += map[bool]string{true: " with ", false: ", "}[i == 0] + line
		}
		if len(arguments) == 0 || c.room == 0 || term.Width(short) <= c.room {
			return append(lines, c.note(short)...)
		}
	}
	lines = append(lines, c.note(text+" with")...)
	for _, line := range arguments {
		lines = append(lines, "  "+line)
	}
	return lines
}

// planned is the command that shows the whole plan of a file.
func planned(file string) string { return "runbook plan " + run.Quote(file) + " --json" }
