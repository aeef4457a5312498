package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// hostile are queries that would change something, or make somebody else's code run, if postgres_query let them. S stands
// for a schema with the objects of hostileObjects, FILE for a path.
var hostile = map[string]string{
	"terminate":             "SELECT pg_terminate_backend(PID)",
	"terminate, qualified":  "SELECT pg_catalog.pg_terminate_backend(PID)",
	"terminate, quoted":     `SELECT "pg_catalog"."pg_terminate_backend"(PID)`,
	"terminate, unicode":    `SELECT U&"pg\005fterminate_backend"(PID)`,
	"terminate, in FROM":    "SELECT * FROM pg_terminate_backend(PID)",
	"terminate, in WHERE":   "SELECT 1 FROM S.t WHERE pg_terminate_backend(PID)",
	"terminate, in WITH":    "WITH x AS MATERIALIZED (SELECT pg_terminate_backend(PID)) SELECT * FROM x",
	"terminate, in ORDER":   "SELECT 1 ORDER BY pg_terminate_backend(PID)",
	"terminate, LATERAL":    "SELECT * FROM S.t, LATERAL (SELECT pg_terminate_backend(PID)) l",
	"terminate, explained":  "EXPLAIN ANALYZE SELECT pg_terminate_backend(PID)",
	"terminate, as text":    "SELECT query_to_xml('SELECT pg_terminate_backend(PID)', true, true, '')",
	"terminate, as tsquery": "SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, (pg_terminate_backend(PID)::text)::tsquery')",
	"terminate, ts_stat":    "SELECT * FROM ts_stat('SELECT to_tsvector(pg_terminate_backend(PID)::text)')",
	"cancel":                "SELECT pg_cancel_backend(PID)",
	"reload":                "SELECT pg_reload_conf()",
	"rotate":                "SELECT pg_rotate_logfile()",
	"make slot":             "SELECT pg_create_physical_replication_slot('SLOT_made')",
	"drop slot":             "SELECT pg_drop_replication_slot('SLOT')",
	"switch WAL":            "SELECT pg_switch_wal()",
	"restore point":         "SELECT pg_create_restore_point('x')",
	"promote":               "SELECT pg_promote()",
	"reset statistics":      "SELECT pg_stat_reset()",
	"reset statements":      "SELECT pg_stat_statements_reset()",
	"logical message":       "SELECT pg_logical_emit_message(false, 'x', 'y')",
	"read file":             "SELECT pg_read_file('PG_VERSION')",
	"list folder":           "SELECT pg_ls_dir('.')",
	"import":                "SELECT lo_import('/etc/hostname')",
	"export":                "SELECT lo_export(1, 'FILE')",
	"large object":          "SELECT lo_create(0)",
	"advisory lock":         "SELECT pg_advisory_lock(4711)",
	"notify":                "SELECT pg_notify('x', 'y')",
	"sequence":              "SELECT nextval('S.s')",
	"set sequence":          "SELECT setval('S.s', 99)",
	"set":                   "SELECT set_config('search_path', 'x', false)",
	"program":               "COPY (SELECT 1) TO PROGRAM 'touch FILE'",
	"program, in text":      "SELECT 1; COPY (SELECT 1) TO PROGRAM 'touch FILE'",
	"file":                  "COPY (SELECT 1) TO 'FILE'",
	"read write":            "SET TRANSACTION READ WRITE",
	"second statement":      "SELECT 1; DELETE FROM S.t",
	"second, commented":     "SELECT 1 /* ; */; /* */ DELETE FROM S.t",
	"backslash":             `SELECT 'x\'; DELETE FROM S.t; --'`,
	"commit":                "SELECT 1; COMMIT; DELETE FROM S.t",
	"delete":                "WITH d AS (DELETE FROM S.t RETURNING id) SELECT * FROM d",
	"explained delete":      "EXPLAIN ANALYZE DELETE FROM S.t",
	"into":                  "SELECT * INTO S.made FROM S.t",
	"lock":                  "SELECT * FROM S.t FOR UPDATE",
	"do":                    "DO $$ BEGIN PERFORM pg_terminate_backend(PID); END $$",
	"call":                  "CALL S.p()",
	"volatile function":     "SELECT S.evil()",
	"lying function":        "SELECT S.lying()",
	"definer":               "SELECT S.definer()",
	"SQL function":          "SELECT S.outer_sql()",
	"overloaded built-in":   "SELECT S.lower(1)",
	"view":                  "SELECT * FROM S.v",
	"view over view":        "SELECT * FROM S.vv",
	"table of a view":       "TABLE S.v",
	"functional notation":   "SELECT t.evil_of FROM S.t t",
	"notation, brackets":    "SELECT (t).evil_of FROM S.t t",
	"operator":              "SELECT 1 OPERATOR(S.@@@) 1",
	"cast":                  "SELECT 'a'::S.mood::S.money",
	"domain":                "SELECT 1::S.dom",
	"domain, called":        "SELECT S.dom(1)",
	"domains, called":       "SELECT S._dom('{1}')",
	"domain, of argument":   "SELECT S.takes(1)",
	"domain, of output":     "SELECT * FROM S.gives()",
	"domain, of operand":    "SELECT '(1)' OPERATOR(S.~~~) '(1)'",
	"cast of operator":      "SELECT upper(1 OPERATOR(S.***) 1)",
	"cast of row":           "SELECT upper(r) FROM S.rows r",
	"cast of array":         "SELECT upper(ARRAY['a'::S.mood])",
	"range":                 "SELECT 1 AS a FROM S.spans WHERE r && '[1,5)'",
	"extension's function":  "SELECT S.member()",
	"aggregate":             "SELECT S.agg(id) FROM S.t",
	"default argument":      "SELECT S.with_default()",
	"row security":          "SELECT * FROM S.secured",
	"inherited":             "SELECT * FROM S.parent",
	"column default":        "EXPLAIN (ANALYZE) INSERT INTO S.t VALUES (1)",
}

// hostileObjects is what an attacker with an ordinary role could have put there. Each function would leave a trace that
// no rollback removes: it ends the session PID.
const hostileObjects = `
CREATE TABLE S.t (id int); INSERT INTO S.t VALUES (1), (2);
CREATE SEQUENCE S.s;
CREATE FUNCTION S.evil() RETURNS bool LANGUAGE sql AS 'SELECT pg_terminate_backend(PID)';
CREATE FUNCTION S.lying() RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN pg_terminate_backend(PID); END';
CREATE FUNCTION S.definer() RETURNS bool LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT true';
CREATE FUNCTION S.outer_sql() RETURNS bool LANGUAGE sql STABLE AS 'SELECT pg_catalog.pg_terminate_backend(PID)';
CREATE FUNCTION S.lower(int) RETURNS bool LANGUAGE sql AS 'SELECT pg_terminate_backend(PID)';
CREATE FUNCTION S.evil_of(S.t) RETURNS bool LANGUAGE sql AS 'SELECT pg_terminate_backend(PID)';
CREATE FUNCTION S.evil2(int, int) RETURNS bool LANGUAGE sql AS 'SELECT pg_terminate_backend(PID)';
CREATE FUNCTION S.with_default(a bool DEFAULT pg_terminate_backend(PID)) RETURNS bool LANGUAGE sql STABLE AS 'SELECT a';
CREATE OPERATOR S.@@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = S.evil2);
CREATE TYPE S.mood AS ENUM ('a'); CREATE TYPE S.money AS ENUM ('b');
CREATE FUNCTION S.to_money(S.mood) RETURNS S.money LANGUAGE sql AS 'SELECT pg_terminate_backend(PID); SELECT ''b''::S.money';
CREATE CAST (S.mood AS S.money) WITH FUNCTION S.to_money(S.mood);
CREATE FUNCTION S.check_it(int) RETURNS bool LANGUAGE sql AS 'SELECT pg_terminate_backend(PID)';
CREATE DOMAIN S.dom AS int CHECK (S.check_it(VALUE));
CREATE FUNCTION S.takes(S.dom) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE FUNCTION S.gives(OUT a S.dom, OUT b int) LANGUAGE sql IMMUTABLE AS 'SELECT 1, 2';
CREATE TYPE S.holds AS (d S.dom); CREATE FUNCTION S.same(S.holds, S.holds) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE OPERATOR S.~~~ (LEFTARG = S.holds, RIGHTARG = S.holds, FUNCTION = S.same);
CREATE FUNCTION S.moody(int, int) RETURNS S.mood LANGUAGE sql IMMUTABLE AS 'SELECT ''a''::S.mood';
CREATE OPERATOR S.*** (LEFTARG = int, RIGHTARG = int, FUNCTION = S.moody);
CREATE FUNCTION S.mood_text(S.mood) RETURNS text LANGUAGE sql AS 'SELECT pg_terminate_backend(PID)::text';
CREATE CAST (S.mood AS text) WITH FUNCTION S.mood_text(S.mood) AS IMPLICIT;
CREATE TABLE S.rows (id int); INSERT INTO S.rows VALUES (1); CREATE FUNCTION S.row_text(S.rows) RETURNS text LANGUAGE sql AS 'SELECT pg_terminate_backend(PID)::text';
CREATE CAST (S.rows AS text) WITH FUNCTION S.row_text(S.rows) AS IMPLICIT;
CREATE FUNCTION S.moods_text(S.mood[]) RETURNS text LANGUAGE sql AS 'SELECT pg_terminate_backend(PID)::text';
CREATE CAST (S.mood[] AS text) WITH FUNCTION S.moods_text(S.mood[]) AS IMPLICIT;
CREATE FUNCTION S.apart(int, int) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT pg_terminate_backend(PID)::int::float8';
CREATE TYPE S.span AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = S.apart); CREATE TABLE S.spans (r S.span);
CREATE FUNCTION S.member() RETURNS bool LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN pg_terminate_backend(PID); END';
CREATE FUNCTION S.step(int, int) RETURNS int LANGUAGE sql AS 'SELECT pg_terminate_backend(PID)::int';
CREATE AGGREGATE S.agg(int) (SFUNC = S.step, STYPE = int, INITCOND = '0');
CREATE VIEW S.v AS SELECT S.evil() AS done; CREATE VIEW S.vv AS SELECT * FROM S.v;
CREATE TABLE S.secured (id int); INSERT INTO S.secured VALUES (1);
ALTER TABLE S.secured ENABLE ROW LEVEL SECURITY; ALTER TABLE S.secured FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON S.secured USING (S.evil());
CREATE TABLE S.parent (id int); CREATE TABLE S.child () INHERITS (S.parent);
ALTER TABLE S.child ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON S.child USING (S.evil());
CREATE PROCEDURE S.p() LANGUAGE sql AS 'DELETE FROM S.t';
GRANT USAGE ON SCHEMA S TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA S TO PUBLIC`

// As a superuser, whom READ ONLY holds back least, and as an ordinary role, no attempt gets through, with --read-only or
// without: the victim lives, the slot is there, the rows are the same, no file was made.
func TestHostile(t *testing.T) {
	admin := superuser(t)
	u, _ := labURL(t)
	name := schema(t, admin)
	victim := connect(t, pt.Values{"url": cty.StringVal(pt.Lab(t, "LAB_DATABASE_SUPERUSER_URL")), "max_connections": cty.NumberIntVal(1)}, nil)
	pid := victim.one("SELECT pg_backend_pid()")
	file := filepath.Join(os.TempDir(), name)
	fill := strings.NewReplacer("S.", name+".", "SCHEMA S ", "SCHEMA "+name+" ", "PID", pid, "SLOT", name, "FILE", file)
	for _, statement := range strings.Split(hostileObjects, ";\n") {
		if _, _, err := admin.write(pt.Values{"statements": cty.TupleVal(statements(fill.Replace(statement)))}); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	admin.must(fill.Replace("ALTER EXTENSION pg_stat_statements ADD FUNCTION S.member()"))
	t.Cleanup(func() { admin.must(fill.Replace("ALTER EXTENSION pg_stat_statements DROP FUNCTION S.member()")) })
	admin.must(fill.Replace("SELECT pg_create_physical_replication_slot('SLOT')"))
	t.Cleanup(func() { admin.must(fill.Replace("SELECT pg_drop_replication_slot('SLOT')")) })
	facts := fill.Replace(`SELECT pg_conf_load_time()::text || (SELECT count(*) FROM S.t) || (SELECT last_value || is_called::text FROM S.s)
		|| (SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'SLOT%') || (SELECT count(*) FROM pg_largeobject_metadata)
		|| (SELECT count(*) FROM pg_stat_activity WHERE pid = PID) || coalesce(to_regclass('S.made')::text, '')
		|| (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711) AS facts`)
	before := admin.one(facts)
	ordinary := connect(t, block(u.String()), nil)
	for title, statement := range hostile {
		t.Run(title, func(t *testing.T) {
			for _, s := range []*session{admin, ordinary} {
				for _, readOnly := range []bool{false, true} {
					s := &session{t: t, provider: s.provider, client: s.client, readOnly: readOnly}
					if _, err := s.run("postgres_query", sql(fill.Replace(statement)), provider.Read); err == nil || !provider.Permanent(err) {
						t.Errorf("error is %v", err)
					}
				}
				// Called a write, it has no place in a read-only run; nor has the writing action.
				s := &session{t: t, provider: s.provider, client: s.client, readOnly: true}
				for _, action := range []string{"postgres_query", "postgres_exec"} {
					if _, err := s.run(action, sql(fill.Replace(statement)), provider.Write); !errors.Is(err, provider.ErrReadOnly) && !strings.Contains(err.Error(), "postgres_query takes one") && !strings.Contains(err.Error(), "statements") {
						t.Errorf("%s: error is %v", action, err)
					}
				}
			}
		})
	}
	if after := admin.one(facts); after != before {
		t.Errorf("%s became %s", before, after)
	}
	if got := victim.one("SELECT pg_backend_pid()"); got != pid {
		t.Errorf("the session %s is gone, there is %s", pid, got)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file: %v", err)
	}
}

// statements cuts at semicolons; those of hostileObjects that stand in a text have none behind them but one.
func statements(list string) []cty.Value {
	if strings.Contains(list, "to_money(") || strings.Contains(list, "plpgsql") {
		return []cty.Value{cty.StringVal(list)}
	}
	var out []cty.Value
	for s := range strings.SplitSeq(list, "; ") {
		out = append(out, cty.StringVal(s))
	}
	return out
}

// What an honest runbook asks is not refused.
func TestHonestQueries(t *testing.T) {
	s, schema := scratch(t)
	for _, statement := range []string{
		"CREATE TABLE S.t (id int, at timestamptz DEFAULT now(), doc jsonb)", "INSERT INTO S.t VALUES (1, now(), '{\"a\": [1]}')",
		"CREATE VIEW S.v AS SELECT id, lower(doc::text) AS doc, age(at) FROM S.t", "CREATE FUNCTION S.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'",
	} {
		s.must(strings.ReplaceAll(statement, "S.", schema+"."))
	}
	for _, statement := range []string{
		"SELECT count(*), max(at), jsonb_agg(doc->'a') FROM S.t WHERE at > now() - interval '1 hour' AND id IN (1, 2)",
		"SELECT * FROM S.v", "SELECT S.twice(id) FROM S.t",
		"SELECT pid, state, wait_event, now() - query_start AS age FROM pg_stat_activity WHERE state <> 'idle'",
		"SELECT relname, n_dead_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables ORDER BY n_dead_tup DESC LIMIT 5",
		"SELECT query, calls FROM pg_stat_statements LIMIT 1", "SELECT pg_size_pretty(pg_database_size(current_database()))",
		"SELECT * FROM pg_locks WHERE NOT granted", "SELECT pg_is_in_recovery(), pg_current_wal_lsn()", "SHOW max_connections",
		"SELECT slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) FROM pg_replication_slots", "SELECT * FROM pg_settings WHERE name = 'jit'",
		"SELECT table_name FROM information_schema.tables LIMIT 1", "SELECT extract(epoch FROM now()), date_trunc('day', now()), random()",
		"SELECT row_number() OVER (ORDER BY id), string_agg(id::text, ',') FILTER (WHERE id > 0) OVER () FROM S.t",
		"EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM S.t", "EXPLAIN DELETE FROM S.t", "VALUES (1), (2)", "SELECT xmlelement(name a), json_build_object('a', 1)",
		"SELECT datname, age(datfrozenxid) FROM pg_database", "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid", "SELECT * FROM pg_stat_replication",
	} {
		if _, err := s.run("postgres_query", sql(strings.ReplaceAll(statement, "S.", schema+".")), provider.Read); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if r := superuser(t).rows(sql("SELECT 1 AS one")); len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "superuser") {
		t.Errorf("warnings: %q", r.Warnings)
	}
}
