package provider

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/zclconf/go-cty/cty"
)

func TestDecode(t *testing.T) {
	o := objectOf[sampleArgs]()
	ratio := 0.5
	for name, test := range map[string]struct {
		given map[string]cty.Value
		want  sampleArgs
	}{
		"defaults": {map[string]cty.Value{"name": cty.StringVal("n")},
			sampleArgs{Name: "n", Format: "text", Limit: 500, Wait: time.Minute, On: true, Codes: []int{0, 3}, Words: []string{"a", "b"}}},
		"given": {map[string]cty.Value{
			"name": cty.StringVal("n").Mark(Sensitive), "format": cty.StringVal("json"), "limit": cty.NumberIntVal(7), "ratio": cty.NumberFloatVal(0.5),
			"wait": cty.StringVal("2d"), "on": cty.False, "codes": cty.ListValEmpty(cty.Number), "words": cty.ListVal([]cty.Value{cty.StringVal("x").Mark(Sensitive)}),
			"labels": cty.MapVal(map[string]cty.Value{"k": cty.StringVal("v")}),
			"login":  cty.ObjectVal(map[string]cty.Value{"user": cty.StringVal("u"), "password": cty.NullVal(cty.String)}),
		}, sampleArgs{Name: "n", Format: "json", Limit: 7, Ratio: &ratio, Wait: 48 * time.Hour, Codes: []int{}, Words: []string{"x"},
			Labels: map[string]string{"k": "v"}, Login: &sampleLogin{User: "u"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got sampleArgs
			if err := o.Decode(args(o, test.given), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreUnexported(cty.Value{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeErrors(t *testing.T) {
	o := objectOf[sampleArgs]()
	for name, test := range map[string]struct {
		attr  string
		value cty.Value
		want  string
	}{
		"missing":         {"name", cty.NullVal(cty.String), "name is required and is null"},
		"unknown":         {"name", cty.UnknownVal(cty.String), "name is not known yet"},
		"fraction":        {"limit", cty.NumberFloatVal(1.5), "limit: 1.5 is not a whole number in range"},
		"huge":            {"limit", cty.MustParseNumberVal("1e30"), "not a whole number in range"},
		"duration":        {"wait", cty.StringVal("soon"), `wait: "soon" is not a duration`},
		"null element":    {"words", cty.ListVal([]cty.Value{cty.StringVal("a"), cty.NullVal(cty.String)}), "words: element 1 is null"},
		"null in a map":   {"labels", cty.MapVal(map[string]cty.Value{"k": cty.NullVal(cty.String)}), `labels: element "k" is null`},
		"nested required": {"login", cty.ObjectVal(map[string]cty.Value{"user": cty.NullVal(cty.String), "password": cty.NullVal(cty.String)}), "login: user is required"},
		"not permitted":   {"format", cty.StringVal("xml"), `format: "xml" is not one of text, json`},
		"element":         {"codes", cty.ListVal([]cty.Value{cty.NumberFloatVal(0.5)}), "codes: element 0: 0.5 is not"},
	} {
		t.Run(name, func(t *testing.T) {
			given := map[string]cty.Value{"name": cty.StringVal("n")}
			given[test.attr] = test.value
			err := o.Decode(args(o, given), new(sampleArgs))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, expected %q", err, test.want)
			}
		})
	}
}

func TestEncode(t *testing.T) {
	text, value := "x", 2.5
	nan := math.NaN()
	r := &sampleResult{
		Text: "", Maybe: &text, Secret: "s", Number: math.Inf(1), Whole: math.MaxInt64,
		At: time.Date(2026, 1, 31, 10, 0, 0, 5, time.FixedZone("", 3600)), Took: time.Minute,
		Rows:   cty.TupleVal([]cty.Value{cty.EmptyObjectVal}),
		List:   []sampleItem{{Name: "a", Value: &value}, {Name: "b", Value: &nan}, {Name: "c", Value: &nan, Key: "k"}},
		ByName: map[string]float64{"pi": 3},
	}
	o := objectOf[sampleResult]()
	got, warnings, err := o.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	item := func(name string, value cty.Value, key string) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(name), "value": value, "key": cty.StringVal(key).Mark(Sensitive)})
	}
	null := cty.NullVal(cty.Number)
	want := cty.ObjectVal(map[string]cty.Value{
		"text": cty.StringVal(""), "maybe": cty.StringVal("x"), "secret": cty.StringVal("s").Mark(Sensitive),
		"used_percent": null, "size_bytes": cty.NumberIntVal(math.MaxInt64), "created_at": cty.StringVal("2026-01-31T09:00:00Z"),
		"took": cty.StringVal("1m0s"), "rows": cty.TupleVal([]cty.Value{cty.EmptyObjectVal}),
		"list":    cty.ListVal([]cty.Value{item("a", cty.NumberFloatVal(2.5), ""), item("b", null, ""), item("c", null, "k")}),
		"by_name": cty.MapVal(map[string]cty.Value{"pi": cty.NumberIntVal(3)}), "nested": item("", null, ""),
	})
	if !got.RawEquals(want) {
		t.Errorf("got %#v\nexpected %#v", got, want)
	}
	wantWarnings := []string{
		"used_percent: the service gave +Inf, which is null here", "list: value: the service gave NaN, which is null here (2 times)",
	}
	if diff := cmp.Diff(wantWarnings, warnings); diff != "" {
		t.Error(diff)
	}
	empty, warnings, err := o.Encode(&sampleResult{})
	if err != nil || warnings != nil {
		t.Fatal(warnings, err)
	}
	unmarked, _ := empty.UnmarkDeep()
	for name, want := range map[string]cty.Value{
		"maybe": cty.NullVal(cty.String), "created_at": cty.NullVal(cty.String), "rows": cty.NullVal(cty.DynamicPseudoType),
		"list": cty.ListValEmpty(o.Attribute("list").Type.ElementType()), "by_name": cty.MapValEmpty(cty.Number),
	} {
		if got := unmarked.GetAttr(name); !got.RawEquals(want) {
			t.Errorf("an empty %s is %#v, expected %#v", name, got, want)
		}
	}
	if errs := unmarked.Type().TestConformance(o.Type()); errs != nil {
		t.Error(errs)
	}
	for _, nothing := range []any{(*sampleResult)(nil), sampleResult{}} {
		if _, _, err := o.Encode(nothing); err == nil {
			t.Errorf("%T is encoded", nothing)
		}
	}
}

func TestTimesAreRead(t *testing.T) {
	type seen struct {
		At time.Time `rb:"at" doc:"When."`
	}
	o := objectOf[seen]()
	var got seen
	if err := o.Decode(args(o, map[string]cty.Value{"at": cty.StringVal("2026-01-31T09:00:00.5Z")}), &got); err != nil || got.At.Nanosecond() != 5e8 {
		t.Errorf("got %v, %v", got, err)
	}
	err := o.Decode(args(o, map[string]cty.Value{"at": cty.StringVal("today")}), &got)
	if err == nil || !strings.Contains(err.Error(), `"today" is not an RFC 3339 time`) {
		t.Errorf("got %v", err)
	}
}
