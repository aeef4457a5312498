package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/provider"
)

// typesThatRun are types whose checks and casts call a function that says RAN, and fails.
const typesThatRun = `CREATE SCHEMA hx; SET search_path = hx;
CREATE FUNCTION act(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''RAN''; END';
CREATE DOMAIN dk AS int CHECK (hx.act(VALUE) = 1); CREATE DOMAIN dk2 AS dk; CREATE DOMAIN texts AS text CHECK (hx.act(length(VALUE)) = 1);
CREATE DOMAIN "Odd ""dk""" AS int CHECK (hx.act(VALUE) = 1); CREATE DOMAIN list AS int[] CHECK (hx.act(VALUE[1]) = 1);
CREATE TYPE pair AS (a dk); CREATE TABLE t (a int); INSERT INTO t VALUES (1);
CREATE DOMAIN row_of_t AS t CHECK (hx.act((VALUE).a) = 1); CREATE DOMAIN span4 AS int4range CHECK (hx.act(1) = 1);
CREATE TYPE mood AS ENUM ('a'); CREATE FUNCTION mood_text(mood) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''RAN''; END';
CREATE CAST (mood AS text) WITH FUNCTION mood_text(mood) AS IMPLICIT;
CREATE TYPE span AS RANGE (SUBTYPE = dk, MULTIRANGE_TYPE_NAME = spans); CREATE DOMAIN spans2 AS spans;
CREATE TYPE days AS RANGE (SUBTYPE = int, MULTIRANGE_TYPE_NAME = many_days);
CREATE FUNCTION days_text(many_days) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''RAN''; END';
CREATE CAST (many_days AS text) WITH FUNCTION days_text(many_days) AS IMPLICIT;
CREATE FUNCTION body(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT hx.dk($1)::int';
CREATE DOMAIN above AS int CHECK (VALUE > 0); CREATE DOMAIN made AS text CHECK (VALUE <> '')`

// A call of a type's name with one argument is a cast to it, and so is x.name: what a cast calls counts there as it does behind ::. Each of
// these is tried as it is first, so that it is known to call something.
func TestCastsThatLookLikeCalls(t *testing.T) {
	u := ownDatabase(t)
	admin, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal("connect to the test's database")
	}
	defer func() { _ = admin.Close(t.Context()) }() // the database is dropped anyway
	if _, err := admin.Exec(t.Context(), typesThatRun); err != nil {
		t.Fatal(err)
	}
	s := connect(t, with(u, "search_path", "hx"), nil)
	s.readOnly = true
	for _, statement := range []string{
		"SELECT 3::hx.dk", "SELECT hx.dk(3)", "SELECT hx.dk2(3)", "SELECT hx.dk('3')", "SELECT * FROM hx.dk(3)", "EXPLAIN ANALYZE SELECT hx.dk(3)",
		"SELECT hx.dk(a) FROM generate_series(1, 1) a", "SELECT dk(3)", `SELECT hx."Odd ""dk"""(3)`, "SELECT hx.texts(3)", "SELECT hx.body(3)",
		"SELECT 1 ORDER BY hx.dk(3)", "SELECT x FROM ROWS FROM (hx.dk(3)) x", "SELECT (ARRAY[hx.dk(3)])[1]",
		"SELECT (3).dk", "SELECT a.dk FROM generate_series(1, 1) a", "SELECT (a).dk FROM generate_series(1, 1) a", "SELECT (ARRAY[1])[1].dk",
		"SELECT hx.row_of_t(t) FROM hx.t", "SELECT t.row_of_t FROM hx.t", "SELECT (t).row_of_t FROM hx.t", "SELECT hx.row_of_t('(1)')",
		"SELECT hx._dk('{3}')", "SELECT hx._pair('{(3)}')", "SELECT hx.list(ARRAY[1])", "SELECT (ARRAY[1]).list",
		"SELECT upper(hx.mood('a'))", "SELECT ('a').mood::text", "SELECT upper(x) FROM (SELECT hx.mood('a')) q(x)",
		"SELECT hx.span4('[1,2)')", "SELECT (int4range(1, 2)).span4", "SELECT hx.span('[3,4)')", "SELECT hx.spans('{[3,4)}')", "SELECT hx.spans2('{[3,4)}')",
		"SELECT '{[3,4)}'::hx.spans", "SELECT '{[3,4)}'::hx.spans2", "SELECT length(multirange(hx.days(1, 2)))", "SELECT length(range_agg('[1,2)'::hx.days))",
	} {
		if _, err := admin.Exec(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "RAN") {
			t.Errorf("%s calls nothing: %v", statement, err)
		}
		if _, err := s.run("postgres_query", sql(statement), provider.Read); err == nil || !strings.Contains(err.Error(), "not surely a read: function hx.") {
			t.Errorf("%s: error is %v", statement, err)
		}
	}
	for _, statement := range []string{
		"SELECT hx.above(3)", "SELECT (3).above", "SELECT made(text('a')) AS a", "SELECT int4('1') AS a, date('2026-01-01') AS b, (now()).date AS c, (1).text AS d",
		"SELECT t.a FROM hx.t",
	} {
		if _, err := s.run("postgres_query", sql(statement), provider.Read); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
