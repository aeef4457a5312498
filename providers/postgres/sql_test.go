package postgres

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

func TestCheckQuery(t *testing.T) {
	for statement, want := range map[string]string{
		"SELECT 1":                               "",
		"select 1;":                              "",
		"-- c\n/* a /* b */ c */ (SELECT 1)":     "",
		"WITH x AS (SELECT ';') SELECT * FROM x": "",
		"SELECT $a$ ; $a$, E'\\';', \";\"":       "",
		"TABLE users":                            "",
		"VALUES (1), (2)":                        "",
		"SHOW server_version":                    "",
		"EXPLAIN SELECT 1":                       "",
		" ; ":                                    "no statement",
		"SELECT 1; SELECT 2":                     "2 statements",
		"DROP TABLE x":                           "starts with DROP",
		"'x'":                                    "starts with \"x\"",
	} {
		t.Run(statement, func(t *testing.T) {
			err := New().Check(provider.Host{}, "postgres_query")(statement)
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v, expected %q", err, want)
			}
		})
	}
}

func TestClassify(t *testing.T) {
	for statement, want := range map[string]provider.Effect{
		"INSERT INTO t VALUES (1)":   provider.Write,
		"UPDATE t SET a = 1":         provider.Destructive,
		"VACUUM ANALYZE":             provider.Write,
		"DELETE FROM t WHERE id = 1": provider.Write,
		"WITH d AS (DELETE FROM t WHERE id = 1 RETURNING 1) SELECT 1": provider.Write,
		"INSERT INTO t VALUES ('DROP TABLE t; DELETE FROM t')":        provider.Write,
		"SELECT 1 -- DROP TABLE t":                                    provider.Write,
		`UPDATE t SET "drop" = 1 WHERE b`:                             provider.Write,
		"DROP TABLE t":                                                provider.Destructive,
		"drop index concurrently i":                                   provider.Destructive,
		"/* x */ TRUNCATE t":                                          provider.Destructive,
		"ALTER TABLE t DROP COLUMN a":                                 provider.Destructive,
		"DELETE FROM t":                                               provider.Destructive,
		"DELETE FROM t USING (SELECT 1 WHERE true) x":                 provider.Destructive,
		"WITH d AS (DELETE FROM t RETURNING 1) SELECT 1 WHERE true":   provider.Destructive,
		"INSERT INTO t VALUES (1); DROP TABLE t":                      provider.Destructive,
		"DO $$ BEGIN IF true THEN TRUNCATE t; END IF; END $$":         provider.Destructive,
		"DO $$ BEGIN EXECUTE 'DROP TABLE t'; END $$":                  provider.Destructive,
		"DO $$ BEGIN UPDATE t SET a = 1 WHERE b; END $$":              provider.Write,
		"SELECT pg_drop_replication_slot('s')":                        provider.Destructive,
		`SELECT pg_catalog."pg_drop_replication_slot"(slot_name) FROM pg_replication_slots WHERE NOT active`: provider.Destructive,
		"DO $$ BEGIN PERFORM lo_unlink(1); END $$":                                                           provider.Destructive,
		"SELECT lo_unlink(1)":                                                              provider.Destructive,
		"SELECT pg_file_unlink('x')":                                                       provider.Destructive,
		"SELECT pg_replication_origin_drop('o')":                                           provider.Destructive,
		"INSERT INTO t (lo_unlink) VALUES (1)":                                             provider.Write,
		"SELECT pg_create_physical_replication_slot('s')":                                  provider.Write,
		"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE":                       provider.Destructive,
		"MERGE INTO t USING u ON t.a = u.a WHEN NOT MATCHED BY SOURCE AND u.b THEN DELETE": provider.Destructive,
		"MERGE INTO t USING u ON t.a = u.a WHEN NOT MATCHED THEN INSERT VALUES (u.a)":      provider.Write,
		"CREATE FUNCTION f() RETURNS void AS 'DELETE FROM t' LANGUAGE sql":                 provider.Destructive,
	} {
		t.Run(statement, func(t *testing.T) {
			spec := New().Action("postgres_exec").Spec()
			args := spec.Args().Null().AsValueMap()
			args["sql"] = cty.StringVal(statement)
			if got := spec.Classify(cty.ObjectVal(args)); got != want {
				t.Errorf("it is %s, expected %s", got, want)
			}
			args["sql"], args["statements"] = cty.NullVal(cty.String), cty.ListVal([]cty.Value{cty.StringVal("SELECT 1"), cty.StringVal(statement)})
			if got := spec.Classify(cty.ObjectVal(args)); got != want {
				t.Errorf("in a list it is %s, expected %s", got, want)
			}
		})
	}
	spec := New().Action("postgres_exec").Spec()
	args := spec.Args().Null().AsValueMap()
	args["sql"] = cty.UnknownVal(cty.String)
	if got := spec.Classify(cty.ObjectVal(args)); got != provider.Destructive {
		t.Errorf("an unknown statement is %s", got)
	}
	if !spec.Supported || !spec.NeedsTimeout {
		t.Errorf("spec is %+v", spec)
	}
}

// TestClassifyInPart: behind a text that is not known may stand any statement, and before it one that drops whatever comes.
func TestClassifyInPart(t *testing.T) {
	text := cty.StringVal
	begins := func(sql string) cty.Value {
		return cty.UnknownVal(cty.String).Refine().StringPrefixFull(sql).NewValue()
	}
	const write, destructive = provider.Write, provider.Destructive
	for name, c := range map[string]struct {
		argument string
		value    cty.Value
		want     [2]provider.Effect // at least, and at worst
	}{
		"insert":              {"sql", begins("INSERT INTO t VALUES ('"), [2]provider.Effect{write, destructive}},
		"drop":                {"sql", begins("\n  drop TABLE "), [2]provider.Effect{destructive, destructive}},
		"truncate":            {"sql", begins("TRUNCATE "), [2]provider.Effect{destructive, destructive}},
		"a word that goes on": {"sql", begins("DROP"), [2]provider.Effect{write, destructive}},
		"delete":              {"sql", begins("DELETE FROM t "), [2]provider.Effect{write, destructive}},
		"second":              {"sql", begins("DROP_IT; DROP TABLE "), [2]provider.Effect{write, destructive}},
		"nothing of it":       {"sql", cty.UnknownVal(cty.String), [2]provider.Effect{write, destructive}},
		"one of a list":       {"statements", cty.ListVal([]cty.Value{begins("INSERT INTO t "), text("SELECT 1")}), [2]provider.Effect{write, destructive}},
		"a later one is sure": {"statements", cty.ListVal([]cty.Value{begins("INSERT INTO t "), text("DROP TABLE t")}), [2]provider.Effect{destructive, destructive}},
		"a later one begins":  {"statements", cty.ListVal([]cty.Value{text("SELECT 1"), begins("DROP TABLE ")}), [2]provider.Effect{destructive, destructive}},
		"a whole list":        {"statements", cty.UnknownVal(cty.List(cty.String)), [2]provider.Effect{write, destructive}},
	} {
		t.Run(name, func(t *testing.T) {
			spec := New().Action("postgres_exec").Spec()
			args := spec.Args().Null().AsValueMap()
			args[c.argument] = c.value
			if got := [2]provider.Effect{spec.AtLeast(cty.ObjectVal(args)), spec.Classify(cty.ObjectVal(args))}; got != c.want {
				t.Errorf("it is %v, expected %v", got, c.want)
			}
		})
	}
}

func FuzzScan(f *testing.F) {
	for _, seed := range []string{"SELECT 'a''b', E'\\'', $x$ y $x$ -- c\n/* d */ \"e\";", "$", "/*", "'", "E'\\", "$a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		for _, token := range scan(sql) {
			if token.at < 0 || token.at >= len(sql) {
				t.Fatalf("a token at %d of %d", token.at, len(sql))
			}
		}
		classifyExec(sql)
	})
}
