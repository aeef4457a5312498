package view

import "github.com/e82355ed/runbook/engine/run"

// Command is a command of the program for people to type: "resume 01JD3V7C", on the history that --store named, if it did.
func Command(store, text string) string {
	text = "runbook " + text
	if store != "" {
		text += " --store " + run.Quote(store)
	}
	return text
}

func (c *Config) command(text string) string { return Command(c.Store, c.clean(text)) }
