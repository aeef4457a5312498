package provider

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// TestRefuses: of a value that is known in part, what no call takes is told; what the rest may yet mend is not.
func TestRefuses(t *testing.T) {
	type refusing struct {
		Name   string            `rb:"name,required" doc:"Name."`
		Words  []string          `rb:"words,filled" doc:"Words."`
		Labels map[string]string `rb:"labels" doc:"Labels."`
		Limit  *int              `rb:"limit" doc:"Limit."`
		Format string            `rb:"format" one_of:"text,json" doc:"Format."`
		Shown  string            `rb:"shown" public:"everyone can read it" doc:"Shown."`
		Any    cty.Value         `rb:"any" doc:"Anything."`
	}
	null, open, text := cty.NullVal(cty.String), cty.UnknownVal(cty.String), cty.StringVal("x")
	o := objectOf[refusing]()
	for name, c := range map[string]struct {
		of    string
		value cty.Value
		why   string // empty: it is taken
	}{
		"a null":                {"name", null, "it is null"},
		"a null that may stand": {"format", null, ""},
		"unknown":               {"name", open, ""},
		"in a list":             {"words", cty.ListVal([]cty.Value{text, null}), "element 1 is null"},
		"beside what is open":   {"words", cty.ListVal([]cty.Value{open, null}), "element 1 is null"},
		"a list":                {"words", cty.ListVal([]cty.Value{open, text}), ""},
		"an empty list":         {"words", cty.ListValEmpty(cty.String), "takes at least one element"},
		"an open list":          {"words", cty.UnknownVal(cty.List(cty.String)), ""},
		"in a map":              {"labels", cty.MapVal(map[string]cty.Value{"a": open, "b": null.Mark(Sensitive)}), `element "b" is null`},
		"no whole number":       {"limit", cty.NumberFloatVal(1.5), "not a whole number"},
		"none of the choices":   {"format", text, "not one of text, json"},
		"a secret for all":      {"shown", text.Mark(Sensitive), "everyone can read it"},
		"nulls in any value":    {"any", cty.TupleVal([]cty.Value{null, cty.ListVal([]cty.Value{null})}), ""},
	} {
		err := o.Attribute(c.of).Refuses(c.value)
		if (c.why == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, expected %q", name, err, c.why)
		}
	}
}

// TestRefusesTogether: arguments that exclude each other are told once all of them are known.
func TestRefusesTogether(t *testing.T) {
	spec := sample().Action("sample_do").Spec()
	null, open, text := cty.NullVal(cty.String), cty.UnknownVal(cty.String), cty.StringVal("text")
	for name, c := range map[string]struct {
		given map[string]cty.Value
		why   string
	}{
		"none of one":  {map[string]cty.Value{"name": null}, "0 of name, any are set"},
		"one":          {map[string]cty.Value{"name": text}, ""},
		"one may come": {map[string]cty.Value{"name": text, "any": cty.DynamicVal}, ""},
		"two":          {map[string]cty.Value{"name": text, "format": text, "other": text}, "2 of format, other are set"},
		"two may come": {map[string]cty.Value{"name": text, "format": text, "other": open}, ""},
	} {
		err := spec.Refuses(args(spec.Args(), c.given))
		if (c.why == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, expected %q", name, err, c.why)
		}
	}
}
