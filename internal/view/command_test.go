package view

import "testing"

// TestCommandsNameTheStore: what a person is to type finds the run in the history that it is in.
func TestCommandsNameTheStore(t *testing.T) {
	for store, want := range map[string]string{
		"":           "runbook resume 01JD",
		"runs.db":    "runbook resume 01JD --store runs.db",
		"my runs.db": "runbook resume 01JD --store 'my runs.db'",
	} {
		if got := Command(store, "resume 01JD"); got != want {
			t.Errorf("with %q: %s, expected %s", store, got, want)
		}
	}
}
