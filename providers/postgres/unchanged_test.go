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
