package postgres_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

// TestListIsRefusedInTheMiddle: what the server has said of each statement is told, and nothing is in doubt that it has said.
func TestListIsRefusedInTheMiddle(t *testing.T) {
	s, schema := scratch(t)
	s.must("CREATE TABLE " + schema + ".t (id int PRIMARY KEY)")
	s.must("INSERT INTO " + schema + ".t VALUES (0)")
	for name, test := range map[string]struct {
		statements  []string
		transaction bool
		want        string
		// done is how many statements the result tells; -1: there is no result.
		done    int
		nothing bool
	}{
		"the third": {
			[]string{"INSERT INTO S.t VALUES (1)", "INSERT INTO S.t VALUES (2)", "INSERT INTO S.t VALUES (0)"}, false,
			`statement 3 of 3: SQLSTATE 23505: duplicate key value violates unique constraint "t_pkey" (Key (id)=(0) already exists). Statements 1 and 2 took place, 3 did not.`, 2, false,
		},
		"the second": {
			[]string{"INSERT INTO S.t VALUES (3)", "DROP TABLE S.nosuch"}, false,
			`statement 2 of 2: SQLSTATE 42P01: table "nosuch" does not exist. Check the name, its schema and the search_path of the role. Statement 1 took place, 2 did not.`, 1, false,
		},
		"the first": {
			[]string{"INSERT INTO S.t VALUES (0)", "INSERT INTO S.t VALUES (4)"}, false, `statement 1 of 2: SQLSTATE 23505`, -1, true,
		},
		"the only": {[]string{"INSERT INTO S.t VALUES (0)"}, false, `change: `, -1, true},
		"piecewise": {
			[]string{"INSERT INTO S.t VALUES (5)", "DO $$ BEGIN COMMIT; PERFORM 1/0; END $$"}, false,
			`statement 2 of 2: SQLSTATE 22012: division by zero. Statement 1 took place; what 2 did before it failed is not known from here.`, -1, false,
		},
		"outside": {
			[]string{"INSERT INTO S.t VALUES (6)", "SELECT pg_terminate_backend(1/0)"}, false, `what 2 did before it failed is not known from here.`, -1, false,
		},
		"in a transaction": {
			[]string{"INSERT INTO S.t VALUES (7)", "INSERT INTO S.t VALUES (0)"}, true, `statement 2 of 2: SQLSTATE 23505`, -1, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var list []cty.Value
			for _, text := range test.statements {
				list = append(list, cty.StringVal(strings.ReplaceAll(text, "S.", schema+".")))
			}
			r, _, err := s.write(pt.Values{"statements": cty.TupleVal(list), "transaction": cty.BoolVal(test.transaction)})
			if err == nil || !strings.Contains(err.Error(), test.want) || provider.NothingDone(err) != test.nothing {
				t.Errorf("nothing done is %v: error is %v, expected %q", provider.NothingDone(err), err, test.want)
			}
			if provider.Partial(err) != (test.done > 0) {
				t.Errorf("a part took place: %v", provider.Partial(err))
			}
			done := -1
			if r != nil {
				done = r.Value.GetAttr("statements").LengthInt()
			}
			if done != test.done {
				t.Errorf("the result tells %d statements, expected %d", done, test.done)
			}
		})
	}
	if got := s.one("SELECT string_agg(id::text, ',' ORDER BY id) FROM " + schema + ".t"); got != `"0,1,2,3,5,6"` {
		t.Errorf("the rows are %s", got)
	}
}
