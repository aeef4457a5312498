package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// author looks at a database and sets it up beside the session of the actions.
type author struct {
	*session
	conn *pgx.Conn
}

func authorOf(t *testing.T) author {
	t.Helper()
	u, _ := labURL(t)
	conn, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal("connect to the lab's database")
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) }) // all it did is committed by itself
	return author{connect(t, block(u.String()), nil), conn}
}

// setUp makes tables by a text of several statements, in which S. stands for a schema of the test's own.
func (a author) setUp(t *testing.T, statements string) (schema string, in func(text string) string) {
	t.Helper()
	schema = fmt.Sprintf("data_test_%x", time.Now().UnixNano())
	in = func(text string) string { return strings.ReplaceAll(text, "S.", schema+".") }
	if _, err := a.conn.Exec(t.Context(), "CREATE SCHEMA "+schema+"; "+in(statements)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := a.conn.Exec(context.WithoutCancel(t.Context()), "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			t.Error(err)
		}
	})
	return schema, in
}

// content is all rows of a schema's tables, each by the table that it lies in.
func (a author) content(t *testing.T, schema string) map[string]string {
	t.Helper()
	query := func(sql string, args ...any) []string {
		rows, _ := a.conn.Query(t.Context(), sql, args...) // CollectRows has its error
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	all := map[string]string{}
	for _, table := range query("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema) {
		all[table] = strings.Join(query(fmt.Sprintf("SELECT r::text FROM ONLY %s.%s r ORDER BY 1", schema, table)), " ")
	}
	return all
}

const (
	plainTable = "CREATE TABLE S.t (id int PRIMARY KEY, v int); INSERT INTO S.t VALUES (1, 10), (2, 20), (3, 30);"
	ownTree    = "CREATE TABLE S.t (id int PRIMARY KEY, v int CONSTRAINT t_fk REFERENCES S.t ON DELETE CASCADE); INSERT INTO S.t VALUES (1, NULL), (2, 1), (3, 2);"
	parts      = "CREATE TABLE S.t (id int, v int) PARTITION BY LIST (v); CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES IN (1); CREATE TABLE S.t2 PARTITION OF S.t DEFAULT; INSERT INTO S.t VALUES (1, 1), (2, 2);"
	generated  = "CREATE TABLE S.t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v int, twice int GENERATED ALWAYS AS (v * 2) STORED); INSERT INTO S.t (v) VALUES (1), (2);"
	deleteOne  = "DELETE FROM S.t WHERE id = 1"
)

// referenced is plainTable, with a table whose rows 11 and 12 refer to its rows 1 and 2.
func referenced(actions string) string {
	return plainTable + "CREATE TABLE S.sub (id int PRIMARY KEY, t int DEFAULT 3 CONSTRAINT sub_fk REFERENCES S.t " + actions + "); INSERT INTO S.sub VALUES (11, 1), (12, 2);"
}

// inherited is a table of one row with a child of one row.
func inherited(columns string) string {
	return "CREATE TABLE S.t (id int, v int); CREATE TABLE S.heir (" + columns + ") INHERITS (S.t); INSERT INTO S.t VALUES (1, 10); INSERT INTO S.heir (id, v) VALUES (2, 20);"
}

// trigger makes one for each row, with a body in PL/pgSQL.
func trigger(kind, when, body string) string {
	return "CREATE FUNCTION S.acts() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN " + body + " END $f$; CREATE " + kind + "TRIGGER acts " + when + " FOR EACH ROW EXECUTE FUNCTION S.acts();"
}

const zeroSecond = "IF NEW.id = 1 THEN UPDATE S.t SET v = 0 WHERE id = 2; END IF; RETURN NULL;"

// TestPartOfAChange: a change of which the rows before and after hold a part is not made where the undo counts on them, and told of where
// it does not.
func TestPartOfAChange(t *testing.T) {
	s := authorOf(t)
	for name, tc := range map[string]struct{ setup, sql, why string }{
		"cascade":                  {referenced("ON DELETE CASCADE"), deleteOne, "1 row of S.sub deleted (sub_fk, ON DELETE CASCADE)"},
		"set null":                 {referenced("ON DELETE SET NULL"), deleteOne, "1 row of S.sub updated (sub_fk, ON DELETE SET NULL)"},
		"set default":              {referenced("ON DELETE SET DEFAULT"), deleteOne, "1 row of S.sub updated (sub_fk, ON DELETE SET DEFAULT)"},
		"deferred cascade":         {referenced("ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"), deleteOne, "1 row of S.sub deleted (sub_fk, ON DELETE CASCADE)"},
		"key updated, cascade":     {referenced("ON UPDATE CASCADE"), "UPDATE S.t SET id = 4 WHERE id = 1", "1 row of S.sub updated (sub_fk, ON UPDATE CASCADE)"},
		"key updated, set null":    {referenced("ON UPDATE SET NULL"), "UPDATE S.t SET id = id + 10 WHERE id < 3", "2 rows of S.sub updated (sub_fk, ON UPDATE SET NULL)"},
		"key updated by a trigger": {referenced("ON UPDATE CASCADE") + trigger("", "BEFORE UPDATE ON S.t", "NEW.id = NEW.id + 10; RETURN NEW;"), "UPDATE S.t SET v = 0 WHERE id = 1", "1 row of S.sub updated (sub_fk, ON UPDATE CASCADE)"},
		"cascade, and on from there": {referenced("ON DELETE CASCADE") + "CREATE TABLE S.far (sub int CONSTRAINT far_fk REFERENCES S.sub ON DELETE SET NULL); INSERT INTO S.far VALUES (11), (11)", deleteOne,
			"2 rows of S.far updated (far_fk, ON DELETE SET NULL)"},
		"cascade to a partition": {plainTable + "CREATE TABLE S.sub (id int, t int CONSTRAINT sub_fk REFERENCES S.t ON DELETE CASCADE) PARTITION BY LIST (id); CREATE TABLE S.sub1 PARTITION OF S.sub DEFAULT; INSERT INTO S.sub VALUES (11, 1)",
			deleteOne, "1 row of S.sub1 deleted (sub_fk, ON DELETE CASCADE)"},
		"cascade from a partition": {"CREATE TABLE S.t (id int PRIMARY KEY, v int) PARTITION BY RANGE (id); CREATE TABLE S.t1 PARTITION OF S.t DEFAULT; INSERT INTO S.t VALUES (1, 10);" +
			"CREATE TABLE S.sub (t int CONSTRAINT sub_fk REFERENCES S.t ON DELETE CASCADE); INSERT INTO S.sub VALUES (1)", deleteOne, "1 row of S.sub deleted"},
		"cascade within the table":         {ownTree, deleteOne, "3 rows of S.t deleted and 1 told (t_fk, ON DELETE CASCADE)"},
		"a child with more columns":        {inherited("extra text DEFAULT 'x'"), "DELETE FROM S.t", "1 row of S.heir deleted, which inherits from it"},
		"a child without":                  {inherited(""), "DELETE FROM S.t WHERE id = 2", "1 row of S.heir deleted, which inherits from it"},
		"a trigger that changes more rows": {plainTable + trigger("", "AFTER UPDATE ON S.t", zeroSecond), "UPDATE S.t SET v = 1 WHERE id = 1", "2 rows of S.t updated and 1 told"},
		"a trigger that does so at COMMIT": {plainTable + trigger("CONSTRAINT ", "AFTER UPDATE ON S.t DEFERRABLE INITIALLY DEFERRED", zeroSecond), "UPDATE S.t SET v = 1 WHERE id = 1", "2 rows of S.t updated and 1 told"},
		"a trigger that updates instead":   {plainTable + trigger("", "BEFORE DELETE ON S.t", "UPDATE S.t SET v = 0 WHERE id = OLD.id; RETURN NULL;"), deleteOne, "1 row of S.t updated and 0 told"},
		"a trigger that inserts into a child": {inherited("") + trigger("", "BEFORE INSERT ON S.t", "INSERT INTO S.heir SELECT NEW.*; RETURN NULL;"), "INSERT INTO S.t VALUES (5, 50)",
			"1 row of S.t inserted and 0 told"},
	} {
		t.Run(name, func(t *testing.T) {
			schema, in := s.setUp(t, tc.setup)
			was, args, why := s.content(t, schema), sql(in(tc.sql)), in(tc.why)
			for _, results := range []string{"before", "after"} {
				_, err := s.countedOn(args, results)
				if !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "CREATE TABLE") {
					t.Errorf("error is %v", err)
				}
				if diff := cmp.Diff(was, s.content(t, schema)); diff != "" {
					t.Fatal(diff)
				}
			}
			r, err := s.countedOn(args, "")
			if err != nil {
				t.Fatal(err)
			}
			if told := strings.Join(r.Warnings, "\n"); !strings.Contains(told, why) {
				t.Errorf("told %q", told)
			}
		})
	}
}

// TestWholeChange: an undo as the guide has it takes back all of a change that is made. Each goes there and back, and all tables are as they
// were.
func TestWholeChange(t *testing.T) {
	s := authorOf(t)
	const (
		insertBack = "INSERT INTO S.t (id, v) OVERRIDING SYSTEM VALUE SELECT id, v FROM jsonb_populate_recordset(NULL::S.t, $1)"
		updateBack = "UPDATE S.t SET v = o.v FROM jsonb_populate_recordset(NULL::S.t, $1) AS o WHERE t.id = o.id"
		deleteNew  = "DELETE FROM S.t USING jsonb_populate_recordset(NULL::S.t, $1) AS o WHERE t.id = o.id"
	)
	for name, tc := range map[string]struct{ setup, sql, undo string }{
		"no constraint":                    {plainTable, "DELETE FROM S.t WHERE id < 3", insertBack},
		"no action":                        {referenced(""), "DELETE FROM S.t WHERE id = 3", insertBack},
		"restrict":                         {referenced("ON DELETE RESTRICT ON UPDATE RESTRICT"), "UPDATE S.t SET v = 5 WHERE id = 1", updateBack},
		"cascade, of a row without":        {referenced("ON DELETE CASCADE"), "DELETE FROM S.t WHERE id = 3", insertBack},
		"cascade, of another column":       {referenced("ON DELETE CASCADE ON UPDATE CASCADE"), "UPDATE S.t SET v = 5 WHERE id = 1", updateBack},
		"cascade, to the same key":         {referenced("ON UPDATE CASCADE"), "UPDATE S.t SET id = id, v = 5 WHERE id = 1", updateBack},
		"cascade, of a new row":            {referenced("ON DELETE CASCADE"), "INSERT INTO S.t VALUES (4, 40)", deleteNew},
		"what refers":                      {referenced("ON DELETE CASCADE"), "UPDATE S.sub SET t = 2 WHERE id = 11", "UPDATE S.sub SET t = o.t FROM jsonb_populate_recordset(NULL::S.sub, $1) AS o WHERE sub.id = o.id"},
		"all of a tree":                    {ownTree, "DELETE FROM S.t", insertBack},
		"generated columns, deleted":       {generated, "DELETE FROM S.t WHERE v = 1", insertBack},
		"generated columns, updated":       {generated, "UPDATE S.t SET v = v + 1", updateBack},
		"partitions":                       {parts, "DELETE FROM S.t", insertBack},
		"from one partition to another":    {parts, "UPDATE S.t SET v = v + 1", updateBack},
		"children that are spared":         {inherited("extra text DEFAULT 'x'"), "DELETE FROM S.t WHERE id = 1", insertBack},
		"children by ONLY":                 {inherited("extra text DEFAULT 'x'"), "DELETE FROM ONLY S.t", insertBack},
		"children, updated":                {inherited("extra text DEFAULT 'x'"), "UPDATE S.t SET v = 5", updateBack},
		"children that a trigger inserts":  {inherited("") + trigger("", "BEFORE INSERT ON S.t", "INSERT INTO S.heir SELECT NEW.*; RETURN NULL;"), "DELETE FROM S.t WHERE id = 2", insertBack},
		"a trigger that sets a column":     {plainTable + trigger("", "BEFORE UPDATE ON S.t", "NEW.v = abs(NEW.v); RETURN NEW;"), "UPDATE S.t SET v = -5", updateBack},
		"a trigger that keeps rows":        {plainTable + trigger("", "BEFORE UPDATE ON S.t", "IF OLD.id = 2 THEN RETURN NULL; END IF; RETURN NEW;"), "UPDATE S.t SET v = 5", updateBack},
		"a deferred check":                 {referenced("DEFERRABLE INITIALLY DEFERRED"), "DELETE FROM S.t WHERE id = 3", insertBack},
		"a trigger that counts, both ways": {plainTable + "CREATE TABLE S.sum (v int); INSERT INTO S.sum VALUES (60);" + trigger("", "AFTER UPDATE ON S.t", "UPDATE S.sum SET v = v + NEW.v - OLD.v; RETURN NULL;"), "UPDATE S.t SET v = 5", updateBack},
	} {
		t.Run(name, func(t *testing.T) {
			schema, in := s.setUp(t, tc.setup)
			was, rows := s.content(t, schema), "before"
			if tc.undo == deleteNew {
				rows = "after"
			}
			r, err := s.countedOn(sql(in(tc.sql)), rows)
			if err != nil {
				t.Fatal(err)
			}
			if cmp.Equal(was, s.content(t, schema)) {
				t.Fatal("nothing was changed")
			}
			elsewhere := strings.Contains(strings.Join(r.Warnings, "\n"), in("3 rows of S.sum updated"))
			if elsewhere != strings.Contains(tc.setup, "S.sum") || !elsewhere && len(r.Warnings) > 0 {
				t.Errorf("warnings are %q", r.Warnings)
			}
			if _, _, err := s.write(pt.Values{"sql": cty.StringVal(in(tc.undo)), "args": cty.TupleVal([]cty.Value{r.Value.GetAttr(rows)})}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(was, s.content(t, schema)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUncountedChange: where the server does not count what is changed, nobody knows what else it is.
func TestUncountedChange(t *testing.T) {
	u := ownDatabase(t)
	s := connect(t, with(u, "options", "-c track_counts=off"), nil)
	s.must("CREATE TABLE t (id int)")
	if r := s.must("INSERT INTO t VALUES (1)"); len(r.Warnings) > 0 {
		t.Errorf("warnings are %q", r.Warnings)
	}
	_, err := s.countedOn(sql("DELETE FROM t"), "before")
	if !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), "counts 0 of 1 (track_counts is off") || !strings.Contains(err.Error(), "CREATE TABLE") {
		t.Errorf("error is %v", err)
	}
	if got := s.one("SELECT count(*) FROM t"); got != "1" {
		t.Errorf("%s rows are left", got)
	}
}
