package postgres_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// TestStatementsThatChangeNothing: what the server has to do for a statement tells whether anything is another, not how many rows it counts.
func TestStatementsThatChangeNothing(t *testing.T) {
	s, schema := scratch(t)
	s.must("CREATE TABLE " + schema + ".t (id int PRIMARY KEY, v text)")
	s.must("CREATE TABLE " + schema + ".log (at timestamptz)")
	s.must("CREATE TABLE " + schema + ".watched (id int)")
	s.must("CREATE FUNCTION " + schema + ".logs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO " + schema + ".log VALUES (now()); RETURN NULL; END'")
	s.must("CREATE TRIGGER logs AFTER UPDATE ON " + schema + ".watched FOR EACH STATEMENT EXECUTE FUNCTION " + schema + ".logs()")
	s.must("CREATE TABLE " + schema + ".guarded (id int PRIMARY KEY, n serial, v text DEFAULT gen_random_uuid()::text)")
	s.must("CREATE FUNCTION " + schema + ".tells() RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM pg_notify(''runbook_test'', ''a''); RETURN 1; END'")
	s.must("CREATE FUNCTION " + schema + ".reads() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1'")
	s.must("CREATE FUNCTION " + schema + ".stops() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_notify(''runbook_test'', ''a''); RETURN NULL; END'")
	s.must("CREATE TRIGGER stops BEFORE UPDATE ON " + schema + ".guarded FOR EACH ROW EXECUTE FUNCTION " + schema + ".stops()")
	s.must("CREATE TABLE " + schema + ".refusing (id int)")
	s.must("CREATE TRIGGER stops BEFORE INSERT ON " + schema + ".refusing FOR EACH ROW EXECUTE FUNCTION " + schema + ".stops()")
	s.must("CREATE TABLE " + schema + ".notified (id int)")
	s.must("CREATE TRIGGER stops AFTER DELETE ON " + schema + ".notified FOR EACH STATEMENT EXECUTE FUNCTION " + schema + ".stops()")
	s.must("CREATE VIEW " + schema + ".seen AS SELECT id FROM " + schema + ".notified")
	s.must("CREATE TABLE " + schema + ".filled (id int PRIMARY KEY, v int DEFAULT " + schema + ".tells())")
	s.must("INSERT INTO " + schema + ".guarded VALUES (1)")
	s.must("INSERT INTO " + schema + ".filled VALUES (1, 1)")
	tests := map[string]struct {
		sql       string
		args      []cty.Value
		alone     bool
		unchanged bool
	}{
		"update of no row":              {sql: "UPDATE S.t SET v = 'x' WHERE id = 7", unchanged: true},
		"update of no row by parameter": {sql: "UPDATE S.t SET v = 'x' WHERE id = $1", args: []cty.Value{cty.NumberIntVal(7)}, unchanged: true},
		"delete of no row":              {sql: "DELETE FROM S.t WHERE id = 7", unchanged: true},
		"update from another table":     {sql: "UPDATE S.t SET v = 'x' FROM S.log WHERE id = 7", unchanged: true},
		"insert over a conflict":        {sql: "INSERT INTO S.t VALUES (1, 'b') ON CONFLICT DO NOTHING", unchanged: true},
		"table that there is":           {sql: "CREATE TABLE IF NOT EXISTS S.t (id int)", unchanged: true},
		"table that there is not":       {sql: "DROP TABLE IF EXISTS S.none", unchanged: true},
		"update of one row":             {sql: "UPDATE S.t SET v = 'x' WHERE id = 1"},
		"update to what it was":         {sql: "UPDATE S.t SET v = v WHERE id = 1"},
		"insert":                        {sql: "INSERT INTO S.t VALUES (2, 'b')"},
		"a trigger that writes":         {sql: "UPDATE S.watched SET id = 1 WHERE id = 7"},
		"a WITH that deletes":           {sql: "WITH d AS (DELETE FROM S.t WHERE id = 1 RETURNING *) UPDATE S.watched SET id = 1 WHERE id = 7"},
		"a new table":                   {sql: "CREATE TABLE S.new (id int)"},
		"without a transaction":         {sql: "UPDATE S.t SET v = 'x' WHERE id = 7", alone: true},
		"a function that notifies":      {sql: "DELETE FROM S.t WHERE id = 7 AND pg_notify('a', 'b') IS NULL"},
		"a function that may act":       {sql: "DELETE FROM S.t WHERE S.tells() = 2"},
		"a function that reads":         {sql: "DELETE FROM S.t WHERE S.reads() = 2", unchanged: true},
		"it may act in a source":        {sql: "INSERT INTO S.t SELECT 2, 'b' WHERE S.tells() = 2"},
		"it may act in a merge":         {sql: "MERGE INTO S.t USING (SELECT S.tells() AS id) s ON t.id = s.id + 1 WHEN MATCHED THEN DELETE"},
		"it may act in a default":       {sql: "INSERT INTO S.filled (id) VALUES (1) ON CONFLICT DO NOTHING"},
		"a number and an id by default": {sql: "INSERT INTO S.guarded (id) VALUES (1) ON CONFLICT DO NOTHING", unchanged: true},
		"a trigger on each of no rows":  {sql: "UPDATE S.guarded SET v = 'x' WHERE id = 7", unchanged: true},
		"a trigger on a row":            {sql: "UPDATE S.guarded SET v = 'x' WHERE id = 1"},
		"a trigger on a new row":        {sql: "INSERT INTO S.refusing VALUES (1)"},
		"a trigger on the statement":    {sql: "DELETE FROM S.notified WHERE id = 7"},
		"the same behind a view":        {sql: "DELETE FROM S.seen WHERE id = 7"},
		"a block":                       {sql: "DO $$ BEGIN NULL; END $$"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			for _, sql := range []string{"TRUNCATE S.t", "INSERT INTO S.t VALUES (1, 'a')", "DROP TABLE IF EXISTS S.new"} {
				s.must(strings.ReplaceAll(sql, "S.", schema+"."))
			}
			values := pt.Values{"sql": cty.StringVal(strings.ReplaceAll(tc.sql, "S.", schema+".")), "transaction": cty.BoolVal(!tc.alone)}
			if tc.args != nil {
				values["args"] = cty.TupleVal(tc.args)
			}
			r, err := s.countedOn(values, "")
			if err != nil {
				t.Fatal(err)
			}
			if r.ChangedNothing != tc.unchanged {
				t.Errorf("it changed nothing: %t, expected %t; %s", r.ChangedNothing, tc.unchanged, r.Summary)
			}
		})
	}
}
