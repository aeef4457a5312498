package provider

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
)

func TestBecause(t *testing.T) {
	type args struct {
		Verb  string `rb:"verb"`
		Value string `rb:"value"`
	}
	told := Definition[any, args, struct{}]{
		Name: "x_send", Doc: "Sends something.", Effect: Write, EffectArgs: []string{"verb"}, Instead: "x_look looks",
		Because: func(a *args, known Known) string {
			if !known("verb") {
				return "x_send may send any verb"
			}
			return "x_send sends " + a.Verb
		},
	}
	silent := Definition[any, args, struct{}]{Name: "x_send", Doc: "Sends something.", Effect: Write}
	text, secret := cty.StringVal("put"), cty.StringVal("put").Mark(Sensitive)
	for name, c := range map[string]struct {
		definition  Definition[any, args, struct{}]
		verb, value cty.Value
		want        string
	}{
		"known":                 {told, text, text, "x_send sends put; x_look looks"},
		"unknown":               {told, cty.UnknownVal(cty.String), text, "x_send may send any verb; x_look looks"},
		"sensitive":             {told, secret, text, "what x_send is to do is sensitive, and may be a change; x_look looks"},
		"sensitive, not looked": {told, text, secret, "x_send sends put; x_look looks"},
		"no word on it":         {silent, secret, secret, "x_send sends something"},
	} {
		spec := Define(c.definition).Spec()
		if got := spec.Because(cty.ObjectVal(map[string]cty.Value{"verb": c.verb, "value": c.value})); got != c.want {
			t.Errorf("%s: got %q, expected %q", name, got, c.want)
		}
	}
}
