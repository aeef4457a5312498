package postgres_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// TestExecSentAgain: the answer to COMMIT was lost. What is committed is not done twice, and has the rows before; what was rolled back is
// done.
func TestExecSentAgain(t *testing.T) {
	s, schema := scratch(t)
	s.must("CREATE TABLE " + schema + ".t (id int, n int, at timestamptz DEFAULT now())")
	s.must("INSERT INTO " + schema + ".t VALUES (1, 5), (2, NULL)")
	update := pt.Values{"sql": cty.StringVal("UPDATE " + schema + ".t SET n = coalesce(n, 0) + $1"), "args": cty.TupleVal([]cty.Value{cty.NumberIntVal(1)})}
	first, note, err := s.write(update)
	if err != nil {
		t.Fatal(err)
	}
	call := s.call("postgres_exec", update)
	call.Earlier = &provider.Sent{Note: note}
	again, err := s.provider.Action("postgres_exec").Run(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text(t, first.Value), text(t, again.Value)); diff != "" || first.Summary != again.Summary || !strings.Contains(strings.Join(again.Warnings, " "), "committed") {
		t.Errorf("%s\n%+v", diff, again)
	}
	inquire(t, s, update, note, provider.Done)
	sum := "SELECT sum(n)::int FROM " + schema + ".t"
	if got := s.one(sum); got != "7" {
		t.Errorf("the sum is %s: it was done twice", got)
	}
	// Of a version that noted no rows: it is not done again either.
	at := strings.Index(string(note), `,"result"`)
	call.Earlier.Note = []byte(string(note)[:at] + "}")
	if _, err := s.provider.Action("postgres_exec").Run(t.Context(), call); !provider.NothingDone(err) || !strings.Contains(err.Error(), "not sent again") {
		t.Errorf("error is %v", err)
	}
	// Rolled back: it looks afresh.
	_, note, err = s.write(pt.Values{"statements": cty.TupleVal([]cty.Value{cty.StringVal("SELECT 1"), cty.StringVal("SELECT 1/0")})})
	if err == nil {
		t.Fatal("no error")
	}
	call.Earlier.Note = note
	if r, err := s.provider.Action("postgres_exec").Run(t.Context(), call); err != nil || !strings.Contains(text(t, r.Value.GetAttr("before")), `"n":6`) {
		t.Errorf("%+v, %v", r, err)
	}
	if got := s.one(sum); got != "9" {
		t.Errorf("the sum is %s", got)
	}
}

// TestExecWithoutBefore: where the undo counts on the rows before, and they can't be told, nothing is changed.
func TestExecWithoutBefore(t *testing.T) {
	s, schema := scratch(t)
	s.must("CREATE TABLE " + schema + ".t (id int)")
	s.must("INSERT INTO " + schema + ".t VALUES (1)")
	s.must("ALTER TABLE " + schema + ".t ENABLE ROW LEVEL SECURITY")
	call := s.call("postgres_exec", sql("UPDATE "+schema+".t SET id = 2"))
	call.CountedOn = func(name string) bool { return name == "before" }
	_, err := s.provider.Action("postgres_exec").Run(t.Context(), call)
	if !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), "on which the undo counts") {
		t.Errorf("error is %v", err)
	}
	call.Args = s.call("postgres_exec", sql("UPDATE "+schema+".gone SET id = 2")).Args
	if _, err = s.provider.Action("postgres_exec").Run(t.Context(), call); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("error is %v", err)
	}
	if got := s.one("SELECT id FROM " + schema + ".t"); got != "1" {
		t.Errorf("id is %s", got)
	}
}
