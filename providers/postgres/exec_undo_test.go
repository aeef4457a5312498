package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// countedOn runs postgres_exec in a step whose undo counts on these results.
func (s *session) countedOn(args pt.Values, results string) (*provider.Result, error) {
	s.t.Helper()
	call := s.call("postgres_exec", args)
	call.CountedOn = func(name string) bool { return strings.Contains(results, name) }
	return s.provider.Action("postgres_exec").Run(s.t.Context(), call)
}

// TestRowsGivenBack: what before tells of a row, given back as args, makes the row what it was.
func TestRowsGivenBack(t *testing.T) {
	s, schema := scratch(t)
	values := map[string]string{ // by type
		"numeric[]": "'{1.5,12345678901234567890.5,NULL}'", "numeric(30,2)": "1234567890123456.78", " jsonb[]": `ARRAY['{"x": 12345678901234567890.123}'::jsonb]`,
		"bytea": `'\x00ff10'`, "bytea[]": `ARRAY['\x00'::bytea, NULL, '\x']`, "numeric": "123456789012345678901234567890.123456789",
		"jsonb": `'{"a": [1, null, "b"]}'`, "json": "'[]'", "jsonb[]": `ARRAY['{"a": 1}'::jsonb, '[2]']`, "int[]": "'{1,NULL,3}'",
		"text[]": `ARRAY['a,b', 'c"d\e', '', 'NULL', NULL]`, "int[][]": "'{{1,2},{3,4}}'", "timestamptz": "'2024-02-03 04:05:06.789+02'",
		"interval": "'1 year 2 mons -3 days 04:05:06.7'", "int4range": "'[1,5)'", "point": "'(1.5,2)'", "bit(3)": "B'101'", "uuid[]": "'{}'",
	}
	for i, list := range []string{"[]", "[1, 2]", `["a", "1", {"b": []}]`, `"a text"`, "true", "12.5"} {
		values[strings.Repeat(" ", i+1)+"jsonb"] = "'" + list + "'"
	}
	for kind, value := range values {
		t.Run(kind+" "+value, func(t *testing.T) {
			table := fmt.Sprintf("%s.t%d", schema, len(kind)*100+len(value))
			s.must("CREATE TABLE " + table + " (v " + kind + ", was " + kind + ")")
			defer s.must("DROP TABLE " + table)
			s.must("INSERT INTO " + table + " VALUES (" + value + "," + value + ")")
			r, err := s.countedOn(sql("UPDATE "+table+" SET v = NULL"), "before")
			if err != nil {
				t.Fatal(err)
			}
			kept, err := provider.NotedValue{Value: r.Value.GetAttr("before")}.MarshalJSON()
			var read provider.NotedValue
			if err = errors.Join(err, read.UnmarshalJSON(kept)); err != nil {
				t.Fatal(err)
			}
			before := read.Index(cty.Zero).GetAttr("v")
			_, _, err = s.write(pt.Values{"sql": cty.StringVal("UPDATE " + table + " SET v = $1"), "args": cty.TupleVal([]cty.Value{before})})
			if err != nil {
				t.Fatalf("%v, of %#v", err, before)
			}
			if got := s.one("SELECT row(v)::text = row(was)::text OR v::text = was::text FROM " + table); got != "true" {
				t.Errorf("it is %s, was %s", s.one("SELECT v::text FROM "+table), value)
			}
		})
	}
}

// TestValuesThatCannotBeGivenBack: what the language has no value for is warned of, as an undo would write NULL.
func TestValuesThatCannotBeGivenBack(t *testing.T) {
	s, schema := scratch(t)
	for kind, value := range map[string]string{"numeric": "NaN", "jsonb": "null", "float8": "Infinity"} {
		table := schema + "." + kind
		s.must("CREATE TABLE " + table + " (v " + kind + ")")
		s.must("INSERT INTO " + table + " VALUES ('" + value + "')")
		r, err := s.countedOn(sql("UPDATE "+table+" SET v = NULL"), "before")
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Join(r.Warnings, "\n"); !strings.Contains(told, `"v"`) || !strings.Contains(told, "an undo that gives it back writes NULL") {
			t.Errorf("%s: told %q", value, told)
		}
	}
}

// TestRowsBeyondTheLimit: an undo that would take back a part of a change is found out before the change is made.
func TestRowsBeyondTheLimit(t *testing.T) {
	s, schema := scratch(t)
	s.must("CREATE TABLE " + schema + ".t (id int, v int DEFAULT 0)")
	s.must("INSERT INTO " + schema + ".t SELECT generate_series(1, 5)")
	for _, test := range []struct{ sql, results string }{
		{"UPDATE S.t SET v = 1", "before"},
		{"DELETE FROM S.t", "before"},
		{"INSERT INTO S.t SELECT generate_series(6, 10)", "after"},
	} {
		args := sql(strings.ReplaceAll(test.sql, "S.", schema+"."))
		args["row_limit"] = cty.NumberIntVal(4)
		_, err := s.countedOn(args, test.results)
		if !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), "row_limit") || !strings.Contains(err.Error(), "4 of 5 rows") {
			t.Errorf("%s: error is %v", test.sql, err)
		}
		if got := s.one("SELECT count(*) || ' ' || sum(v) FROM " + schema + ".t"); got != `"5 0"` {
			t.Fatalf("%s: the rows are %s", test.sql, got)
		}
	}
	args := sql("UPDATE " + schema + ".t SET v = 1")
	args["row_limit"] = cty.NumberIntVal(4)
	r, _, err := s.write(args)
	if err != nil || r.Value.GetAttr("truncated").False() || r.Value.GetAttr("before").LengthInt() != 4 {
		t.Errorf("without an undo it is %+v, %v", r, err)
	}
}

// TestOtherRowsThanBefore: a condition that chooses other rows the second time it is asked doesn't tell what the change was of.
func TestOtherRowsThanBefore(t *testing.T) {
	s, schema := scratch(t)
	s.must("CREATE TABLE " + schema + ".t (id int, v int DEFAULT 0) PARTITION BY RANGE (id)")
	for i := range 2 {
		s.must(fmt.Sprintf("CREATE TABLE %[1]s.t%[2]d PARTITION OF %[1]s.t FOR VALUES FROM (%[2]d00) TO (%[3]d00)", schema, i, i+1))
	}
	s.must("INSERT INTO " + schema + ".t SELECT generate_series(0, 199)")
	other := "UPDATE S.t SET v = 1 WHERE id IN (SELECT id FROM S.t ORDER BY random() LIMIT 20)"
	some := "UPDATE S.t SET v = 1 WHERE random() < 0.5"
	for _, text := range []string{other, some} {
		args := sql(strings.ReplaceAll(text, "S.", schema+"."))
		args["row_limit"] = cty.NumberIntVal(1000)
		_, err := s.countedOn(args, "before")
		if !provider.NothingDone(err) || !strings.Contains(err.Error(), "other rows") {
			t.Errorf("%s: error is %v", text, err)
		}
		if got := s.one("SELECT sum(v)::int FROM " + schema + ".t"); got != "0" {
			t.Fatalf("%s: the sum is %s", text, got)
		}
		r, _, err := s.write(args)
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Join(r.Warnings, "\n"); !r.Value.GetAttr("before").IsNull() || !strings.Contains(told, "other rows") || r.Value.GetAttr("after").IsNull() {
			t.Errorf("%s: told %q", text, told)
		}
		s.must("UPDATE " + schema + ".t SET v = 0 WHERE v = 1")
	}
	r, err := s.countedOn(sql("UPDATE "+schema+".t SET id = id + 100 WHERE id < 50"), "before")
	if err != nil || r.Value.GetAttr("before").LengthInt() != 50 {
		t.Errorf("into another partition: %v", err)
	}
}

// TestRowsThatATriggerKeeps: rows that the condition chooses, and that are not changed, are not among those before.
func TestRowsThatATriggerKeeps(t *testing.T) {
	s, schema := scratch(t)
	s.must("CREATE TABLE " + schema + ".t (id int, v int)")
	s.must("INSERT INTO " + schema + ".t SELECT generate_series(1, 6), 0")
	s.must("CREATE FUNCTION " + schema + ".keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.id % 2 = 0 THEN RETURN NULL; END IF; RETURN NEW; END'")
	s.must("CREATE TRIGGER keep BEFORE UPDATE ON " + schema + ".t FOR EACH ROW EXECUTE FUNCTION " + schema + ".keep()")
	r, err := s.countedOn(sql("UPDATE "+schema+".t SET v = 1"), "before")
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, r.Value.GetAttr("before")); got != `[{"id":1,"v":0},{"id":3,"v":0},{"id":5,"v":0}]` {
		t.Errorf("before is %s", got)
	}
}

// TestValuesThatAreNotExact: what an undo would give back as another value is found out, and the change is not made.
func TestValuesThatAreNotExact(t *testing.T) {
	s, schema := scratch(t)
	for i, test := range []struct{ kind, value, why string }{
		{"json", `'{"a": 1, "b": {"a": 2}, "a": 3}'`, "a key twice"},
		{"json[]", `ARRAY['[{"a": 1, "a": 2}]'::json]`, "a key twice"},
		{"jsonb", `'{"y": 1e400}'`, "too large or too small"},
		{"jsonb", `'[1e-400]'`, "too large or too small"},
		{"numeric", "'1e20000'", "too large or too small"},
		{"numeric[]", "'{1e-16000}'", "too large or too small"},
	} {
		table := fmt.Sprintf("%s.t%d", schema, i)
		s.must("CREATE TABLE " + table + " (v " + test.kind + ")")
		s.must("INSERT INTO " + table + " VALUES (" + test.value + ")")
		_, err := s.countedOn(sql("DELETE FROM "+table), "before")
		if !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), test.why) || !strings.Contains(err.Error(), `column "v"`) {
			t.Errorf("%s %s: error is %v", test.kind, test.value, err)
		}
		if got := s.one("SELECT count(*) FROM " + table); got != "1" {
			t.Errorf("%s %s: %s rows are left", test.kind, test.value, got)
		}
		s.must("DELETE FROM " + table)
	}
}

// TestRowsThatThereCannotBe: a change whose undo counts on rows that no such change has is not made.
func TestRowsThatThereCannotBe(t *testing.T) {
	s, schema := scratch(t)
	s.must("CREATE TABLE " + schema + ".t (id int PRIMARY KEY, v int DEFAULT 0)")
	s.must("INSERT INTO " + schema + ".t SELECT generate_series(1, 5)")
	for _, test := range []struct {
		sql  string
		with pt.Values
		why  string
	}{
		{"TRUNCATE S.t", nil, "not an INSERT, UPDATE or DELETE"},
		{"UPDATE S.t SET v = 1", pt.Values{"row_limit": cty.Zero}, "row_limit is 0"},
		{"UPDATE S.t SET v = 1 RETURNING id", nil, "RETURNING of its own"},
		{"WITH x AS (SELECT 1) DELETE FROM S.t", nil, "not an INSERT, UPDATE or DELETE"},
		{"MERGE INTO S.t USING (VALUES (1)) AS n (id) ON n.id = t.id WHEN MATCHED THEN DELETE", nil, "not an INSERT, UPDATE or DELETE"},
		{"INSERT INTO S.t VALUES (1) ON CONFLICT (id) DO UPDATE SET v = 1", nil, "ON CONFLICT"},
		{"DELETE FROM S.t USING S.t AS o WHERE o.id = t.id", nil, "USING"},
		{"DELETE FROM S.t", pt.Values{"transaction": cty.False}, "in a transaction"},
		{"", pt.Values{"sql": cty.NullVal(cty.String), "statements": cty.ListVal([]cty.Value{
			cty.StringVal("DELETE FROM " + schema + ".t"), cty.StringVal("SELECT 1")})}, "not of statements"},
	} {
		for _, results := range []string{"before", "after"} {
			args := sql(strings.ReplaceAll(test.sql, "S.", schema+"."))
			for name, v := range test.with {
				args[name] = v
			}
			call := s.call("postgres_exec", args)
			call.CountedOn = func(name string) bool { return name == results }
			call.Effect = provider.Destructive
			_, err := s.provider.Action("postgres_exec").Run(t.Context(), call)
			if !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), test.why) || !strings.Contains(err.Error(), "CREATE TABLE") {
				t.Errorf("%s: error is %v", test.sql, err)
			}
			if got := s.one("SELECT count(*) || ' ' || sum(v) FROM " + schema + ".t"); got != `"5 0"` {
				t.Fatalf("%s: the rows are %s", test.sql, got)
			}
		}
	}
}

// TestArraysGivenBack: an array of each kind comes back through before and args as it was, or the change is refused beforehand. None becomes
// another value without a word.
func TestArraysGivenBack(t *testing.T) {
	s, schema := scratch(t)
	s.must("CREATE TYPE " + schema + ".mood AS ENUM ('sad', 'a,b', 'NULL')")
	s.must("CREATE TYPE " + schema + ".pair AS (a int, b text)")
	s.must("CREATE DOMAIN " + schema + ".amount AS numeric CHECK (VALUE > 0)")
	for _, tc := range []struct {
		kind, value string
		refused     bool
	}{
		{"jsonb[]", `ARRAY['[1, 2]'::jsonb, '[]', '{"a": [null]}', NULL, '"text"', '1.5', 'true']`, false},
		{"json[]", `ARRAY['[1,2]'::json, '[]', NULL]`, false},
		{"jsonb[][]", `ARRAY[['1', '2'], ['3', '4']]`, true},
		{"jsonb[][]", `ARRAY[['[1]'::jsonb, '[2]']]`, true},
		{"json[][]", `ARRAY[['{}'::json, NULL]]`, true},
		{"jsonb[]", `ARRAY['null'::jsonb]`, true},
		{"jsonb[]", `ARRAY['"12"'::jsonb]`, true},
		{"jsonb[]", `'[0:1]={1,2}'`, true},
		{"jsonb[]", `'{}'`, false},
		{"jsonb", `'"12"'`, true},
		{"jsonb", `'"[]"'`, true},
		{"jsonb", `'{"a": "12"}'`, false},
		{"int[]", `'[0:2]={1,2,3}'`, true},
		{"int[]", `'[-1:0][2:3]={{1,2},{3,4}}'`, true},
		{"int[][][]", `'{{{1,2},{3,NULL}},{{5,6},{7,8}}}'`, false},
		{"text[][]", `ARRAY[['a,b', 'c"d\e'], ['', NULL], ['NULL', '{}']]`, false},
		{"numeric[][]", `'{{1.75,12345678901234567890.5},{NULL,-1}}'`, false},
		{"bool[][]", `'{{t,f},{NULL,t}}'`, false},
		{"bytea[][]", `ARRAY[['\x00ff'::bytea, NULL], ['\x', '\x5c22']]`, false},
		{"timestamptz[][]", `ARRAY[['2024-02-03 04:05:06.789+02'::timestamptz, 'infinity'], [NULL, '0001-01-01 BC']]`, false},
		{"date[]", `ARRAY['infinity'::date, '2024-02-03']`, false},
		{"interval[][]", `ARRAY[['1 year -3 days 04:05:06.7'::interval]]`, false},
		{"uuid[][]", `ARRAY[['00000000-0000-0000-0000-000000000001'::uuid]]`, false},
		{"int4range[][]", `ARRAY[['[1,5)'::int4range, 'empty'], ['(,3)', NULL]]`, false},
		{"nummultirange[]", `ARRAY['{[1,2),[3,4)}'::nummultirange]`, false},
		{"box[]", `ARRAY['(1,2),(3,4)'::box, NULL]`, false},
		{"bit(3)[]", `ARRAY[B'101', B'000']`, false},
		{"char(3)[]", `ARRAY['a', 'b c']`, false},
		{"S.mood[][]", `ARRAY[['sad'::S.mood, 'a,b'], ['NULL', NULL]]`, false},
		{"S.pair[]", `ARRAY[ROW(1, 'x,"y"')::S.pair, ROW(NULL, NULL)::S.pair, NULL]`, false},
		{"S.pair[][]", `ARRAY[[ROW(1, '(a)')::S.pair], [ROW(2, '')::S.pair]]`, false},
		{"S.amount[][]", `ARRAY[[1.5::S.amount, 2], [NULL, 3]]`, false},
	} {
		kind, value := strings.ReplaceAll(tc.kind, "S.", schema+"."), strings.ReplaceAll(tc.value, "S.", schema+".")+"::"+strings.ReplaceAll(tc.kind, "S.", schema+".")
		t.Run(tc.kind+" "+tc.value, func(t *testing.T) {
			table := schema + ".given"
			s.must("CREATE TABLE " + table + " (v " + kind + ", was " + kind + ")")
			defer s.must("DROP TABLE " + table)
			s.must("INSERT INTO " + table + " VALUES (" + value + "," + value + ")")
			r, err := s.countedOn(sql("UPDATE "+table+" SET v = NULL"), "before")
			if tc.refused {
				if err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "can't give them back") || s.one("SELECT v IS NULL FROM "+table) != "false" {
					t.Errorf("it is not refused: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			before := r.Value.GetAttr("before").Index(cty.Zero).GetAttr("v")
			if _, _, err = s.write(pt.Values{"sql": cty.StringVal("UPDATE " + table + " SET v = $1"), "args": cty.TupleVal([]cty.Value{before})}); err != nil {
				t.Fatalf("%v, of %#v", err, before)
			}
			if got := s.one("SELECT v::text = was::text OR to_jsonb(v)::text = to_jsonb(was)::text FROM " + table); got != "true" {
				t.Errorf("it is %s, was %s", s.one("SELECT v::text FROM "+table), s.one("SELECT was::text FROM "+table))
			}
		})
	}
}
