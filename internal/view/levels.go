package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/run"
)

// dueLevel is a level of an escalation and when it falls due.
type dueLevel struct {
	run.Level
	at time.Time
}

// dueLevels are those of a question. A level follows the one before it, whatever its own time says.
func (w Wait) dueLevels() []dueLevel {
	q, base, deadline := w.Question, w.Since, w.Deadline
	if q.OnTimeout == "escalate" && deadline != nil && !deadline.IsZero() {
		base = *deadline
	}
	out, after := make([]dueLevel, 0, len(q.Levels)), 0.0
	for _, l := range q.Levels {
		after = max(after, l.AfterMS)
		out = append(out, dueLevel{l, base.Add(milliseconds(after))})
	}
	return out
}

// Levels say who is called when, while nobody answers; those that were told already are left out.
func Levels(w Wait, now time.Time, c Config) []string {
	var lines []string
	w.Question = c.question(w.Question)
	for _, l := range w.dueLevels() {
		if l.Number > w.Told {
			lines = append(lines, w.level(l, now, c))
		}
	}
	return lines
}

// NextLevel says who is called next while nobody answers, or who was last to be; empty where there are no levels.
func NextLevel(w Wait, now time.Time, c Config) string {
	text := ""
	w.Question = c.question(w.Question)
	for _, l := range w.dueLevels() {
		switch {
		case w.Resting && l.Number <= w.Told:
			continue
		case w.Resting || l.at.After(now):
			return "while nobody answers, " + w.level(l, now, c)
		}
		text = w.level(l, now, c)
	}
	return text
}

// NobodyTold says that nobody could be told that a step waits, and who is to be called by hand: those whose levels fell due.
func NobodyTold(levels []run.Untold, c Config) string {
	levels = c.blanked(&run.Event{NobodyTold: levels}).NobodyTold
	text, names := "nobody was told", make([]string, len(levels))
	for i, l := range levels {
		names[i] = fmt.Sprintf("level %d, %s", l.Number, c.clean(l.Contact))
		if l.InDoubt {
			text = "nobody is known to have been told"
			names[i] += " (perhaps told)"
		}
	}
	return text + "; call by hand: " + strings.Join(names, "; ")
}

// moments is how long a level is due at once rather than since then.
const moments = time.Second

// level is a line about a level: whom it calls, when and how.
func (w Wait) level(l dueLevel, now time.Time, c Config) string {
	when := "now"
	switch {
	case l.at.After(now):
		when = fmt.Sprintf("at %s, in %s", c.Clock(l.at, now), Duration(l.at.Sub(now)))
	case now.Sub(l.at) >= moments:
		when = "due since " + c.Clock(l.at, now)
	}
	if w.Resting && l.at.After(now) {
		when = "due at " + c.Clock(l.at, now)
	}
	line := fmt.Sprintf("level %d: %s, %s", l.Number, c.clean(l.Contact), when)
	if l.Notify != "" {
		line += ", by " + c.clean(l.Notify)
	}
	if w.Resting {
		line += "; told once the run goes on, as no process runs it now"
	}
	return line
}
