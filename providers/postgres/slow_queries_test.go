package postgres_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// withPath is the URL with another search path.
func withPath(u *url.URL, path string) pt.Values {
	other := *u
	query := other.Query()
	query.Set("search_path", path)
	other.RawQuery = query.Encode()
	return block(other.String())
}

// An extension that is not in the search path is found in its schema.
func TestSlowQueriesInAnotherSchema(t *testing.T) {
	u, _ := labURL(t)
	r, err := connect(t, withPath(u, "pg_catalog"), nil).run("postgres_slow_queries", nil, provider.Read)
	if err != nil || r.Value.GetAttr("queries").LengthInt() == 0 {
		t.Fatalf("result is %#v, %v", r, err)
	}
}

// Before version 1.8 of the extension its columns were named otherwise. A view stands in for it.
func TestSlowQueriesOfOlderVersions(t *testing.T) {
	u, _ := labURL(t)
	admin, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal("connect to the lab's database")
	}
	const schema = "runbook_test_older_statistics"
	t.Cleanup(func() {
		if _, err := admin.Exec(context.Background(), "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			t.Error(err)
		}
		if err := admin.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	_, err = admin.Exec(t.Context(), "DROP SCHEMA IF EXISTS "+schema+` CASCADE; CREATE SCHEMA `+schema+`;
CREATE VIEW `+schema+`.pg_stat_statements AS SELECT * FROM (VALUES
	('SELECT 1', 3::int8, 1.5::float8, 4.5::float8, 3::int8), ('SELECT 2', 1, 20, 20, 1), ('SELECT 3', 1, 1, 1, 1),
	('ALTER ROLE a PASSWORD ''hunter22''', 1, 5, 5, 0)) v (query, calls, mean_time, total_time, rows)`)
	if err != nil {
		t.Fatal(err)
	}
	r, err := connect(t, withPath(u, schema), nil).run("postgres_slow_queries", pt.Values{"min_mean_ms": cty.NumberFloatVal(1.2)}, provider.Read)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"calls":1,"mean_ms":20,"query":"SELECT 2","rows":1,"total_ms":20},` +
		`{"calls":1,"mean_ms":5,"query":"ALTER ROLE a PASSWORD '(sensitive)'","rows":0,"total_ms":5},` +
		`{"calls":3,"mean_ms":1.5,"query":"SELECT 1","rows":3,"total_ms":4.5}]`
	if got := text(t, r.Value.GetAttr("queries")); got != want {
		t.Errorf("queries are %s", got)
	}
	if r.Summary != "slowest mean 20 ms" {
		t.Errorf("summary is %q", r.Summary)
	}
}
