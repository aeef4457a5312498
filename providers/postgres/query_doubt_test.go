package postgres_test

import (
	"testing"

	"github.com/e82355ed/runbook/engine/provider"
)

// A refusal by the server leaves a query that may write in doubt only where something may have been done before it.
func TestRefusedQueryIsNoDoubt(t *testing.T) {
	u, _ := labURL(t)
	s := connect(t, block(u.String()), nil)
	for statement, nothing := range map[string]bool{
		"SELECT nextval('users_id_seq')":                                       true,
		"SELECT pg_catalog.setval('users_id_seq', 1)":                          true,
		"SELECT nextval('users_id_seq') FROM nowhere":                          true,
		"SELECT pg_advisory_lock(7), nextval('users_id_seq')":                  false,
		"SELECT pg_terminate_backend(0), nextval('users_id_seq') FROM nowhere": true,
	} {
		_, err := s.run("postgres_query", sql(statement), provider.Write)
		if err == nil {
			t.Errorf("%s: it was not refused", statement)
		} else if got := provider.NothingDone(err); got != nothing {
			t.Errorf("%s: nothing done is %v, want %v: %v", statement, got, nothing, err)
		}
	}
}
