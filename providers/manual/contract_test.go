package manual

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func said(value, note string) *provider.Answer {
	return &provider.Answer{Value: json.RawMessage(value), By: "alice@ops", At: noon, Note: note}
}

func texts(items ...string) cty.Value {
	values := make([]cty.Value, len(items))
	for i, item := range items {
		values[i] = cty.StringVal(item)
	}
	return cty.ListVal(values)
}

func is(name string, want cty.Value) func(*testing.T, *provider.Result) {
	return func(t *testing.T, r *provider.Result) {
		t.Helper()
		if got := r.Value.GetAttr(name); !got.RawEquals(want) {
			t.Errorf("%s is %#v, expected %#v", name, got, want)
		}
	}
}

func TestContract(t *testing.T) {
	prompt := providertest.Values{"prompt": cty.StringVal("Is it done?")}
	items := providertest.Values{"items": texts("disk", "fans", "lights")}
	all := providertest.Values{"items": texts("disk", "fans", "lights"), "all_required": cty.True}
	number := providertest.Values{"prompt": cty.StringVal("How many?"), "type": cty.StringVal("number"), "choices": texts("1", "2")}
	secret := providertest.Values{"prompt": cty.StringVal("The password?"), "sensitive": cty.True, "pattern": cty.StringVal("[a-z0-9]+")}
	noted := said(`["disk"]`, "")
	noted.Notes = map[string]string{"fans": "one rattles"}
	const nobody = "It waits for a person before it runs; there is no peer."
	providertest.Run(t, providertest.Suite{
		Provider: New(),
		Cases: []providertest.Case{
			{Kind: providertest.Happy, Action: "manual_confirm", Args: prompt, Answer: said("true", "all green"), Check: is("note", cty.StringVal("all green"))},
			{
				Kind: providertest.Happy, Name: "no", Action: "manual_confirm", Args: prompt, Answer: said("false", "still red"),
				Failure: `alice@ops answered no to "Is it done?" (still red).`, Check: is("answer", cty.False),
			},
			{Kind: providertest.Happy, Action: "manual_checklist", Args: items, Answer: noted, Check: is("unchecked", texts("fans", "lights"))},
			{
				Kind: providertest.Happy, Name: "all required", Action: "manual_checklist", Args: all, Answer: noted,
				Failure: `alice@ops left unchecked: "fans" (one rattles), "lights".`, Check: is("checked", texts("disk")),
			},
			{Kind: providertest.Happy, Action: "manual_input", Args: number, Answer: said("2", ""), Check: is("value", cty.NumberIntVal(2))},
			{Kind: providertest.Happy, Name: "text", Action: "manual_input", Args: prompt, Answer: said(`"x"`, ""), Check: is("value", cty.StringVal("x"))},
			{
				Kind: providertest.Happy, Name: "sensitive", Action: "manual_input", Args: secret, Answer: said(`"hunter2"`, ""),
				Check: func(t *testing.T, r *provider.Result) {
					if v := r.Value.GetAttr("value"); !provider.IsSensitive(v) || strings.Contains(r.Summary, "hunter2") {
						t.Errorf("%#v, %s", v, r.Summary)
					}
				},
			},
			{Kind: providertest.Refused, Name: "sensitive", Action: "manual_input", Args: secret, Answer: said(`"hunter 2"`, ""), Endpoint: "manual_input", Words: []string{"the answer does not match"}},
			{Kind: providertest.Refused, Action: "manual_confirm", Args: prompt, Answer: said(`"yes"`, ""), Endpoint: "manual_confirm", Words: []string{"expected true or false"}},
			{Kind: providertest.Refused, Action: "manual_checklist", Args: items, Answer: said(`["belts"]`, ""), Endpoint: "manual_checklist", Words: []string{"no item", "belts"}},
			{Kind: providertest.Refused, Action: "manual_input", Args: number, Answer: said("3", ""), Endpoint: "manual_input", Words: []string{"not one of 1, 2"}},
			{Kind: providertest.Refused, Name: "nobody", Action: "manual_input", Args: number, Endpoint: "manual_input", Words: []string{"nobody has answered"}},
		},
		Exceptions: []providertest.Exception{
			{Action: providertest.Every, Kind: providertest.Unreachable, Reason: nobody},
			{Action: providertest.Every, Kind: providertest.Timeout, Reason: nobody},
			{Action: providertest.Every, Kind: providertest.Cancelled, Reason: nobody},
		},
	})
}

func TestQuestion(t *testing.T) {
	cases := []struct {
		action string
		args   providertest.Values
		want   *provider.Question
		err    string
	}{
		{
			"manual_confirm", providertest.Values{"prompt": cty.StringVal("Go?")},
			&provider.Question{Kind: "confirm", Prompt: "Go?", OnTimeout: "fail"}, "",
		},
		{
			"manual_confirm", providertest.Values{"prompt": cty.StringVal("Go?"), "on_timeout": cty.True},
			&provider.Question{Kind: "confirm", Prompt: "Go?", OnTimeout: "default", TimeoutAnswer: json.RawMessage("true")}, "",
		},
		{
			"manual_confirm", providertest.Values{"prompt": cty.StringVal("Go?"), "on_timeout": cty.StringVal("yes")},
			nil, `on_timeout: it is "fail", "escalate" or the answer that counts then: a confirmation is true or false`,
		},
		{
			"manual_checklist", providertest.Values{"items": texts("a", "b"), "all_required": cty.True, "on_timeout": cty.TupleVal([]cty.Value{cty.StringVal("b")})},
			&provider.Question{
				Kind: "checklist", Items: []string{"a", "b"}, AllRequired: true, OnTimeout: "default", TimeoutAnswer: json.RawMessage(`["b"]`),
			}, "",
		},
		{
			"manual_checklist", providertest.Values{"items": texts("a"), "on_timeout": cty.TupleVal([]cty.Value{cty.StringVal("c")})},
			nil, `on_timeout: it is "fail", "escalate" or the answer that counts then: there is no item "c"`,
		},
		{"manual_checklist", providertest.Values{"items": texts("a", "a")}, nil, `items: "a" stands twice; an answer could not tell them apart`},
		{"manual_checklist", providertest.Values{"items": cty.ListValEmpty(cty.String)}, nil, "items: a checklist has at least one item"},
		{
			"manual_input", providertest.Values{
				"prompt": cty.StringVal("N?"), "type": cty.StringVal("number"), "default": cty.NumberIntVal(3), "on_timeout": cty.StringVal("escalate"),
			},
			&provider.Question{Kind: "input", Prompt: "N?", Type: "number", Default: json.RawMessage("3"), OnTimeout: "escalate"}, "",
		},
		{
			"manual_input", providertest.Values{"prompt": cty.StringVal("N?"), "choices": texts("a", "b"), "default": cty.StringVal("c")},
			nil, `default: it must be an answer itself: "c" is not one of a, b`,
		},
		{
			"manual_input", providertest.Values{"prompt": cty.StringVal("N?"), "pattern": cty.StringVal("v[0-9]+"), "on_timeout": cty.StringVal("v1 ")},
			nil, `on_timeout: it is "fail", "escalate" or the answer that counts then: "v1 " does not match the pattern v[0-9]+`,
		},
		{
			"manual_input", providertest.Values{"prompt": cty.StringVal("N?"), "type": cty.StringVal("number"), "choices": texts("one")},
			nil, `choices: "one" is not a number`,
		},
		{
			"manual_input", providertest.Values{"prompt": cty.StringVal("N?"), "sensitive": cty.True},
			&provider.Question{Kind: "input", Prompt: "N?", Type: "string", Sensitive: true, OnTimeout: "fail"}, "",
		},
		{
			"manual_input", providertest.Values{"prompt": cty.StringVal("N?"), "sensitive": cty.True, "on_timeout": cty.StringVal("x")},
			nil, `on_timeout: a sensitive value has no answer that everybody can read in the file; it is "fail" or "escalate"`,
		},
	}
	p := New()
	for _, c := range cases {
		action := p.Action(c.action)
		args := map[string]cty.Value{}
		for _, a := range action.Spec().Args().Attributes {
			args[a.Name] = cty.NullVal(a.Type)
			if v, ok := c.args[a.Name]; ok {
				args[a.Name] = v
			}
		}
		got, err := action.(provider.Asker).Question(cty.ObjectVal(args))
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%s %v: error %v, expected %s", c.action, c.args, err, c.err)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", c.action, err, diff)
		}
	}
}
