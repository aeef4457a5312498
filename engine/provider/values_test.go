package provider

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

func TestFromJSON(t *testing.T) {
	for text, want := range map[string]cty.Value{
		`null`:                    cty.NullVal(cty.DynamicPseudoType),
		`{}`:                      cty.EmptyObjectVal,
		` [] `:                    cty.EmptyTupleVal,
		`[1,"a",null,{"b":true}]`: cty.TupleVal([]cty.Value{cty.NumberIntVal(1), cty.StringVal("a"), cty.NullVal(cty.DynamicPseudoType), cty.ObjectVal(map[string]cty.Value{"b": cty.True})}),
		`12345678901234567890123`: cty.MustParseNumberVal("12345678901234567890123"),
		`0.1`:                     cty.MustParseNumberVal("0.1"),
		`-1e3`:                    cty.NumberIntVal(-1000),
		`1e999`:                   cty.NullVal(cty.Number),
		`-1e999999999`:            cty.NullVal(cty.Number),
		`1e-999999999`:            cty.Zero,
		`1e99999999999999999999`:  cty.NullVal(cty.Number),
		`0`:                       cty.Zero,
		`0e999999999`:             cty.Zero,
		"\uFEFF{}":                cty.EmptyObjectVal,
	} {
		got, err := FromJSON([]byte(text))
		if err != nil || !got.RawEquals(want) {
			t.Errorf("%s is %#v, %v; expected %#v", text, got, err, want)
		}
	}
	for _, text := range []string{``, `{`, `{}{}`, `{}]`, `[1]}`, `nul`, `{"a":1,}`, `01`} {
		if got, err := FromJSON([]byte(text)); err == nil {
			t.Errorf("%s is taken for %#v", text, got)
		}
	}
}

func FuzzFromJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,null,"x"]}`, `1e400`, `[[[]]]`, `"\ud800"`, `{"":{"":0}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := FromJSON(text)
		if err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q is no JSON", text)
		}
		if _, err := ctyjson.Marshal(v, v.Type()); err != nil {
			t.Fatalf("%q can't be written again: %v", text, err)
		}
	})
}

func TestFromGo(t *testing.T) {
	type odd struct{ A int }
	at := time.Date(2026, 1, 31, 10, 0, 0, 500e6, time.FixedZone("", 3600))
	for name, test := range map[string]struct {
		in   any
		want cty.Value
	}{
		"nil":      {nil, cty.NullVal(cty.DynamicPseudoType)},
		"value":    {cty.True, cty.True},
		"bool":     {false, cty.False},
		"bytes":    {[]byte("x"), cty.StringVal("x")},
		"nan":      {math.NaN(), cty.NullVal(cty.Number)},
		"float":    {1.5, cty.NumberFloatVal(1.5)},
		"float32":  {float32(0.5), cty.NumberFloatVal(0.5)},
		"int":      {7, cty.NumberIntVal(7)},
		"int16":    {int16(-7), cty.NumberIntVal(-7)},
		"int32":    {int32(7), cty.NumberIntVal(7)},
		"int64":    {int64(math.MinInt64), cty.NumberIntVal(math.MinInt64)},
		"uint64":   {uint64(math.MaxUint64), cty.NumberUIntVal(math.MaxUint64)},
		"number":   {json.Number("1e2"), cty.NumberIntVal(100)},
		"odd text": {json.Number("x"), cty.NullVal(cty.Number)},
		"time":     {at, cty.StringVal("2026-01-31T09:00:00.5Z")},
		"other":    {odd{1}, cty.StringVal("{1}")},
	} {
		if got := FromGo(test.in); !got.RawEquals(test.want) {
			t.Errorf("%s: got %#v, expected %#v", name, got, test.want)
		}
	}
}
