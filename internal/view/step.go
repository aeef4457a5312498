package view

import (
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// sign is an outcome's glyph in its colour.
func (c *Config) sign(o run.Outcome) string {
	signs := map[run.Outcome]string{
		run.Pass: c.Palette.Good(c.Glyphs.Pass), run.Warn: c.Palette.Warn(c.Glyphs.Warn),
		run.Fail: c.Palette.Bad(c.Glyphs.Fail), run.Error: c.Palette.Bad(c.Glyphs.Fail),
		run.Skipped: c.Palette.Faint(c.Glyphs.Skipped), run.Blocked: c.Palette.Faint(c.Glyphs.Blocked),
		run.Cancelled: c.Palette.Warn(c.Glyphs.Cancelled),
	}
	if sign, ok := signs[o]; ok {
		return sign
	}
	return "?"
}

// quiet are the outcomes of steps that did not run, with the word for them.
var quiet = map[run.Outcome]string{run.Skipped: "skipped", run.Blocked: "blocked", run.Cancelled: "cancelled"}

// minFact is the least room for the fact beside the name; with less it goes below.
const minFact = 16

// step writes a step's line and, below it, what a person needs to know about it.
func (t *Text) step(e *run.Event) {
	checks := t.checks[e.Step]
	raw := fact(e, checks)
	head, rest, _ := strings.Cut(t.cleanLines(raw), "\n")
	if word, ok := quiet[e.Outcome]; ok && head != "" {
		head = word + ": " + head
	} else if ok {
		head = word
	}
	if e.Attempts > 1 {
		head = strings.TrimSpace(fmt.Sprintf("%s (%d attempts)", head, e.Attempts))
	}
	if e.Tolerated != "" {
		head = strings.TrimSpace(fmt.Sprintf("%s (%s, tolerated)", head, e.Tolerated))
	}
	shown := t.stepLine(e, head)
	if shown == "" && e.Outcome == run.Pass && head != "" {
		t.bar(head) // of a step that passed, nothing else tells it
	}
	if shown == head && rest == "" {
		head = ""
	}
	t.below(e, checks, raw, joinLines(head, rest))
}

func joinLines(head, rest string) string {
	if rest == "" {
		return head
	}
	return head + "\n" + rest
}

// stepLine writes the line itself: sign, name, fact and duration in columns. It gives as much of the fact as it had room
// for.
func (t *Text) stepLine(e *run.Event, head string) string {
	name := term.Pad(t.name(e), t.names)
	var took string
	if _, ok := quiet[e.Outcome]; !ok && e.DurationMS != nil {
		took = Duration(milliseconds(*e.DurationMS))
	}
	room := t.width() - term.Width(name) - 4 - durationWidth - term.Width(t.stampText())
	prefix := " " + t.sign(e.Outcome) + " "
	if t.Width > 0 && room < minFact {
		line := prefix + name
		if took != "" {
			line += " " + t.Palette.Faint(took)
		}
		t.line(line)
		return ""
	}
	shown := head
	if t.Width > 0 {
		shown = term.Cut(head, room, t.Glyphs.Ellipsis)
	}
	cell := term.Pad(shown, max(room, 0))
	if _, ok := quiet[e.Outcome]; ok {
		name, cell = t.Palette.Faint(name), t.Palette.Faint(shown)
	}
	if took != "" {
		cell += strings.Repeat(" ", max(durationWidth-term.Width(took), 1)) + t.Palette.Faint(took)
	}
	t.line(prefix + name + " " + strings.TrimRight(cell, " "))
	return shown
}

func (t *Text) stampText() string {
	if t.stamp == "" {
		return ""
	}
	return "15:04:05 "
}

// bar writes lines below a step, wrapped to the terminal.
func (t *Text) bar(text string) { t.barWith(text, func(s string) string { return s }) }

func (t *Text) barWith(text string, paint func(string) string) {
	lines := strings.Split(text, "\n")
	if t.Width > 0 {
		lines = term.Wrap(text, max(t.Width-6-len(t.stampText()), 20))
	}
	for _, line := range lines {
		t.line("   " + t.Palette.Faint(t.Glyphs.Bar) + " " + paint(line))
	}
}
