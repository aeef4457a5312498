package view

import (
	"net/url"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// Command is a command of the program for people to type: "resume 01JD3V7C", on the history that --store named, if it did. A password
// in its address is left out: who types the command has it in PGPASSWORD or ~/.pgpass.
func Command(store, text string) string {
	text = "runbook " + text
	if store != "" {
		text += " --store " + run.Quote(withoutPassword(store))
	}
	return text
}

// withoutPassword is a database's address with nothing secret in it; any other text as it is.
func withoutPassword(address string) string {
	if !strings.Contains(address, "://") {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	query := u.Query()
	if _, set := u.User.Password(); !set && !query.Has("password") {
		return address
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	query.Del("password")
	u.RawQuery = query.Encode()
	return u.String()
}

func (c *Config) command(text string) string { return Command(c.Store, term.CleanLine(text)) }
