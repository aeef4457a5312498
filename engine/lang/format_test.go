package lang

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

func TestFormatValueAndJSON(t *testing.T) {
	object := cty.ObjectVal(map[string]cty.Value{"b": cty.True, "a": cty.StringVal("x").Mark(provider.Sensitive)})
	for name, c := range map[string]struct {
		value      cty.Value
		text, json string
	}{
		"string":        {cty.StringVal("a\n\"b\"\\ é"), `"a\n\"b\"\\ é"`, `"a\n\"b\"\\ é"`},
		"html":          {cty.StringVal("<&>"), `"<&>"`, `"<&>"`},
		"control":       {cty.StringVal("\x01\u2028"), "\"\x01\u2028\"", `"\u0001\u2028"`},
		"integer":       {cty.NumberIntVal(-42), "-42", "-42"},
		"big":           {cty.MustParseNumberVal("123456789012345678901234567890"), "123456789012345678901234567890", "123456789012345678901234567890"},
		"fraction":      {cty.MustParseNumberVal("0.1"), "0.1", "0.1"},
		"third":         {cty.NumberIntVal(1).Divide(cty.NumberIntVal(3)), "0.333333", "0.33333333333333333334"},
		"tiny":          {cty.MustParseNumberVal("1e-9"), "1e-09", "1e-09"},
		"huge":          {cty.MustParseNumberVal("1e400"), "1e+400", "1e+400"},
		"infinity":      {cty.PositiveInfinity, "infinity", "null"},
		"bool":          {cty.False, "false", "false"},
		"null":          {cty.NullVal(cty.String), "null", "null"},
		"unknown":       {cty.UnknownVal(cty.String), "(not known yet)", "null"},
		"nothing":       {cty.NilVal, "nothing", "null"},
		"sensitive":     {cty.StringVal("x").Mark(provider.Sensitive), "(sensitive)", `"(sensitive)"`},
		"object":        {object, `{a = (sensitive), b = true}`, `{"a":"(sensitive)","b":true}`},
		"list":          {cty.ListVal([]cty.Value{cty.Zero}), "[0]", "[0]"},
		"tuple":         {cty.TupleVal([]cty.Value{cty.Zero, object}), `[0, {a = (sensitive), b = true}]`, `[0,{"a":"(sensitive)","b":true}]`},
		"set":           {cty.SetVal([]cty.Value{cty.StringVal("b"), cty.StringVal("a")}), `["a", "b"]`, `["a","b"]`},
		"map":           {cty.MapVal(map[string]cty.Value{"k": cty.True}), "{k = true}", `{"k":true}`},
		"empty":         {cty.EmptyTupleVal, "[]", "[]"},
		"empty object":  {cty.EmptyObjectVal, "{}", "{}"},
		"nested empty":  {cty.TupleVal([]cty.Value{cty.EmptyTupleVal, cty.EmptyObjectVal}), "[[], {}]", "[[],{}]"},
		"bracket texts": {cty.TupleVal([]cty.Value{cty.StringVal("["), cty.StringVal("{")}), `["[", "{"]`, `["[","{"]`},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.text, FormatValue(c.value)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			got := ValueToJSON(c.value)
			if diff := cmp.Diff(c.json, string(got)); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
			if !json.Valid(got) {
				t.Errorf("%s is not JSON", got)
			}
		})
	}
}

func TestFormatValueCutsTheMiddle(t *testing.T) {
	long := make([]cty.Value, 100_000)
	for i := range long {
		long[i] = cty.StringVal("element é")
	}
	for name, v := range map[string]cty.Value{
		"text": cty.StringVal("begin" + strings.Repeat("é", 1<<20) + "end"), "list": cty.ListVal(long),
		"short text": cty.StringVal("begin" + strings.Repeat("é", 200) + "end"),
	} {
		got := FormatValue(v)
		if n := utf8.RuneCountInString(got); n > maxShown || !utf8.ValidString(got) || !strings.Contains(got, " … ") {
			t.Errorf("%s: %d characters: %s", name, n, got)
		}
		if name != "list" && (!strings.HasPrefix(got, `"begin`) || !strings.HasSuffix(got, `end"`)) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func BenchmarkValueToJSON(b *testing.B) {
	v := cty.ObjectVal(map[string]cty.Value{"status_code": cty.NumberIntVal(200), "body": cty.StringVal("ok"), "latency_ms": cty.NumberFloatVal(1.25)})
	b.ReportAllocs()
	for b.Loop() {
		ValueToJSON(v)
	}
}

func TestFormatWholeRoundsNoNumber(t *testing.T) {
	long := strings.Repeat("é", 1<<12)
	for want, v := range map[string]cty.Value{
		"1234.56789012":               cty.MustParseNumberVal("1234.56789012"),
		"0.000000001234567":           cty.MustParseNumberVal("1.234567e-9"),
		"1" + strings.Repeat("0", 99): cty.MustParseNumberVal("1e99"),
		"[0.1, -2]":                   cty.TupleVal([]cty.Value{cty.MustParseNumberVal("0.1"), cty.NumberIntVal(-2)}),
		`"` + long + `"`:              cty.StringVal(long),
	} {
		if got := FormatWhole(v); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
