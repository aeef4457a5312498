package postgres_test

import (
	"math"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// An extension that is not in the search path is found in its schema.
func TestSlowQueriesInAnotherSchema(t *testing.T) {
	u, _ := labURL(t)
	r, err := connect(t, with(u, "search_path", "pg_catalog"), nil).run("postgres_slow_queries", nil, provider.Read)
	if err != nil || r.Value.GetAttr("queries").LengthInt() == 0 {
		t.Fatalf("result is %#v, %v", r, err)
	}
}

// Before version 1.8 of the extension its columns were named otherwise.
func TestSlowQueriesOfOlderVersions(t *testing.T) {
	u := ownDatabase(t)
	admin, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal("connect to the test's database")
	}
	defer func() { _ = admin.Close(t.Context()) }() // the database is dropped anyway
	for _, statement := range []string{
		"CREATE EXTENSION pg_stat_statements VERSION '1.7'", "SELECT pg_sleep(0.05)",
		"BEGIN", "CREATE ROLE runbook_test_slow PASSWORD 'hunter22'", "ROLLBACK",
	} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	s := connect(t, block(u.String()), nil)
	r, err := s.run("postgres_slow_queries", pt.Values{"limit": cty.NumberIntVal(10_000)}, provider.Read)
	if err != nil {
		t.Fatal(err)
	}
	all := text(t, r.Value.GetAttr("queries"))
	if !strings.Contains(all, "CREATE ROLE runbook_test_slow PASSWORD '(sensitive)'") || strings.Contains(all, "hunter22") {
		t.Error("the password is not blanked")
	}
	r, err = s.run("postgres_slow_queries", pt.Values{"min_mean_ms": cty.NumberIntVal(40), "limit": cty.NumberIntVal(10_000)}, provider.Read)
	if err != nil {
		t.Fatal(err)
	}
	least := math.Inf(1)
	for _, q := range r.Value.GetAttr("queries").AsValueSlice() {
		mean, _ := q.GetAttr("mean_ms").AsBigFloat().Float64()
		least = min(least, mean)
	}
	if least < 40 || math.IsInf(least, 1) || !strings.HasPrefix(r.Summary, "slowest mean ") {
		t.Errorf("of the queries of 40 ms and more one takes %v ms, summary %q", least, r.Summary)
	}
}
