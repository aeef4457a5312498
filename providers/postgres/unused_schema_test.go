package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/provider"
)

// hiddenObjects are in a schema that its owner alone may use; views of another schema show some of them to everybody.
const hiddenObjects = `CREATE SCHEMA hidden; CREATE SCHEMA shown; GRANT USAGE ON SCHEMA shown TO PUBLIC;
CREATE TYPE hidden.mood AS ENUM ('open', 'done'); CREATE DOMAIN hidden.amount AS int CHECK (VALUE >= 0);
CREATE TABLE hidden.orders (id int, state hidden.mood, cost hidden.amount); INSERT INTO hidden.orders VALUES (1, 'open', 5), (2, 'done', 6);
CREATE VIEW hidden.open AS SELECT * FROM hidden.orders WHERE state = 'open'::hidden.mood;
CREATE FUNCTION hidden.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE VIEW shown.orders AS SELECT id, hidden.twice(cost) AS cost, 3::hidden.amount AS least FROM hidden.open;
CREATE VIEW hidden.reload AS SELECT pg_reload_conf() AS done;
CREATE VIEW shown.reload AS SELECT * FROM hidden.reload;
CREATE FUNCTION hidden.act(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''RAN''; END';
CREATE DOMAIN hidden.checked AS int CHECK (hidden.act(VALUE));
CREATE VIEW shown.checked AS SELECT 1::hidden.checked AS a; CREATE VIEW shown.called AS SELECT hidden.act(1) AS a;
CREATE TABLE hidden.secured (id int); INSERT INTO hidden.secured VALUES (1);
ALTER TABLE hidden.secured ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON hidden.secured USING (hidden.act(id)); CREATE VIEW shown.secured AS SELECT * FROM hidden.secured;
GRANT SELECT ON ALL TABLES IN SCHEMA shown TO PUBLIC`

// What a view reads in a schema that the role may not use is looked at as what it reads elsewhere: its owner's rights count.
func TestSchemaWithoutUsage(t *testing.T) {
	u := ownDatabase(t)
	admin, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal("connect to the test's database")
	}
	defer func() { _ = admin.Close(t.Context()) }() // the database is dropped anyway
	if _, err := admin.Exec(t.Context(), hiddenObjects); err != nil {
		t.Fatal(err)
	}
	ordinary, _ := labURL(t)
	ordinary.Path = u.Path
	s := connect(t, block(ordinary.String()), nil)
	s.readOnly = true
	for _, statement := range []string{"SELECT * FROM shown.orders", "TABLE shown.orders", "EXPLAIN SELECT cost FROM shown.orders"} {
		if _, err := s.run("postgres_query", sql(statement), provider.Read); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
	for statement, want := range map[string]string{
		"SELECT * FROM shown.reload":  "not surely a read: function pg_reload_conf is not known to only read",
		"SELECT * FROM shown.checked": "not surely a read: function hidden.act is declared VOLATILE",
		"SELECT * FROM shown.called":  "not surely a read: function hidden.act is declared VOLATILE",
		"SELECT * FROM shown.secured": "not surely a read: function hidden.act is declared VOLATILE",
		"SELECT * FROM hidden.orders": "SQLSTATE 42501: permission denied for schema hidden",
		"SELECT 3::hidden.amount":     "SQLSTATE 42501: permission denied for schema hidden",
	} {
		if _, err := s.run("postgres_query", sql(statement), provider.Read); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v", statement, err)
		}
	}
}
