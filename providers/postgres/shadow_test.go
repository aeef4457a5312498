package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// shadows are objects under the names that the provider's own statements use. Each leaves a row in shadows.seen, which
// no rollback takes back: dblink writes it over a connection of its own.
const shadows = `
CREATE SCHEMA shadows; CREATE EXTENSION dblink SCHEMA shadows;
CREATE TABLE shadows.seen (what text);
CREATE FUNCTION shadows.note(what text) RETURNS int LANGUAGE plpgsql AS $$
	BEGIN PERFORM shadows.dblink_exec('SETTINGS', format('INSERT INTO shadows.seen VALUES (%L)', what)); RETURN 1; END $$;
CREATE FUNCTION shadows.same(text, text) RETURNS bool LANGUAGE sql AS 'SELECT shadows.note(''='') = 1';
CREATE OPERATOR shadows.= (LEFTARG = text, RIGHTARG = text, FUNCTION = shadows.same);
CREATE FUNCTION shadows.same(oid, oid) RETURNS bool LANGUAGE sql AS 'SELECT shadows.note(''oid ='') = 1';
CREATE OPERATOR shadows.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = shadows.same);
CREATE FUNCTION shadows.host(inet) RETURNS text LANGUAGE sql AS 'SELECT shadows.note(''host'')::text';
CREATE VIEW shadows.pg_stat_statements AS SELECT 'fake'::text AS query, 1::int8 AS calls, 5::float8 AS mean_exec_time,
	5::float8 AS total_exec_time, 1::int8 AS rows WHERE shadows.note('view') = 1;
CREATE VIEW shadows.any AS SELECT 1 AS one`

// The actions that write their own SQL mean PostgreSQL's own functions, operators and views by it, whatever the session's
// search path leads to.
func TestShadowedNames(t *testing.T) {
	u := ownDatabase(t)
	admin, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(t.Context()) }() // the database is dropped anyway
	password, _ := u.User.Password()
	settings := "host=" + u.Hostname() + " port=" + u.Port() + " dbname=" + u.Path[1:] + " user=" + u.User.Username() + " password=" + password
	if _, err := admin.Exec(t.Context(), strings.ReplaceAll(shadows, "SETTINGS", settings)); err != nil {
		t.Fatal(err)
	}
	s := connect(t, with(u, "search_path", "shadows,pg_catalog"), nil)
	for action, args := range map[string]pt.Values{
		"postgres_ping": nil, "postgres_activity": nil, "postgres_size": nil, "postgres_replication": nil,
	} {
		if _, err := s.run(action, args, provider.Read); err != nil {
			t.Errorf("%s: %v", action, err)
		}
	}
	if _, err := s.run("postgres_slow_queries", nil, provider.Read); err == nil || !strings.Contains(err.Error(), "not installed") {
		t.Errorf("slow queries of a view that is not the extension's: %v", err)
	}
	if _, err := s.run("postgres_query", sql("SELECT * FROM shadows.any"), provider.Read); err == nil || !strings.Contains(err.Error(), `"shadows" before pg_catalog`) {
		t.Errorf("a query with another =: %v", err)
	}
	var seen string
	if err := admin.QueryRow(t.Context(), "SELECT coalesce(string_agg(what, ', '), 'nothing') FROM shadows.seen").Scan(&seen); err != nil || seen != "nothing" {
		t.Errorf("somebody else's code ran: %s, %v", seen, err)
	}
}

// A statement is sent as it was looked at: in SJIS the last byte of Á and the backslash are one character, and the quote
// after it ends the text.
func TestOtherEncodings(t *testing.T) {
	u, _ := labURL(t)
	statement := sql(`SELECT E'Á\', version() --'`)
	_, err := connect(t, with(u, "client_encoding", "SJIS"), nil).run("postgres_query", statement, provider.Read)
	if err == nil || !strings.Contains(err.Error(), "client_encoding is SJIS") {
		t.Errorf("error is %v", err)
	}
	// One that is written out wins over one among the options.
	r := connect(t, with(u, "options", "-c client_encoding=SJIS"), nil).rows(statement)
	if n := r.Value.GetAttr("columns").LengthInt(); n != 1 {
		t.Errorf("%d columns", n)
	}
}

// What others made for their own types is no reason to refuse a query that has nothing of those types.
func TestOthersOperators(t *testing.T) {
	u := ownDatabase(t)
	admin, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal("connect to the test's database")
	}
	defer func() { _ = admin.Close(t.Context()) }() // the database is dropped anyway
	if _, err := admin.Exec(t.Context(), `CREATE TYPE shape AS (sides int); CREATE TABLE shapes (s shape); CREATE TABLE spans (r int4range);
CREATE FUNCTION same(shape, shape) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE OPERATOR = (LEFTARG = shape, RIGHTARG = shape, FUNCTION = same);
CREATE TYPE times AS RANGE (SUBTYPE = time); CREATE TABLE shifts (t times);
CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE TABLE labelled (h hstore, c citext)`); err != nil {
		t.Fatal(err)
	}
	s := connect(t, block(u.String()), nil)
	for _, statement := range []string{
		"SELECT 1 AS a WHERE 'a' = 'a' AND 1 IN (1, 2)", "SELECT * FROM shifts WHERE t && times('09:00', '17:00') AND t = t",
		"SELECT h -> 'a' AS a, c FROM labelled WHERE c = 'x' AND h ? 'a' AND c LIKE 'X%'", "SELECT replace(c, 'a', 'b') AS c FROM labelled",
	} {
		if _, err := s.run("postgres_query", sql(statement), provider.Read); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
	for _, statement := range []string{"SELECT 1 AS a FROM shapes WHERE s = s", "SELECT 1 AS a FROM shapes x JOIN shapes y USING (s)"} {
		if _, err := s.run("postgres_query", sql(statement), provider.Read); err == nil || !strings.Contains(err.Error(), "behind operator =") {
			t.Errorf("%s: error is %v", statement, err)
		}
	}
}
