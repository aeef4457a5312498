package sqlparse

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// parser is shared by the tests of this package, for loading one takes more than a second.
var parser = sync.OnceValue(func() *Parser { return &Parser{} })

func one(t testing.TB, sql string) Statement {
	t.Helper()
	list, err := parser().Parse(context.Background(), sql)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d statements, %v", len(list), err)
	}
	return list[0]
}

func TestReads(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT 1":                   "",
		"VALUES (1), (2)":            "",
		"TABLE users":                "",
		"SHOW ALL":                   "",
		"EXPLAIN SELECT 1":           "",
		"EXPLAIN (ANALYZE) SELECT 1": "",
		"EXPLAIN DELETE FROM users":  "",
		"EXPLAIN MERGE INTO a USING b ON a.i = b.i WHEN MATCHED THEN DELETE":                "",
		"EXPLAIN ANALYZE DELETE FROM users":                                                 "carries out",
		"EXPLAIN (ANALYZE false) DELETE FROM users":                                         "carries out",
		"EXPLAIN EXECUTE x":                                                                 "no EXPLAIN of",
		"EXPLAIN CREATE TABLE x AS SELECT 1":                                                "no EXPLAIN of",
		"SELECT 1 INTO x":                                                                   "INTO",
		"SELECT * INTO x FROM users":                                                        "INTO",
		"SELECT 1 UNION ALL (SELECT 1 FROM u FOR SHARE)":                                    "locks rows",
		"WITH d AS (DELETE FROM users RETURNING 1) SELECT * FROM d":                         "DELETE",
		"SELECT 1 WHERE EXISTS (WITH i AS (INSERT INTO a VALUES (1) RETURNING 1) SELECT 1)": "INSERT",
		"EXPLAIN ANALYZE WITH d AS (DELETE FROM users RETURNING 1) SELECT * FROM d":         "DELETE",
		"SELECT * FROM t TABLESAMPLE evil(1)":                                               "samples",
		"COPY users TO PROGRAM 'cat'":                                                       "none of",
		"SET TRANSACTION READ WRITE":                                                        "none of",
		"DO 'x'":                                                                            "none of",
		"CALL p()":                                                                          "none of",
		"NOTIFY x":                                                                          "none of",
		"WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a) SEARCH DEPTH FIRST BY n SET o SELECT * FROM a": "",
		`SELECT DISTINCT ON (x) (t.c).f, t.*, x::foo[], count(*) FILTER (WHERE y) OVER (PARTITION BY z ORDER BY q USING <),
			CASE x WHEN 1 THEN 2 END, ARRAY[1], ROW(1), (a).b[1:2], NULL, true, B'1', 1.5, :'x' FROM t`: "syntax",
		`SELECT DISTINCT ON (x) (t.c).f, t.*, x::foo[], count(*) FILTER (WHERE y) OVER (PARTITION BY z ORDER BY q USING <),
			CASE x WHEN 1 THEN 2 END, ARRAY[1], ROW(1), (a).b[1:2], NULL, true, B'1', 1.5, xmlelement(name a), $1, a IS TRUE
			FROM public.t AS t(q) JOIN u USING (id) AS j, LATERAL f(1) WITH ORDINALITY AS ff(a int, b text COLLATE "C"),
			ROWS FROM (f(1), g(2)) r, xmltable('/a' PASSING d COLUMNS a int PATH 'b') x,
			json_table(j, '$' COLUMNS (a int PATH '$.a' DEFAULT 1 ON EMPTY)) jt
			WHERE a IN (1, 2) AND b LIKE 'x' AND a BETWEEN 1 AND 2 GROUP BY GROUPING SETS ((1), ()) WINDOW w AS (ORDER BY 1) LIMIT 5`: "",
		`SELECT json_value(j, '$.a' RETURNING int), json_object('a': 1), json_arrayagg(x), json_objectagg('a': x), j IS JSON, coalesce(1, 2),
			greatest(1, 2), x AT TIME ZONE 'utc', extract(year FROM y), xmlserialize(content x AS text), f(a => 1), current_user`: "",
	} {
		t.Run(sql, func(t *testing.T) {
			list, err := parser().Parse(context.Background(), sql)
			if err == nil {
				_, err = list[0].Reads()
			}
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v, expected %q", err, want)
			}
		})
	}
}

func TestUses(t *testing.T) {
	got, err := one(t, `SELECT t.a, t.evil, (t.c).f, pg_catalog.lower(x), x::s.kind, a @@ b OR c OPERATOR(s.+) d
		FROM s.t TABLESAMPLE system(1), u WHERE a = ANY(SELECT b FROM v) ORDER BY q USING <`).Reads()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a", "evil", "f"} {
		if !strings.Contains(strings.Join(got.Fields, " "), want) {
			t.Errorf("no field %q in %v", want, got.Fields)
		}
	}
	has := func(list []Name, want Name) {
		t.Helper()
		for _, n := range list {
			if n == want {
				return
			}
		}
		t.Errorf("no %v in %v", want, list)
	}
	has(got.Functions, Name{"pg_catalog", "lower"})
	has(got.Types, Name{"s", "kind"})
	for _, r := range []Name{{"s", "t"}, {"", "u"}, {"", "v"}} {
		has(got.Relations, r)
	}
	for _, op := range []Name{{"", "@@"}, {"s", "+"}, {"", "="}, {"", "<"}} {
		has(got.Operators, op)
	}
}

func TestDestructive(t *testing.T) {
	for sql, want := range map[string]bool{
		"INSERT INTO t VALUES (1)": false, "UPDATE t SET a = 1 WHERE b": false, "UPDATE t SET a = 1": true,
		"DELETE FROM t": true, "DELETE FROM t WHERE a": false, "DELETE FROM t USING (SELECT 1 WHERE true) x": true,
		"WITH d AS (DELETE FROM t RETURNING 1) SELECT 1 WHERE true": true, "TRUNCATE t": true, "DROP TABLE t": true,
		"DROP DATABASE d": true, "DROP ROLE r": true, "DROP OWNED BY r": true, "ALTER TABLE t DROP COLUMN a": true,
		"ALTER TABLE t ALTER a DROP NOT NULL": false, "EXPLAIN ANALYZE DELETE FROM t": true, "VACUUM": false,
		"INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1": false, "CREATE TABLE x AS SELECT 1": false,
		"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED AND u.b THEN DELETE": true, "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DO NOTHING": false,
	} {
		if got := one(t, sql).Destructive(); got != want {
			t.Errorf("%s: %v", sql, got)
		}
	}
}

func TestChange(t *testing.T) {
	for sql, want := range map[string]string{
		"INSERT INTO s.t VALUES (1)": "INSERT s.t", "UPDATE t SET a = 1": "UPDATE t", "DELETE FROM t AS x WHERE x.a": "DELETE t",
		"DELETE FROM t USING u": " ", "UPDATE t SET a = 1 RETURNING *": " ", "WITH x AS (SELECT 1) DELETE FROM t": " ", "SELECT 1": " ",
	} {
		verb, table := one(t, sql).Change()
		if diff := cmp.Diff(want, verb+" "+table.String()); diff != "" {
			t.Error(sql, diff)
		}
	}
	for sql, want := range map[string]bool{
		"COPY t TO PROGRAM 'cat'": true, "COPY t FROM PROGRAM 'cat'": true, "COPY t TO '/x'": true, "COPY t FROM '/x'": false, "SELECT 1": false,
	} {
		if got := one(t, sql).OutsideTransaction(); got != want {
			t.Errorf("%s: %v", sql, got)
		}
	}
}

// A broken statement, and one that the parser breaks down on, leave it in order.
func TestErrors(t *testing.T) {
	_, err := parser().Parse(context.Background(), "SELECT FROM WHERE")
	if e := (*SyntaxError)(nil); !errors.As(err, &e) || e.Position != 13 || !strings.Contains(err.Error(), "syntax error") {
		t.Errorf("error is %#v", err)
	}
	for _, sql := range []string{"SELECT 1\x00", "SELECT '\xff'", strings.Repeat(" ", maxSQL+1), "SELECT " + strings.Repeat("(", 200_000) + "1"} {
		if _, err := parser().Parse(context.Background(), sql); err == nil {
			t.Errorf("%.20q gave no error", sql)
		}
	}
	one(t, "SELECT 1")
}

// A parser that is still loading holds nobody up.
func TestInterrupt(t *testing.T) {
	p := &Parser{}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Parse(ctx, "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	if _, err := p.Parse(ctx, "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestCache(t *testing.T) {
	if got := CacheDir("relative", "/home/a"); got != "/home/a/.cache/runbook/sqlparse" {
		t.Error(got)
	}
	if CacheDir("/c", "/home/a") != "/c/runbook/sqlparse" || CacheDir("", "") != "" {
		t.Error("the folder is not where XDG has it")
	}
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 {
		p := &Parser{CacheDir: dir}
		if _, err := p.Parse(context.Background(), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := openCache(dir); err == nil {
		t.Error("a cache that anybody can write to is used")
	}
}

func BenchmarkLoadCached(b *testing.B) {
	dir := b.TempDir()
	if _, err := (&Parser{CacheDir: dir}).Parse(context.Background(), ""); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		p := &Parser{CacheDir: dir}
		if _, err := p.Parse(context.Background(), "SELECT 1"); err != nil {
			b.Fatal(err)
		}
		_ = p.Close()
	}
}

func BenchmarkParse(b *testing.B) {
	one(b, "SELECT 1")
	for b.Loop() {
		if _, err := parser().Parse(context.Background(), "SELECT state, count(*) FROM pg_stat_activity WHERE pid <> $1 GROUP BY state"); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzReads(f *testing.F) {
	f.Add("SELECT a.b FROM c")
	f.Fuzz(func(_ *testing.T, sql string) {
		list, err := parser().Parse(context.Background(), sql)
		if err != nil {
			return
		}
		for _, s := range list {
			_, _ = s.Reads()
			s.Destructive()
			s.Change()
		}
	})
}
