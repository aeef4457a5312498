package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/providers/postgres"
)

func TestSyntaxOfConstants(t *testing.T) {
	p := postgres.New()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const prefix = "PostgreSQL 17 does not understand it: syntax error at "
	for name, c := range map[string]struct {
		check, sql string
		want       *provider.PositionError
	}{
		"a query":        {"postgres_query", "SELECT é FROM t WHERE $1 = ANY (a)", nil},
		"after a letter": {"postgres_query", "SELECT 'é' FROM t WHERE WHERE a", &provider.PositionError{Offset: 25, Length: 5, Message: prefix + `or near "WHERE"`}},
		"a sign":         {"postgres_query", "SELECT (1))", &provider.PositionError{Offset: 10, Length: 1, Message: prefix + `or near ")"`}},
		"the end":        {"postgres_query", "SELECT (1", &provider.PositionError{Offset: 9, Message: prefix + "end of input"}},
		"a change":       {"postgres_change", "DELETE FROM t", nil},
		"a later server": {"postgres_change", "FROBNICATE t", &provider.PositionError{Length: 10, Message: prefix + `or near "FROBNICATE"`, Doubtful: true}},
	} {
		t.Run(name, func(t *testing.T) {
			err := p.Check(host(nil), c.check)(c.sql)
			var at *provider.PositionError
			if err != nil && !errors.As(err, &at) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, at); diff != "" {
				t.Error(diff)
			}
			for where, h := range map[string]provider.Host{"nowhere": {}, "in a file": {HomeDir: file}} {
				if err := postgres.New().Check(h, c.check)(c.sql); err != nil {
					t.Errorf("to be kept %s the parser was compiled: %v", where, err)
				}
			}
		})
	}
}

// What can never run is found before anything else has.
func TestConstantsThatCannotRun(t *testing.T) {
	check := postgres.New().Check(host(nil), "postgres_change")
	for sql, want := range map[string]string{
		"UPDATE t SET a = 1 WHERE b; DELETE FROM t WHERE a": "these are 2 statements; list each by itself in statements",
		"-- nothing":          "there is no statement in it",
		" ; ":                 "there is no statement in it",
		"COMMIT":              "transactions are begun and ended by the action; leave this out, and see its argument transaction",
		"rollback":            "transactions are begun and ended by the action; leave this out, and see its argument transaction",
		"SAVEPOINT a":         "transactions are begun and ended by the action; leave this out, and see its argument transaction",
		"COPY a.t FROM STDIN": "COPY FROM STDIN waits for rows that nobody sends; write INSERT INTO a.t VALUES …, or COPY a.t FROM a file of the server's",
		"COPY t (a, b) FROM STDIN WITH (FORMAT csv)": "COPY FROM STDIN waits for rows that nobody sends; write INSERT INTO t VALUES …, or COPY t FROM a file of the server's",
		"COPY t FROM '/srv/t.csv'":                   "",
		"COPY t TO STDOUT":                           "",
		"SELECT 'COMMIT'; -- one":                    "",
		"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END": "",
	} {
		got := ""
		if err := check(sql); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, expected %q", sql, got, want)
		}
	}
}
