package postgres

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

func TestParamMisfit(t *testing.T) {
	one, two := cty.TupleVal([]cty.Value{cty.StringVal("a")}), cty.TupleVal([]cty.Value{cty.StringVal("a"), cty.Zero})
	none := cty.NullVal(cty.DynamicPseudoType)
	for name, c := range map[string]struct {
		sql            string
		args           cty.Value
		argument, says string
	}{
		"as many":                 {"SELECT $1, $2", two, "", ""},
		"none":                    {"SELECT 1", none, "", ""},
		"the same twice":          {"SELECT $1 WHERE $1 = 'a'", one, "", ""},
		"fewer":                   {"SELECT $2", one, "args", "asks for $2, and args has 1 value"},
		"without args":            {"UPDATE t SET a = $1", none, "sql", "asks for $1, and args has 0 values"},
		"more":                    {"SELECT $1", two, "args", "args has 2 values, and the statement asks for 1"},
		"more than no parameter":  {"CREATE TABLE t (a int)", one, "args", "asks for 0"},
		"a gap":                   {"SELECT $2", two, "args", "has no $1"},
		"two digits":              {"SELECT $12", two, "args", "asks for $12"},
		"in a text":               {"SELECT '$1', $$ $2 $$, \"$3\" -- $4", none, "", ""},
		"part of a name":          {"SELECT a$1 FROM t", none, "", ""},
		"of a function":           {"CREATE FUNCTION f(int) RETURNS int BEGIN ATOMIC SELECT $1; END", none, "", ""},
		"of a prepared statement": {"PREPARE p AS SELECT $1", none, "", ""},
		"no list":                 {"SELECT $1", cty.StringVal("a"), "", ""},
	} {
		argument, why := paramMisfit(c.sql, c.args, func(string) bool { return true })
		if argument != c.argument || !strings.Contains(why, c.says) || (why == "") != (c.says == "") {
			t.Errorf("%s: got %q %q", name, argument, why)
		}
	}
	if _, why := paramMisfit("SELECT $2", one, func(name string) bool { return name != "args" }); why != "" {
		t.Errorf("args that are not known: %q", why)
	}
}
