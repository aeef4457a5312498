package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

func text(t *testing.T, v cty.Value) string {
	t.Helper()
	out, err := ctyjson.SimpleJSONValue{Value: v}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestQueryTypes(t *testing.T) {
	u, _ := labURL(t)
	s := connect(t, block(u.String()), nil)
	for expression, want := range map[string]struct{ value, typ string }{
		"7::int2":             {`7`, "int2"},
		"9223372036854775807": {`9223372036854775807`, "int8"},
		"1.5::float4":         {`1.5`, "float4"},
		"0.1::float8":         {`0.1`, "float8"},
		"123456789012345678901234567890.123456789": {`123456789012345678901234567890.123456789`, "numeric"},
		"'NaN'::numeric":      {`null`, "numeric"},
		"'-Infinity'::float8": {`null`, "float8"},
		"true":                {`true`, "bool"},
		"null::int":           {`null`, "int4"},
		"'a''b'::text":        {`"a'b"`, "text"},
		"'x'::char(3)":        {`"x  "`, "bpchar"},
		`'{"b": [1, null, "x"], "a": 1.50}'::jsonb`:    {`{"a":1.5,"b":[1,null,"x"]}`, "jsonb"},
		`'[1, "a"]'::json`:                             {`[1,"a"]`, "json"},
		"array[1, 2, null]":                            {`[1,2,null]`, "int4[]"},
		`array['a b', 'NULL', '', 'q"\', null]`:        {`["a b","NULL","","q\"\\",null]`, "text[]"},
		"array[array[1, 2], array[3, 4]]":              {`[[1,2],[3,4]]`, "int4[]"},
		"'{}'::text[]":                                 {`[]`, "text[]"},
		"'[0:1]={5,6}'::int[]":                         {`[5,6]`, "int4[]"},
		`array['{"a": 1}'::jsonb]`:                     {`[{"a":1}]`, "jsonb[]"},
		"'2026-01-31 23:30:00.25+05:30'::timestamptz":  {`"2026-01-31T18:00:00.25Z"`, "timestamptz"},
		"'2026-01-31 23:30:00'::timestamp":             {`"2026-01-31T23:30:00Z"`, "timestamp"},
		"'infinity'::timestamptz":                      {`"infinity"`, "timestamptz"},
		"'2026-01-31'::date":                           {`"2026-01-31"`, "date"},
		"'01:02:03'::time":                             {`"01:02:03"`, "time"},
		"'1 day 02:03:04'::interval":                   {`"1 day 02:03:04"`, "interval"},
		`'\xdeadbeef'::bytea`:                          {`"3q2+7w=="`, "bytea"},
		"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid": {`"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"`, "uuid"},
		"'10.0.0.1/8'::inet":                           {`"10.0.0.1/8"`, "inet"},
		"'0/16B3748'::pg_lsn":                          {`"0/16B3748"`, "pg_lsn"},
		"'{a,b}'::information_schema.sql_identifier[]": {`"{a,b}"`, "sql_identifier[]"},
	} {
		t.Run(expression, func(t *testing.T) {
			r := s.rows(sql("SELECT " + expression + " AS v"))
			rows := r.Value.GetAttr("rows")
			got := text(t, rows.Index(cty.Zero).GetAttr("v"))
			column := r.Value.GetAttr("columns").Index(cty.Zero)
			if got != want.value || column.GetAttr("type").AsString() != want.typ {
				t.Errorf("got %s of type %s, expected %s of %s", got, column.GetAttr("type").AsString(), want.value, want.typ)
			}
			if warned := len(r.Warnings) > 0; warned != (want.value == "null" && expression != "null::int") {
				t.Errorf("warnings: %q", r.Warnings)
			}
		})
	}
}

func TestQueryArgs(t *testing.T) {
	u, _ := labURL(t)
	s := connect(t, block(u.String()), nil)
	r := s.rows(pt.Values{
		"sql": cty.StringVal(`SELECT $1::int + 1 AS n, $2::text AS t, $3::bool AS b, $4::jsonb->'a' AS j, $5::text IS NULL AS nothing,
			(SELECT count(*) FROM users WHERE id = ANY($6)) AS found, $7::text[] AS list`),
		"args": cty.TupleVal([]cty.Value{
			cty.NumberIntVal(41), cty.StringVal("'; DROP TABLE users; --"), cty.True,
			cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("x")}), cty.NullVal(cty.DynamicPseudoType),
			cty.TupleVal([]cty.Value{cty.NumberIntVal(1), cty.NumberIntVal(2), cty.NumberIntVal(-1)}),
			cty.TupleVal([]cty.Value{cty.StringVal(`a"b\`), cty.StringVal("c,{d}")}),
		}),
	})
	want := `{"b":true,"found":2,"j":"x","list":["a\"b\\","c,{d}"],"n":42,"nothing":true,"t":"'; DROP TABLE users; --"}`
	if diff := cmp.Diff(want, text(t, r.Value.GetAttr("rows").Index(cty.Zero))); diff != "" {
		t.Error(diff)
	}
}

// Few rows may be long: what is kept of them is bounded too.
func TestQueryOfLongRows(t *testing.T) {
	u, _ := labURL(t)
	r := connect(t, block(u.String()), nil).rows(sql("SELECT repeat('x', 4 << 20) AS long FROM generate_series(1, 6)"))
	if got := number(attr(t, r, "row_count")); got != 4 || attr(t, r, "truncated").False() || r.Summary != "the first 4 rows" {
		t.Errorf("%v rows, truncated %#v, %q", got, attr(t, r, "truncated"), r.Summary)
	}
}

func TestQueryRefusals(t *testing.T) {
	u, _ := labURL(t)
	s := connect(t, block(u.String()), nil)
	for statement, want := range map[string]string{
		"INSERT INTO users (email) VALUES ('x')":                    "starts with INSERT",
		"  -- a comment\n/* another */ UPDATE users SET email = ''": "starts with UPDATE",
		"COPY users TO PROGRAM 'cat'":                               "starts with COPY",
		"BEGIN":                                                     "starts with BEGIN",
		"COMMIT":                                                    "starts with COMMIT",
		"SET TRANSACTION READ WRITE":                                "starts with SET",
		"DO $$ BEGIN DELETE FROM users; END $$":                     "starts with DO",
		"SELECT 1; DELETE FROM users":                               "2 statements",
		"SELECT 1; COMMIT; DELETE FROM users":                       "3 statements",
		"":                                                          "no statement",
		"WITH gone AS (DELETE FROM users RETURNING id) SELECT count(*) FROM gone":       "kind DELETE",
		"EXPLAIN ANALYZE DELETE FROM users":                                             "carries out what it explains",
		"SELECT * INTO copied FROM users":                                               "it makes a table",
		"SELECT id FROM users FOR UPDATE":                                               "it locks rows",
		"SELECT set_config('transaction_read_only', 'off', false), count(*) FROM users": "set_config is not known to only read",
		"SELECT txid_current()":                                                         "function txid_current gives the transaction a number, which uses one up",
		"SELECT pg_current_xact_id()":                                                   "function pg_current_xact_id gives the transaction a number, which uses one up",
		"SELECT table_to_xml('users', true, true, '')":                                  "function table_to_xml runs or calls what it is given as a text, or the name of.",
		"SELECT pg_terminate_backend(1)":                                                "state effect = \"write\"",
		"SELECT count(*) AS n, 2 AS n FROM users":                                       "two columns are named \"n\"",
		"SELECT *\nFROM nodse":                                                          "SQLSTATE 42P01: relation \"nodse\" does not exist at line 2, column 6",
		"SELECT FROM WHERE":                                                             "SQLSTATE 42601",
		"SELECT card FROM billing_secrets":                                              "SQLSTATE 42501",
		"SELECT 1 / 0":                                                                  "SQLSTATE 22012",
	} {
		t.Run(statement, func(t *testing.T) {
			_, err := s.run("postgres_query", sql(statement), provider.Read)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("error is %v, expected one with %q", err, want)
			}
			if !provider.Permanent(err) || !strings.Contains(err.Error(), u.Host+u.Path) {
				t.Errorf("error is %v: permanent %v", err, provider.Permanent(err))
			}
		})
	}
	// Whatever was tried, the connection goes on and nothing is gone.
	r := s.rows(sql("SELECT count(*) >= 2000 AS ok FROM users"))
	if !r.Value.GetAttr("rows").Index(cty.Zero).GetAttr("ok").True() {
		t.Error("users are gone")
	}
}

func TestQueryLeavesNoTrace(t *testing.T) {
	u, _ := labURL(t)
	s := connect(t, pt.Values{"url": cty.StringVal(u.String()), "max_connections": cty.NumberIntVal(1)}, nil)
	ask := sql("SELECT current_setting('search_path') AS path, pg_backend_pid() AS pid")
	before := s.rows(ask)
	if _, err := s.run("postgres_query", sql("SELECT set_config('search_path', 'nowhere', false)"), provider.Write); err != nil {
		t.Fatal(err)
	}
	after := s.rows(ask)
	if !before.Value.GetAttr("rows").RawEquals(after.Value.GetAttr("rows")) {
		t.Errorf("%#v became %#v", before.Value, after.Value)
	}
}

func TestQueryWithSideEffect(t *testing.T) {
	u, _ := labURL(t)
	s := connect(t, block(u.String()), nil)
	args := sql("SELECT pg_cancel_backend(0)")
	spec := s.provider.Action("postgres_query").Spec()
	if got := spec.Classify(object(t, spec.Args(), args)); got != provider.Write {
		t.Errorf("it is classified as %s", got)
	}
	if _, err := s.run("postgres_query", args, provider.Write); err != nil {
		t.Errorf("as a write: %v", err)
	}
	s.readOnly = true
	if _, err := s.run("postgres_query", args, provider.Write); !errors.Is(err, provider.ErrReadOnly) {
		t.Errorf("in a read-only run: %v", err)
	}
}

func TestStatementTimeout(t *testing.T) {
	u, _ := labURL(t)
	s := connect(t, pt.Values{"url": cty.StringVal(u.String()), "statement_timeout": cty.StringVal("50ms")}, nil)
	_, err := s.run("postgres_query", sql("SELECT pg_sleep(30)"), provider.Read)
	if err == nil || !strings.Contains(err.Error(), "SQLSTATE 57014") || !strings.Contains(err.Error(), "statement_timeout") {
		t.Errorf("error is %v", err)
	}
	if provider.Permanent(err) {
		t.Error("it could go well another time")
	}
}

// An interrupted statement must not go on at the server.
func TestCancelReachesTheServer(t *testing.T) {
	u, _ := labURL(t)
	s := connect(t, block(u.String()), nil)
	const marker = "SELECT pg_sleep(60) AS interrupted_by_a_test"
	pt.Run(t, pt.Suite{Provider: s.provider, Config: block(u.String()), Host: host(nil), Cases: []pt.Case{
		{Kind: pt.Timeout, Action: "postgres_query", Args: sql(marker), Endpoint: u.Host},
	}, Exceptions: everything()})
	running := pt.Values{
		"sql":  cty.StringVal("SELECT count(*) AS n FROM pg_stat_activity WHERE query = $1 AND state = 'active'"),
		"args": cty.TupleVal([]cty.Value{cty.StringVal(marker)}),
	}
	for deadline := time.Now().Add(time.Minute); ; {
		got := s.rows(running).Value.GetAttr("rows").Index(cty.Zero).GetAttr("n")
		if got.RawEquals(cty.Zero) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%#v of them still run", got)
		}
	}
}

// everything excepts all actions from all kinds: the contract is tested elsewhere.
func everything() []pt.Exception {
	var all []pt.Exception
	for _, kind := range []pt.Kind{pt.Happy, pt.Unreachable, pt.Refused, pt.Timeout, pt.Cancelled, pt.Bounded} {
		all = append(all, pt.Exception{Action: pt.Every, Kind: kind, Reason: "TestContract has it."})
	}
	return all
}
