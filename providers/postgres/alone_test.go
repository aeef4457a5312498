package postgres_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/zclconf/go-cty/cty"

	pt "github.com/e82355ed/runbook/engine/provider/providertest"
	"github.com/e82355ed/runbook/providers/postgres"
)

const outside = " only outside a transaction; add transaction = false to the step"

var lonely = map[string]string{
	"VACUUM":                                                              "VACUUM",
	"/* now */ vacuum (analyze) t":                                        "VACUUM",
	"CREATE DATABASE shop":                                                "CREATE DATABASE",
	"DROP DATABASE IF EXISTS shop":                                        "DROP DATABASE",
	"ALTER SYSTEM SET work_mem = '1M'":                                    "ALTER SYSTEM",
	"CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)":                         "CREATE UNIQUE INDEX … CONCURRENTLY",
	"REINDEX TABLE CONCURRENTLY t":                                        "REINDEX … CONCURRENTLY",
	"REINDEX (VERBOSE) DATABASE shop":                                     "REINDEX DATABASE",
	"ALTER TABLE t DETACH PARTITION p CONCURRENTLY":                       "ALTER TABLE … CONCURRENTLY",
	"ALTER DATABASE shop SET TABLESPACE fast":                             "ALTER DATABASE … SET TABLESPACE",
	"CLUSTER VERBOSE":                                                     "CLUSTER of all tables",
	"DISCARD ALL":                                                         "DISCARD ALL",
	"DROP TABLESPACE fast":                                                "DROP TABLESPACE",
	"CREATE TABLESPACE fast LOCATION '/fast'":                             "CREATE TABLESPACE",
	"REINDEX SCHEMA public":                                               "REINDEX SCHEMA",
	"REINDEX SYSTEM shop":                                                 "REINDEX SYSTEM",
	"REINDEX INDEX CONCURRENTLY i":                                        "REINDEX … CONCURRENTLY",
	"DROP INDEX CONCURRENTLY i":                                           "DROP INDEX … CONCURRENTLY",
	"CLUSTER":                                                             "CLUSTER of all tables",
	"ALTER DATABASE shop WITH TABLESPACE fast":                            "ALTER DATABASE … WITH TABLESPACE",
	"CREATE SUBSCRIPTION s CONNECTION 'host=a' PUBLICATION p":             "CREATE SUBSCRIPTION",
	"ALTER SUBSCRIPTION idle SET PUBLICATION p":                           "ALTER SUBSCRIPTION … SET PUBLICATION",
	"ALTER SUBSCRIPTION idle ADD PUBLICATION r":                           "ALTER SUBSCRIPTION … ADD PUBLICATION",
	"ALTER SUBSCRIPTION idle DROP PUBLICATION q WITH (copy_data = false)": "ALTER SUBSCRIPTION … DROP PUBLICATION",
	"ALTER SUBSCRIPTION idle REFRESH PUBLICATION":                         "ALTER SUBSCRIPTION … REFRESH PUBLICATION",
}

var social = []string{
	"ANALYZE t", "CREATE INDEX i ON t (a)", "REINDEX TABLE p", "ALTER DATABASE tablespace SET work_mem = '1MB'", "CLUSTER t USING i",
	"CREATE TABLE vacuum (a int)", `ALTER TABLE t RENAME TO "concurrently"`, "DISCARD TEMP", "SELECT 'VACUUM'",
	"CREATE SUBSCRIPTION s CONNECTION 'host=a' PUBLICATION p WITH (connect = false)",
	"ALTER SUBSCRIPTION idle SET PUBLICATION p WITH (refresh = false)", "ALTER SUBSCRIPTION idle DISABLE", "ALTER SUBSCRIPTION idle SET (slot_name = 'q')",
}

// TestServerHasThemAlone: the server says of the same statements that no transaction may hold them, and of no others.
func TestServerHasThemAlone(t *testing.T) {
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, ownDatabase(t).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(ctx)) })
	if _, err := conn.Exec(ctx, "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT"); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"CREATE SUBSCRIPTION idle CONNECTION 'host=/nowhere dbname=none' PUBLICATION p, q WITH (connect = false)", "ALTER SUBSCRIPTION idle ENABLE",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { // its database can't be dropped before
		for _, sql := range []string{"ALTER SUBSCRIPTION idle DISABLE", "ALTER SUBSCRIPTION idle SET (slot_name = NONE)", "DROP SUBSCRIPTION idle"} {
			if _, err := conn.Exec(context.WithoutCancel(ctx), sql); err != nil {
				t.Error(err)
			}
		}
	})
	refuses := func(sql string) bool {
		tx, err := conn.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		_, err = tx.Exec(ctx, sql)
		if err := tx.Rollback(ctx); err != nil {
			t.Fatal(err)
		}
		var told *pgconn.PgError
		return errors.As(err, &told) && told.Code == "25001" // active_sql_transaction
	}
	for _, sql := range slices.Concat(slices.Sorted(maps.Keys(lonely)), social) {
		if _, want := lonely[sql]; refuses(sql) != want {
			t.Errorf("%s: the server refuses it within a transaction: %t", sql, !want)
		}
	}
}

// TestStatementsThatStandAlone: the server would refuse them within a transaction, which is the action's default.
func TestStatementsThatStandAlone(t *testing.T) {
	spec := postgres.New().Action("postgres_exec").Spec()
	misfits := func(more pt.Values) map[string]string {
		return spec.Misfits(object(t, spec.Args(), more))
	}
	for sql, name := range lonely {
		if got, want := misfits(pt.Values{"sql": cty.StringVal(sql)})["sql"], "PostgreSQL runs "+name+outside; got != want {
			t.Errorf("%s: got %q, expected %q", sql, got, want)
		}
		if got := misfits(pt.Values{"sql": cty.StringVal(sql), "transaction": cty.False}); len(got) != 0 {
			t.Errorf("%s outside a transaction: %v", sql, got)
		}
	}
	for _, sql := range social {
		if got := misfits(pt.Values{"sql": cty.StringVal(sql)}); len(got) != 0 {
			t.Errorf("%s: %v", sql, got)
		}
	}
	list := pt.Values{"statements": cty.ListVal([]cty.Value{cty.StringVal("UPDATE t SET a = 1"), cty.StringVal("VACUUM t")})}
	if got, want := misfits(list)["statements"], "PostgreSQL runs VACUUM, statement 2 of them, only outside a transaction; give it a step of its own, with transaction = false"; got != want {
		t.Errorf("in a list: got %q, expected %q", got, want)
	}
	list = pt.Values{"statements": cty.ListVal([]cty.Value{cty.StringVal("UPDATE t SET a = $1")}), "args": cty.TupleVal([]cty.Value{cty.NumberIntVal(1)})}
	if got, want := misfits(list)["args"], "statements take no args, which are the values of sql; give each statement that needs them a step of its own, with sql"; got != want {
		t.Errorf("with args: got %q, expected %q", got, want)
	}
	for _, unknown := range []pt.Values{{"sql": cty.UnknownVal(cty.String)}, {"sql": cty.StringVal("VACUUM"), "transaction": cty.UnknownVal(cty.Bool)}} {
		if got := misfits(unknown); len(got) != 0 {
			t.Errorf("of what is not known: %v", got)
		}
	}
}
