package http

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// TestMessage: only what surely goes to the address of the provider block is a message.
func TestMessage(t *testing.T) {
	prefixed := func(prefix string) cty.Value {
		return cty.UnknownVal(cty.String).Refine().StringPrefixFull(prefix).NewValue()
	}
	for name, c := range map[string]struct {
		url  cty.Value
		want bool
	}{
		"a path":                  {cty.StringVal("/incidents"), true},
		"a path without a slash":  {cty.StringVal("incidents"), true},
		"the base itself":         {cty.StringVal(""), true},
		"another address":         {cty.StringVal("https://elsewhere.example.com/x"), false},
		"another host":            {cty.StringVal("//elsewhere.example.com/x"), false},
		"no URL":                  {cty.StringVal("%zz"), false},
		"the beginning of a path": {prefixed("/incidents/"), true},
		"perhaps another host":    {prefixed("/"), false},
		"surely another host":     {prefixed("//e"), false},
		"perhaps a scheme":        {prefixed("incidents"), false},
		"another scheme":          {prefixed("https://elsewhere"), false},
		"not known":               {cty.UnknownVal(cty.String), false},
		"not given":               {cty.NullVal(cty.String), false},
	} {
		t.Run(name, func(t *testing.T) {
			spec := request().Spec()
			args := spec.Args().Null().AsValueMap()
			args["url"] = c.url
			if got := spec.Message(cty.ObjectVal(args)); got != c.want {
				t.Errorf("%t", got)
			}
		})
	}
}
