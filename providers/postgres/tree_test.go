package postgres

import (
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	pt "github.com/e82355ed/runbook/engine/provider/providertest"
)

const (
	aColumn   = "{VAR :varno 1 :varattno 1 :vartype 23 :varnosyn 1 :location 30}"
	aConstant = "{CONST :consttype 23 :constisnull false :location 47 :constvalue 4 [ -1 0 0 0 0 0 0 0 ]}"
	aNull     = "{CONST :consttype 23 :constisnull true :location 47 :constvalue <>}"
)

func call(number, args string) string {
	return "{FUNCEXPR :funcid " + number + " :funcresulttype 23 :inputcollid 100 :args (" + args + ") :location 21}"
}

// A call stays one in planning only where an argument surely stays a column.
func TestKeepsCalls(t *testing.T) {
	operator := func(number, args string) string {
		return "{OPEXPR :opno " + number + " :opfuncid 177 :opcollid 0 :args (" + args + ") :location 1}"
	}
	for title, test := range map[string]struct {
		tree, mention string
		want          bool
	}{
		"column":                     {"(" + call("16400", aColumn) + ")", "funcid 16400", true},
		"constant first":             {call("16400", aConstant+" "+aColumn), "funcid 16400", true},
		"constants":                  {call("16400", aConstant+" "+aConstant), "funcid 16400", false},
		"no arguments":               {"{FUNCEXPR :funcid 16400 :args <> :location 1}", "funcid 16400", false},
		"NULL beside the column":     {call("16400", aNull+" "+aColumn), "funcid 16400", true},
		"other type":                 {call("16400", "{RELABELTYPE :arg "+aColumn+" :resulttype 25}"), "funcid 16400", true},
		"own function":               {call("16400", call("870", aColumn)), "funcid 16400", true},
		"own operator":               {call("16400", operator("654", operator("654", aConstant+" "+aColumn)+" "+aConstant)), "funcid 16400", true},
		"own function of NULL":       {call("16400", call("870", aColumn+" "+aNull)), "funcid 16400", false},
		"own function of another":    {call("16400", call("870", aColumn+" "+call("16401", aConstant))), "funcid 16400", false},
		"another's function":         {call("16400", call("16401", aColumn)), "funcid 16400", false},
		"of information_schema":      {call("16400", call("13000", aColumn)), "funcid 16400", false},
		"coalesced":                  {call("16400", "{COALESCEEXPR :coalescetype 25 :args ("+aColumn+" "+aConstant+") :location 1}"), "funcid 16400", true},
		"coalesced constant":         {call("16400", "{COALESCEEXPR :coalescetype 25 :args ("+aConstant+" "+aColumn+") :location 1}"), "funcid 16400", false},
		"twice":                      {"(" + call("16400", aColumn) + " " + call("16400", aConstant) + ")", "funcid 16400", false},
		"below a column's call":      {call("16400", aColumn+" "+call("16401", aConstant)), "funcid 16401", false},
		"not in the tree":            {call("16400", aColumn), "funcid 16401", false},
		"no tree":                    {"", "funcid 16400", false},
		"operator":                   {operator("16400", aColumn+" "+aConstant), "opno 16400", true},
		"operator of constants":      {operator("16400", aConstant+" "+aConstant), "opno 16400", false},
		"any of an array":            {"{SCALARARRAYOPEXPR :opno 16400 :opfuncid 1 :useOr true :args (" + aColumn + " " + aConstant + ")}", "opno 16400", true},
		"a name that looks like one": {`{FUNCEXPR :funcid 16400 :args ({NAMEDARGEXPR :name \{VAR\ :varno\ 1\} :arg ` + aConstant + `})}`, "funcid 16400", false},
		"cut off":                    {"{FUNCEXPR :funcid 16400 :args ({", "funcid 16400", false},
	} {
		if got := keepsCalls(test.tree, test.mention); got != test.want {
			t.Errorf("%s: got %v", title, got)
		}
	}
}

// The look-up is not told of PostgreSQL's own functions in the expressions that are worked out in planning, since pg_depend
// does not list them: none that it declares immutable may act. ts_rewrite of three arguments is given no text of SQL.
func TestOwnImmutableFunctions(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), pt.Lab(t, "LAB_DATABASE_SUPERUSER_URL"))
	if err != nil {
		t.Fatal("connect as the lab's superuser")
	}
	defer func() { _ = conn.Close(t.Context()) }() // the lab's server outlives it
	names := slices.Collect(maps.Keys(harmless))
	for _, h := range harmful {
		names = slices.AppendSeq(names, maps.Keys(h.names))
	}
	for _, a := range acting {
		names = slices.AppendSeq(names, maps.Keys(a.names))
	}
	rows, err := conn.Query(t.Context(), `SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
		WHERE p.oid < 16384 AND p.provolatile = 'i' AND (p.proname = ANY ($1) OR l.lanname NOT IN ('internal', 'c', 'sql') OR p.prosecdef)`, names)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || !slices.Equal(got, []string{"ts_rewrite(tsquery,tsquery,tsquery)"}) {
		t.Errorf("got %q, %v", got, err)
	}
}
