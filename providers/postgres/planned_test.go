package postgres_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/provider"
)

// liars are what every attempt of planned has at hand. Each call of ev leaves a row in seen that no rollback takes back: dblink
// writes it over a connection of its own.
const liars = `
CREATE EXTENSION dblink; CREATE TABLE seen (what text);
CREATE FUNCTION ev(what text, r int DEFAULT 1) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
	BEGIN PERFORM dblink_exec('SETTINGS', format('INSERT INTO seen VALUES (%L)', what)); RETURN r; END $$;
CREATE FUNCTION evil(int, int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN ev(''operator'') = 1; END';
CREATE FUNCTION inlined(int) RETURNS bool LANGUAGE sql AS 'SELECT $1 > ev(''inlined'', -1)';
CREATE FUNCTION modern(n int) RETURNS int LANGUAGE sql IMMUTABLE RETURN n + ev('modern');
CREATE FUNCTION defaulted(n int, m int DEFAULT ev('default')) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN n + m; END';
CREATE FUNCTION first(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE TABLE plain (id int); INSERT INTO plain VALUES (1), (2)`

// planned are attempts to have a function called by PostgreSQL's planner, or by what the statement does not name.
var planned = map[string]struct {
	objects, statement string
	// refusal has these words.
	refusal []string
}{
	"index": {"CREATE TABLE t (id int); CREATE INDEX i ON t ((id + ev('x')))", "SELECT * FROM t",
		[]string{"function public.ev", "index i of public.t", "plpgsql"}},
	"condition of an index": {"CREATE TABLE t (id int); CREATE INDEX i ON t (id) WHERE id > ev('x')", "SELECT * FROM t WHERE id > 5",
		[]string{"function public.ev", "index i of public.t"}},
	"condition of an index, later stable": {`CREATE TABLE t (a int, id int); INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g; CREATE FUNCTION lies() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN ev(''x''); END';
		CREATE INDEX i ON t (id) WHERE a > 5 OR id > lies(); ANALYZE t; ALTER FUNCTION lies() STABLE`, "SELECT * FROM t WHERE a > 5 AND id = 3",
		[]string{"function public.lies", "index i of public.t"}},
	"condition of an index, estimated": {`CREATE TABLE t (a int, id int); INSERT INTO t SELECT g, 1 FROM generate_series(1, 1000) g;
		CREATE OPERATOR @@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = evil, RESTRICT = scalargtsel); CREATE INDEX i ON t (id) WHERE a > 5 OR id @@@ 3; ANALYZE t; ALTER FUNCTION evil VOLATILE`,
		"SELECT * FROM t WHERE a > 5 AND id = 1", []string{"function public.evil", "operator @@@", "index i of public.t"}},
	"condition of an index, with SQL as a text": {`CREATE TABLE t (a int, id int); INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g;
		CREATE VIEW v AS SELECT ev('x');
		CREATE FUNCTION later(n int) RETURNS bool LANGUAGE sql IMMUTABLE RETURN n > length(table_to_xml('v', false, false, '')::text);
		CREATE INDEX i ON t (id) WHERE a > 5 OR later(id); ANALYZE t; ALTER FUNCTION later STABLE`,
		"SELECT * FROM t WHERE a > 5 AND id = 3", []string{"function table_to_xml", "index i of public.t"}},
	"index of a partition": {"CREATE TABLE t (id int) PARTITION BY LIST (id); CREATE TABLE p PARTITION OF t DEFAULT; CREATE INDEX i ON p ((id + ev('x')))",
		"SELECT * FROM t", []string{"function public.ev", "index i of public.p"}},
	"index below a view": {"CREATE TABLE t (id int); CREATE INDEX i ON t ((id + ev('x'))); CREATE VIEW v AS SELECT id FROM t", "SELECT * FROM v",
		[]string{"function public.ev", "index i of public.t"}},
	"index, NULL makes a constant": {"CREATE TABLE t (id int); CREATE INDEX i ON t (ev('x', id + nullif(1, 1)))", "SELECT * FROM t",
		[]string{"function public.ev", "index i of public.t"}},
	"index, column that becomes a constant": {"CREATE TABLE t (id int); CREATE INDEX i ON t (ev('x', first(id, id)))", "SELECT * FROM t",
		[]string{"function public.ev", "index i of public.t"}},
	"index, body": {"CREATE TABLE t (id int); CREATE INDEX i ON t (modern(id))", "SELECT * FROM t",
		[]string{"function public.ev", "index i of public.t"}},
	"index, default": {"CREATE TABLE t (id int); CREATE INDEX i ON t (defaulted(id))", "SELECT * FROM t",
		[]string{"function public.ev", "index i of public.t"}},
	"index, operator": {"CREATE OPERATOR @@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = evil); CREATE TABLE t (id int); CREATE INDEX i ON t ((1 @@@ 2), id)",
		"SELECT * FROM t", []string{"function public.evil", "operator @@@", "index i of public.t"}},
	"statistics": {"CREATE TABLE t (id int); CREATE STATISTICS s ON (id + ev('x')), id FROM t", "SELECT * FROM t",
		[]string{"function public.ev", "statistics s of public.t"}},
	"partition key": {"CREATE TABLE t (id int) PARTITION BY RANGE ((id + ev('x'))); CREATE TABLE p PARTITION OF t DEFAULT", "SELECT * FROM t",
		[]string{"function public.ev", "partition key of public.t"}},
	"partition key of a parent": {"CREATE TABLE t (id int) PARTITION BY RANGE ((id + ev('x'))); CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (9); ALTER DATABASE THIS SET constraint_exclusion = on",
		"SELECT * FROM p WHERE id > 0", []string{"function public.ev", "partition key of public.t"}},
	"check of an heir": {"CREATE TABLE t (id int); CREATE TABLE c (CONSTRAINT k CHECK (id > ev('x', -1))) INHERITS (t)", "SELECT * FROM t WHERE id > 0",
		[]string{"function public.ev", "constraint k of public.c"}},
	"check, inlined": {"CREATE TABLE t (id int); CREATE TABLE c (CONSTRAINT k CHECK (inlined(id))) INHERITS (t)", "SELECT * FROM t WHERE id > 0",
		[]string{"function public.ev", "constraint k of public.c"}},
	"check, inlined twice": {`CREATE FUNCTION inner_one(n int) RETURNS bool LANGUAGE sql RETURN n > ev('x', -1); CREATE FUNCTION outer_one(int) RETURNS bool LANGUAGE sql AS 'SELECT inner_one($1)';
		CREATE TABLE t (id int); CREATE TABLE c (CONSTRAINT k CHECK (outer_one(id))) INHERITS (t)`, "SELECT * FROM t WHERE id > 0",
		[]string{"function public.inner_one", "constraint k of public.c"}},
	"check, inlined default": {`CREATE FUNCTION with_default(n int, m int DEFAULT ev('x')) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
		CREATE FUNCTION outer_one(int) RETURNS bool LANGUAGE sql AS 'SELECT with_default($1)';
		CREATE TABLE t (id int); CREATE TABLE c (CONSTRAINT k CHECK (outer_one(id))) INHERITS (t)`, "SELECT * FROM t WHERE id > 0",
		[]string{"function public.ev"}},
	"explained default": {"CREATE TABLE t (id int DEFAULT ev('x'))", "EXPLAIN INSERT INTO t VALUES (DEFAULT)",
		[]string{"function public.ev", "default of id of public.t"}},
	"explained generated column": {"CREATE TABLE t (id int, g int GENERATED ALWAYS AS (1 + ev('x')) STORED)", "EXPLAIN INSERT INTO t VALUES (1)",
		[]string{"function public.ev", "default of g of public.t"}},
	"explained default of a domain": {"CREATE DOMAIN d AS int DEFAULT ev('x'); CREATE TABLE t (a int, id d)", "EXPLAIN INSERT INTO t VALUES (1)",
		[]string{"function public.ev", "default of the domain d of public.t"}},
	"explained rule": {"CREATE TABLE t (id int); CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO plain VALUES (ev('x', NEW.id))", "EXPLAIN INSERT INTO t VALUES (1)",
		[]string{"rule r of public.t"}},
	"negator": {"CREATE OPERATOR ~~~! (LEFTARG = int, RIGHTARG = int, FUNCTION = evil); CREATE OPERATOR ##~# (LEFTARG = int, RIGHTARG = int, FUNCTION = int4gt, NEGATOR = ~~~!)",
		"SELECT id FROM plain WHERE NOT (id ##~# 2)", []string{"function public.evil", "operator ##~#", "~~~!"}},
	"commutator": {"CREATE OPERATOR @<< (LEFTARG = int, RIGHTARG = int, FUNCTION = evil); CREATE OPERATOR @>> (LEFTARG = int, RIGHTARG = int, FUNCTION = int4gt, COMMUTATOR = @<<, RESTRICT = scalargtsel); INSERT INTO plain SELECT 1 FROM generate_series(1, 100); ANALYZE plain",
		"SELECT id FROM plain WHERE 5 @>> id", []string{"function public.evil", "operator @>>", "@<<"}},
	"operator class of a partition key": {`CREATE FUNCTION cmp(int, int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM ev(''x''); RETURN btint4cmp($1, $2); END';
		CREATE OPERATOR CLASS ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 cmp(int, int);
		CREATE TABLE t (id int) PARTITION BY RANGE (id ops); CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (5)`,
		"SELECT * FROM t WHERE id = 3", []string{"function public.cmp", "an operator class"}},
	"operator class of a range": {`CREATE FUNCTION cmp(int, int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM ev(''x''); RETURN btint4cmp($1, $2); END';
		CREATE OPERATOR CLASS ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 cmp(int, int);
		CREATE TYPE span AS RANGE (SUBTYPE = int, SUBTYPE_OPCLASS = ops)`,
		"SELECT span(1, 5) AS s", []string{"function public.cmp", "an operator class"}},
	"operator class of an index": {`CREATE FUNCTION cmp(int, int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM ev(''x''); RETURN btint4cmp($1, $2); END';
		CREATE OPERATOR CLASS ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 cmp(int, int);
		CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 10000); CREATE INDEX i ON t (id ops); ANALYZE t`,
		"SELECT * FROM t WHERE id = 3", []string{"function public.cmp", "an operator class"}},
	"state of an aggregate": {`CREATE DOMAIN d AS int CHECK (ev('x', VALUE) = VALUE); CREATE FUNCTION sf(d, int) RETURNS d LANGUAGE sql IMMUTABLE AS 'SELECT $1';
		CREATE FUNCTION ff(d) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE AGGREGATE ag(int) (SFUNC = sf, STYPE = d, FINALFUNC = ff, INITCOND = '0')`,
		"SELECT ag(1)", []string{"function public.ev"}},
}

// plannedDatabase has the liars and some objects. calls is how often ev was called since it was asked last; each connection is of its
// own, for what is worked out is kept in the session.
func plannedDatabase(t *testing.T, objects string) (u *url.URL, open func() *pgx.Conn, calls func() int) {
	t.Helper()
	u = ownDatabase(t)
	open = func() *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), u.String())
		if err != nil {
			t.Fatal("connect to the test's database")
		}
		t.Cleanup(func() { _ = conn.Close(t.Context()) }) // the database is dropped anyway
		return conn
	}
	admin := open()
	password, _ := u.User.Password()
	settings := "host=" + u.Hostname() + " port=" + u.Port() + " dbname=" + u.Path[1:] + " user=" + u.User.Username() + " password=" + password
	for _, sql := range []string{strings.ReplaceAll(liars, "SETTINGS", settings), strings.ReplaceAll(objects, "THIS", u.Path[1:])} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	calls = func() (n int) {
		if err := admin.QueryRow(t.Context(), "WITH d AS (DELETE FROM seen RETURNING 1) SELECT count(*) FROM d").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	calls() // those of the objects
	return u, open, calls
}

// Each attempt does call its function where nothing holds it back but READ ONLY, and postgres_query does not send it.
func TestPlanned(t *testing.T) {
	for title, attempt := range planned {
		t.Run(title, func(t *testing.T) {
			u, open, calls := plannedDatabase(t, attempt.objects)
			if _, err := open().Exec(t.Context(), "BEGIN READ ONLY; "+attempt.statement+"; ROLLBACK"); err != nil {
				t.Fatal(err)
			}
			if calls() == 0 {
				t.Error("the function was not called: this is no attack")
			}
			s := connect(t, block(u.String()), nil)
			for _, readOnly := range []bool{false, true} {
				s.readOnly = readOnly
				_, err := s.run("postgres_query", sql(attempt.statement), provider.Read)
				if err == nil || !provider.Permanent(err) {
					t.Fatalf("error is %v", err)
				}
				for _, words := range attempt.refusal {
					if !strings.Contains(err.Error(), words) {
						t.Errorf("error is %v, expected %q in it", err, words)
					}
				}
			}
			if n := calls(); n != 0 {
				t.Errorf("the function was called %d times", n)
			}
		})
	}
}

// The preview of a change plans it, and so leaves one out that calls something by that.
func TestPlannedPreview(t *testing.T) {
	u, _, calls := plannedDatabase(t, "CREATE TABLE t (id int DEFAULT ev('x'))")
	s := connect(t, block(u.String()), nil)
	preview := s.provider.Action("postgres_exec").(provider.Previewer).Preview
	for statement, want := range map[string]int{"INSERT INTO t VALUES (DEFAULT)": 0, "INSERT INTO plain VALUES (3)": 1} {
		changes, err := preview(t.Context(), s.call("postgres_exec", sql(statement)))
		if err != nil || len(changes) != want || calls() != 0 {
			t.Errorf("%s: %+v, %v", statement, changes, err)
		}
	}
}

// What is common in tables does not keep them from being read, and the ones PostgreSQL does not call as it plans don't either.
func TestPlannedHonestly(t *testing.T) {
	u := ownDatabase(t)
	admin, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal("connect to the test's database")
	}
	defer func() { _ = admin.Close(t.Context()) }() // the database is dropped anyway
	if _, err := admin.Exec(t.Context(), `
CREATE FUNCTION folded(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN lower($1); END';
CREATE FUNCTION bare(n int) RETURNS int LANGUAGE sql IMMUTABLE RETURN n + 1;
CREATE FUNCTION pinned(n int) RETURNS int LANGUAGE sql IMMUTABLE SET search_path = '' AS 'SELECT $1 + 1';
CREATE FUNCTION likely(text) RETURNS bool LANGUAGE sql AS 'SELECT $1 <> '''' AND length($1) < 100';
CREATE TABLE log (id int); CREATE FUNCTION logged(int) RETURNS bool LANGUAGE sql AS 'INSERT INTO log VALUES ($1); SELECT true';
CREATE FUNCTION unlogged(int) RETURNS bool LANGUAGE sql AS 'SELECT NOT EXISTS (SELECT FROM log WHERE id = $1 FOR UPDATE)';
CREATE FUNCTION known(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE FUNCTION number() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE FUNCTION same(text, text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN true; END';
CREATE OPERATOR ~=~ (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm;
CREATE TABLE people (id serial PRIMARY KEY, name varchar(50), mail citext, extra hstore, number int DEFAULT number(), full_name text GENERATED ALWAYS AS (upper(name)) STORED,
	CHECK (likely(name)), CHECK (known(id)), CHECK (logged(id) OR unlogged(id)), CHECK (name ~=~ 'a'), CHECK (id > 0 AND name <> ALL (ARRAY['a', 'b'])));
INSERT INTO people (name) VALUES ('x');
CREATE INDEX ON people (lower(name)); CREATE INDEX ON people (folded(name)); CREATE INDEX ON people (folded('x' || lower(name) || mail::text)) WHERE name IS NOT NULL;
CREATE INDEX ON people (folded(coalesce(name, ''))); CREATE INDEX ON people (bare(id)); CREATE INDEX ON people (pinned(id)) WHERE mail = 'a';
CREATE INDEX ON people USING gin (lower(name) gin_trgm_ops); CREATE INDEX ON people ((extra -> 'a')); CREATE INDEX ON people (folded(name), (extra -> 'a'));
CREATE STATISTICS people_stats ON lower(name), (id % 10) FROM people;
CREATE TABLE days (at timestamptz, day date) PARTITION BY RANGE (date_trunc('day', day::timestamp));
CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01'); CREATE TABLE days_2 PARTITION OF days DEFAULT`); err != nil {
		t.Fatal(err)
	}
	s := connect(t, block(u.String()), nil)
	for _, statement := range []string{
		"SELECT id, name, full_name FROM people WHERE lower(name) = 'x'", "SELECT * FROM days WHERE day > '2024-05-01'", "TABLE days_1",
		"EXPLAIN INSERT INTO people (name) VALUES ('a')", "EXPLAIN UPDATE people SET name = 'b' WHERE id = 1", "EXPLAIN INSERT INTO days VALUES (now(), now())",
	} {
		if _, err := s.run("postgres_query", sql(statement), provider.Read); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
