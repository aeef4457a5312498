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
func dueLevels(q *run.Question, since time.Time, deadline *time.Time) []dueLevel {
	base := since
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
func Levels(q *run.Question, since time.Time, deadline *time.Time, told int, now time.Time, c Config) []string {
	var lines []string
	for _, l := range dueLevels(q, since, deadline) {
		if l.Number > told {
			lines = append(lines, c.level(l, now))
		}
	}
	return lines
}

// NextLevel says who is called next while nobody answers, or who was last to be; empty where there are no levels.
func NextLevel(q *run.Question, since time.Time, deadline *time.Time, now time.Time, c Config) string {
	text := ""
	for _, l := range dueLevels(q, since, deadline) {
		text = c.level(l, now)
		if l.at.After(now) {
			return "while nobody answers, " + text
		}
	}
	return text
}

// NobodyTold says that nobody could be told that a step waits, and who is to be called by hand: those whose levels fell due.
func NobodyTold(levels []run.Untold, c Config) string {
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
func (c Config) level(l dueLevel, now time.Time) string {
	when := "now"
	switch {
	case l.at.After(now):
		when = fmt.Sprintf("at %s, in %s", c.Clock(l.at, now), Duration(l.at.Sub(now)))
	case now.Sub(l.at) >= moments:
		when = "due since " + c.Clock(l.at, now)
	}
	line := fmt.Sprintf("level %d: %s, %s", l.Number, c.clean(l.Contact), when)
	if l.Notify != "" {
		line += ", by " + c.clean(l.Notify)
	}
	return line
}
