package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// write runs postgres_exec as the engine does, and gives what it noted.
func (s *session) write(args pt.Values) (*provider.Result, json.RawMessage, error) {
	s.t.Helper()
	// Tests clean up with it, when their own context has ended.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), 2*time.Minute)
	defer cancel()
	a := s.provider.Action("postgres_exec")
	call := s.call("postgres_exec", args)
	var note json.RawMessage
	call.Note = func(n []byte) error { note = n; return nil }
	r, err := a.Run(ctx, call)
	return r, note, err
}

func (s *session) call(action string, args pt.Values) *provider.Call {
	s.t.Helper()
	spec := s.provider.Action(action).Spec()
	o := object(s.t, spec.Args(), args)
	return &provider.Call{Client: s.client, Args: o, Effect: spec.Classify(o), ReadOnly: s.readOnly}
}

// must is write that goes well.
func (s *session) must(text string) *provider.Result {
	s.t.Helper()
	r, _, err := s.write(sql(text))
	if err != nil {
		s.t.Fatalf("%s: %v", text, err)
	}
	return r
}

// one is the only value that a query gives.
func (s *session) one(query string) string {
	s.t.Helper()
	for _, v := range s.rows(sql(query)).Value.GetAttr("rows").Index(cty.Zero).AsValueMap() {
		return text(s.t, v)
	}
	return ""
}

// scratch gives a session and a schema of the test's own, which is dropped at its end.
func scratch(t *testing.T) (*session, string) {
	t.Helper()
	u, _ := labURL(t)
	s := connect(t, block(u.String()), nil)
	return s, schema(t, s)
}

func schema(t *testing.T, s *session) string {
	t.Helper()
	name := fmt.Sprintf("data_test_%x", time.Now().UnixNano())
	s.must("CREATE SCHEMA " + name)
	t.Cleanup(func() {
		if _, err := s.provider.Action("postgres_exec").Run(context.Background(), s.call("postgres_exec", sql("DROP SCHEMA "+name+" CASCADE"))); err != nil {
			t.Error(err)
		}
	})
	return name
}

// A change tells the rows before and after, from which an undo is written.
func TestExecAndUndo(t *testing.T) {
	s, schema := scratch(t)
	s.must("CREATE TABLE " + schema + ".t (id int PRIMARY KEY, state text)")
	r := s.must("INSERT INTO " + schema + ".t VALUES (1, 'open'), (2, 'open'), (3, 'closed'); -- end")
	if r.Summary != "INSERT 0 3" || r.Value.GetAttr("after").LengthInt() != 3 || r.Value.GetAttr("before").LengthInt() != 0 {
		t.Errorf("%q: %#v", r.Summary, r.Value)
	}
	update := pt.Values{
		"sql":  cty.StringVal("UPDATE " + schema + ".t AS x SET state = $1 WHERE x.state = $2 /* ; */"),
		"args": cty.TupleVal([]cty.Value{cty.StringVal("held"), cty.StringVal("open")}),
	}
	r, _, err := s.write(update)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"id":1,"state":"open"},{"id":2,"state":"open"}]`
	if diff := cmp.Diff(want, text(t, r.Value.GetAttr("before"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(strings.ReplaceAll(want, "open", "held"), text(t, r.Value.GetAttr("after"))); diff != "" {
		t.Error(diff)
	}
	// The undo.
	for it := r.Value.GetAttr("before").ElementIterator(); it.Next(); {
		_, row := it.Element()
		_, _, err := s.write(pt.Values{
			"sql":  cty.StringVal("UPDATE " + schema + ".t SET state = $1 WHERE id = $2"),
			"args": cty.TupleVal([]cty.Value{row.GetAttr("state"), row.GetAttr("id")}),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := s.one("SELECT string_agg(state, ',' ORDER BY id) FROM " + schema + ".t"); got != `"open,open,closed"` {
		t.Errorf("after the undo: %s", got)
	}
	r = s.must("DELETE FROM " + schema + ".t WHERE id = 3")
	if got := text(t, r.Value.GetAttr("before")); got != `[{"id":3,"state":"closed"}]` || number(r.Value.GetAttr("rows_affected")) != 1 {
		t.Errorf("before is %s", got)
	}
}

func TestExecList(t *testing.T) {
	s, schema := scratch(t)
	list := func(items ...string) pt.Values {
		var values []cty.Value
		for _, i := range items {
			values = append(values, cty.StringVal(strings.ReplaceAll(i, "S.", schema+".")))
		}
		return pt.Values{"statements": cty.TupleVal(values)}
	}
	r, _, err := s.write(list("CREATE TABLE S.t (id int PRIMARY KEY)", "INSERT INTO S.t VALUES (1), (2)", "UPDATE S.t SET id = 3 WHERE id = 2",
		"DO $$ BEGIN RAISE NOTICE 'hello'; END $$"))
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, r.Value.GetAttr("statements")); !strings.Contains(got, `"rows_affected":2`) || r.Summary != "4 statements, 3 rows" {
		t.Errorf("%s, %q", got, r.Summary)
	}
	if got := text(t, r.Value.GetAttr("notices")); got != `["NOTICE: hello"]` {
		t.Errorf("notices are %s", got)
	}
	// All or nothing.
	_, note, err := s.write(list("INSERT INTO S.t VALUES (10)", "INSERT INTO S.t VALUES (1)"))
	if err == nil || !strings.Contains(err.Error(), "SQLSTATE 23505") || !provider.NothingDone(err) {
		t.Errorf("error is %v", err)
	}
	if got := s.one("SELECT count(*) FROM " + schema + ".t WHERE id = 10"); got != "0" {
		t.Errorf("%s rows stayed", got)
	}
	inquire(t, s, list("x"), note, provider.NotDone)
	// A deferred constraint speaks up at COMMIT.
	s.must("ALTER TABLE " + schema + ".t ADD CONSTRAINT u UNIQUE (id) DEFERRABLE INITIALLY DEFERRED")
	s.must("ALTER TABLE " + schema + ".t DROP CONSTRAINT t_pkey")
	if _, _, err = s.write(list("INSERT INTO S.t VALUES (1)")); err == nil || !provider.NothingDone(err) {
		t.Errorf("error is %v", err)
	}
}

func inquire(t *testing.T, s *session, args pt.Values, note json.RawMessage, want provider.State) {
	t.Helper()
	found, err := s.provider.Action("postgres_exec").(provider.Inquirer).Inquire(t.Context(), s.call("postgres_exec", args), provider.Sent{Note: note})
	if err != nil || found.State != want {
		t.Errorf("found %+v, %v; expected state %d", found, err, want)
	}
}

func TestExecInquire(t *testing.T) {
	s, schema := scratch(t)
	create := sql("CREATE TABLE " + schema + ".t (id int)")
	_, note, err := s.write(create)
	if err != nil || !strings.Contains(string(note), "xid") {
		t.Fatalf("%s, %v", note, err)
	}
	inquire(t, s, create, note, provider.Done)
	inquire(t, s, create, nil, provider.NotDone)
	inquire(t, s, pt.Values{"sql": cty.StringVal("VACUUM"), "transaction": cty.False}, nil, provider.Unknown)
	inquire(t, s, create, json.RawMessage(`{"xid":"3"}`), provider.Unknown)
	// A statement that is interrupted before COMMIT did nothing, and is under way until the server has noticed.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	call := s.call("postgres_exec", pt.Values{"statements": cty.TupleVal([]cty.Value{
		cty.StringVal("INSERT INTO " + schema + ".t VALUES (1)"), cty.StringVal("SELECT pg_sleep(30)")})})
	call.Note = func(n []byte) error {
		note = n
		time.AfterFunc(300*time.Millisecond, cancel)
		return nil
	}
	_, err = s.provider.Action("postgres_exec").Run(ctx, call)
	if err == nil || !provider.NothingDone(err) {
		t.Errorf("error is %v", err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		found, err := s.provider.Action("postgres_exec").(provider.Inquirer).Inquire(t.Context(), call, provider.Sent{Note: note})
		if err != nil {
			t.Fatal(err)
		}
		if found.State == provider.NotDone {
			break
		}
		if found.State != provider.UnderWay || time.Now().After(deadline) {
			t.Fatalf("found %+v", found)
		}
	}
	if got := s.one("SELECT count(*) FROM " + schema + ".t"); got != "0" {
		t.Errorf("%s rows", got)
	}
}

func TestExecWithoutTransaction(t *testing.T) {
	s, schema := scratch(t)
	s.must("CREATE TABLE " + schema + ".t (id int)")
	vacuum := pt.Values{"sql": cty.StringVal("VACUUM " + schema + ".t"), "transaction": cty.False}
	if r, _, err := s.write(vacuum); err != nil || r.Summary != "VACUUM" {
		t.Errorf("%#v, %v", r, err)
	}
	delete(vacuum, "transaction")
	if _, _, err := s.write(vacuum); err == nil || !strings.Contains(err.Error(), "add transaction = false") || !provider.NothingDone(err) {
		t.Errorf("error is %v", err)
	}
	// That the table has partitions, only the server knows.
	s.must("CREATE TABLE " + schema + ".parts (id int) PARTITION BY LIST (id)")
	if _, _, err := s.write(sql("REINDEX TABLE " + schema + ".parts")); err == nil || !strings.Contains(err.Error(), "25001") || !provider.NothingDone(err) {
		t.Errorf("error is %v", err)
	}
	// What is set for a session is not there for the next.
	if _, _, err := s.write(pt.Values{"sql": cty.StringVal("SET search_path = nowhere"), "transaction": cty.False}); err != nil {
		t.Fatal(err)
	}
	if got := s.one("SELECT current_setting('search_path')"); strings.Contains(got, "nowhere") {
		t.Error(got)
	}
}

func TestExecRefusals(t *testing.T) {
	s, schema := scratch(t)
	s.must("CREATE TABLE " + schema + ".t (id int)")
	for statement, want := range map[string]string{
		"COPY " + schema + ".t FROM STDIN": "COPY FROM STDIN waits for rows that nobody sends",
		"COMMIT":                           "transactions are begun and ended by the action",
		"SELECT 1; SELECT 2":               "2 statements",
		"INSERT INTO " + schema + ".t (no) VALUES (1)": "SQLSTATE 42703",
		"-- nothing": "there is no statement in it",
		"":           "sql is empty",
	} {
		_, _, err := s.write(sql(statement))
		if err == nil || !strings.Contains(err.Error(), want) || !provider.NothingDone(err) {
			t.Errorf("%s: error is %v", statement, err)
		}
	}
	call := s.call("postgres_exec", sql("DELETE FROM "+schema+".t"))
	call.Effect = provider.Write
	if _, err := s.provider.Action("postgres_exec").Run(t.Context(), call); err == nil || !strings.Contains(err.Error(), "destructive") {
		t.Errorf("error is %v", err)
	}
	// What a rollback does not take back is not nothing.
	if _, _, err := s.write(sql("SELECT pg_notify('x', 'y'), 1 / 0")); err == nil || provider.NothingDone(err) {
		t.Errorf("error is %v", err)
	}
}

func TestExecPreview(t *testing.T) {
	s := authorOf(t)
	schema, in := s.setUp(t, referenced("ON DELETE CASCADE")+"CREATE TABLE S.far (sub int CONSTRAINT far_fk REFERENCES S.sub ON DELETE SET NULL) PARTITION BY LIST (sub); CREATE TABLE S.far1 PARTITION OF S.far DEFAULT;")
	was := s.content(t, schema)
	estimated := func(change string) provider.Change {
		return provider.Change{Path: in("S.t"), Before: "the rows that match now", After: change + ", as the planner estimates"}
	}
	for statement, want := range map[string][]provider.Change{
		"UPDATE S.t SET v = 1 WHERE id = 1": {estimated("UPDATE of about 1 row")},
		"DELETE FROM S.t WHERE id = 1": {estimated("DELETE of about 1 row"),
			{Path: in("S.far"), Before: "the rows that refer to those", After: "changed with them (far_fk, ON DELETE SET NULL)"},
			{Path: in("S.sub"), Before: "the rows that refer to those", After: "changed with them (sub_fk, ON DELETE CASCADE)"}},
		"INSERT INTO S.t SELECT 4, 40": {{Path: in("S.t"), Before: "the rows that are there", After: "INSERT of about 1 row, as the planner estimates"}},
	} {
		changes, err := s.provider.Action("postgres_exec").(provider.Previewer).Preview(t.Context(), s.call("postgres_exec", sql(in(statement))))
		if diff := cmp.Diff(want, changes); err != nil || diff != "" {
			t.Errorf("%s: %v %s", statement, err, diff)
		}
	}
	if diff := cmp.Diff(was, s.content(t, schema)); diff != "" {
		t.Error(diff)
	}
}

func superuser(t *testing.T) *session {
	t.Helper()
	if _, err := url.Parse(pt.Lab(t, "LAB_DATABASE_SUPERUSER_URL")); err != nil {
		t.Fatal("LAB_DATABASE_SUPERUSER_URL is not a URL")
	}
	return connect(t, block(pt.Lab(t, "LAB_DATABASE_SUPERUSER_URL")), nil)
}
