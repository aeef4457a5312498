package view

import "testing"

// TestCommandsNameTheStore: what a person is to type finds the run in the history that it is in, and holds no password.
func TestCommandsNameTheStore(t *testing.T) {
	for store, want := range map[string]string{
		"":                                       "runbook runs",
		"my runs.db":                             `runbook runs --store 'my runs.db'`,
		"a:b@c.db":                               "runbook runs --store a:b@c.db",
		"pg://%zz@":                              "runbook runs --store pg://%zz@",
		"postgres://bob@db/runs?sslmode=disable": "runbook runs --store 'postgres://bob@db/runs?sslmode=disable'",
		"postgres://bob:hunter2@db:5432/runs":    "runbook runs --store postgres://bob@db:5432/runs",
		"postgres://db/runs?password=hunter2&user=bob":              "runbook runs --store 'postgres://db/runs?user=bob'",
		"postgres://bob:hunter2@db/runs?password=x&sslmode=disable": "runbook runs --store 'postgres://bob@db/runs?sslmode=disable'",
	} {
		if got := Command(store, "runs"); got != want {
			t.Errorf("%s: %s, want %s", store, got, want)
		}
	}
}
