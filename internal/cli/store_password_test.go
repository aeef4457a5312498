package cli

import "testing"

// TestPasswordOfTheStore: what is secret in the address of a history, right or mistyped, is blanked, and nothing else of it.
func TestPasswordOfTheStore(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://ann@127.0.0.1:5432/runs":            "postgres://ann@127.0.0.1:5432/runs",
		"postgres:/ann@127.0.0.1:5432/runs":             "postgres:/ann@127.0.0.1:5432/runs",
		"postgresql://ann:hunter2@db/runs":              "postgresql://ann:(sensitive)@db/runs",
		"postgres:ann:hunter2@db/runs":                  "postgres:ann:(sensitive)@db/runs",
		"postgres://ann:hunter2/%zz@db/runs":            "postgres://ann:(sensitive)@db/runs",
		"ann:hunter2@db/runs":                           "ann:(sensitive)@db/runs",
		"postgres://ann@db/runs?password=hunter2&x=1":   "postgres://ann@db/runs?password=(sensitive)&x=1",
		"host=db user=ann password='hunter2' dbname=db": "host=db user=ann password='(sensitive)' dbname=db",
	} {
		var p Program
		p.hideStorePassword(address)
		if got := p.redactor.String(address); got != want {
			t.Errorf("%s is shown as %s, want %s", address, got, want)
		}
	}
}
