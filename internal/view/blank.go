package view

import (
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// entry is the event of an entry, with no secret in what it tells.
func (c *Config) entry(e journal.Entry) *run.Event {
	if c.Redact == nil || len(e.JSON) > 0 && c.Redact(string(e.JSON)) == string(e.JSON) {
		return e.Event
	}
	return c.blanked(e.Event)
}

// blanked is a copy of an event that goes field by field: only the event knows which of them hold what came from outside, and which the
// program's own words, a name of the file or a command's run. In the text that is made of them nobody can tell them apart any more.
func (c *Config) blanked(e *run.Event) *run.Event {
	if c.Redact == nil {
		return e
	}
	return e.Blanked(func(text []byte) []byte { return []byte(c.Redact(string(text))) })
}

// question is one with no secret in it; nil stays nil.
func (c *Config) question(q *run.Question) *run.Question {
	if q == nil {
		return nil
	}
	return c.blanked(&run.Event{Question: q}).Question
}
