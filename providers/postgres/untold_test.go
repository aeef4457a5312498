package postgres_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	pt "github.com/e82355ed/runbook/engine/provider/providertest"
	"github.com/e82355ed/runbook/providers/postgres"
)

// TestRowsThatAreNotTold: a change that has no rows before and after says why, beforehand where that can be known, and with its result.
func TestRowsThatAreNotTold(t *testing.T) {
	s, schema := scratch(t)
	s.must("CREATE TABLE " + schema + ".t (id int PRIMARY KEY, state text)")
	s.must("CREATE TABLE " + schema + ".ruled (id int)")
	s.must("CREATE RULE r AS ON DELETE TO " + schema + ".ruled DO ALSO NOTHING")
	s.must("INSERT INTO " + schema + ".t VALUES (1, 'open')")
	spec := postgres.New().Action("postgres_exec").Spec()
	for name, test := range map[string]struct {
		sql string
		// beforehand is what the arguments tell, told what the result warns of; empty: nothing.
		beforehand, told string
	}{
		"returning":   {"UPDATE S.t SET state = 'a' RETURNING id", "RETURNING of its own", "RETURNING of its own"},
		"on conflict": {"INSERT INTO S.t VALUES (1, 'b') ON CONFLICT (id) DO UPDATE SET state = 'b'", "ON CONFLICT", "ON CONFLICT"},
		"from":        {"UPDATE S.t SET state = o.state FROM S.t AS o WHERE o.id = t.id", "it has FROM", "it has FROM"},
		"using":       {"DELETE FROM S.t USING S.t AS o WHERE o.id = 99 AND o.id = t.id", "it has USING", "it has USING"},
		"distinct":    {"UPDATE S.t SET state = 'c' WHERE state IS DISTINCT FROM 'd'", "", ""},
		"plain":       {"DELETE FROM S.t WHERE id IN (SELECT id FROM S.t WHERE id = 98)", "", ""},
		"a rule":      {"DELETE FROM S.ruled WHERE id = 1", "", "has a rule or row security"},
		"no rows":     {"CREATE TABLE S.x (id int)", "not an INSERT, UPDATE or DELETE", ""},
	} {
		t.Run(name, func(t *testing.T) {
			args := sql(strings.ReplaceAll(test.sql, "S.", schema+"."))
			lacks := spec.Lacks(object(t, spec.Args(), args))
			if got := lacks["before"]; (got == "") != (test.beforehand == "") || !strings.Contains(got, test.beforehand) {
				t.Errorf("beforehand it is %q, expected %q", got, test.beforehand)
			}
			r, _, err := s.write(args)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(r.Warnings, "\n")
			if (got == "") != (test.told == "") || !strings.Contains(got, test.told) {
				t.Errorf("the warning is %q, expected %q", got, test.told)
			}
			if null := r.Value.GetAttr("before").IsNull(); null != (test.told != "" || test.beforehand != "") {
				t.Errorf("before is %#v", r.Value.GetAttr("before"))
			}
		})
	}
	for want, args := range map[string]pt.Values{
		"in a transaction":  {"sql": cty.StringVal("DELETE FROM t WHERE a"), "transaction": cty.False},
		"row_limit is 0":    {"sql": cty.StringVal("DELETE FROM t WHERE a"), "row_limit": cty.Zero},
		"not of statements": {"statements": cty.ListVal([]cty.Value{cty.StringVal("DELETE FROM t WHERE a")})},
	} {
		if got := spec.Lacks(object(t, spec.Args(), args))["before"]; !strings.Contains(got, want) {
			t.Errorf("got %q, expected %q", got, want)
		}
	}
}
