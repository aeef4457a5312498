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
