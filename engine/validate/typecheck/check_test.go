package typecheck_test

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/validate/typecheck"
)

// seen is a value such as a run may see.
var seen = cty.ObjectVal(map[string]cty.Value{
	"count": cty.NumberIntVal(2), "version": cty.StringVal("1.2.3"), "ready": cty.True,
	"names":  cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")}),
	"labels": cty.MapVal(map[string]cty.Value{"app": cty.StringVal("x"), "a": cty.StringVal("y")}),
	"items": cty.ListVal([]cty.Value{
		cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("a"), "ready": cty.True, "restarts": cty.NumberIntVal(1)}),
		cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("b"), "ready": cty.False, "restarts": cty.NumberIntVal(5)}),
	}),
})

// anything is a result whose type is known only in a run.
var anything = cty.ObjectVal(map[string]cty.Value{
	"n":    cty.NumberIntVal(1),
	"list": cty.TupleVal([]cty.Value{cty.NumberIntVal(1), cty.StringVal("x"), cty.EmptyObjectVal}),
})

func env(self, dynamic cty.Value) (*typecheck.Env, *hcl.EvalContext) {
	functions := lang.Functions(lang.FunctionHost{Static: true})
	values := map[string]cty.Value{"self": self, "json": dynamic}
	return &typecheck.Env{
		Context: &hcl.EvalContext{Functions: functions},
		Resolve: func(t hcl.Traversal) typecheck.Resolved {
			v, ok := values[t.RootName()]
			if !ok {
				return typecheck.Resolved{Problem: &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Unknown name"}}
			}
			return typecheck.Resolved{Value: v, Taken: 1, Closed: t.RootName() == "self"}
		},
	}, &hcl.EvalContext{Functions: functions, Variables: values}
}

// TestSound holds that what a run can evaluate is no error before it, and that the type foreseen is the type seen.
func TestSound(t *testing.T) {
	static, _ := env(cty.UnknownVal(seen.Type()), cty.DynamicVal)
	known, run := env(seen, anything)
	for _, source := range []string{
		`self`, `self.count`, `self.count + 1`, `-self.count`, `!self.ready`, `self.items[0].name`, `self.items[*].name`,
		`self.items.*.ready`, `self["count"]`, `self.labels.app`, `self.labels["a"]`, `self.names[self.count - 1]`,
		`(self.items)[0]["restarts"]`, `self.items[*]`, `self.version[*]`, `self.items[1 - 1].ready`,
		`[for i in self.items : i.name]`, `[for k, i in self.items : "${k}${i.name}" if i.ready]`,
		`{ for i in self.items : i.name => i.restarts }`, `{ for i in self.items : i.name => i }["a"].ready`,
		`{ for i in self.items : i.name => i.restarts... }`, `{ for k, v in self.labels : v => k }`,
		`[for k, v in self : k]`, `{ for k, v in { a = 1, b = "x" } : k => v }`, `[for v in [1, "a", true] : v]`,
		`alltrue(self.items[*].ready)`, `alltrue([for i in self.items : i.restarts < 3])`, `sum(self.items[*].restarts)`,
		`join(", ", [for i in self.items : i.name])`, `length({ for i in self.items : i.name => i })`,
		`keys({ for i in self.items : i.name => i })`, `values({ for i in self.items : i.name => i })[*].ready`,
		`merge({ for i in self.items : i.name => i.restarts }, { c = "x" })`, `merge(self.labels, { n = "1" })`,
		`lookup({ for i in self.items : i.name => i.restarts }, "z", "none")`, `lookup(self.labels, "z", "none")`,
		`toset([for i in self.items : i.name])`, `contains(self.names, "a")`, `concat(self.names, ["c"])`,
		`concat([for i in self.items : i.name], [1])`, `flatten([for i in self.items : [i.name, i.restarts]])`,
		`max(0, self.items[*].restarts...)`, `element(self.items, 0).name`, `slice(self.items, 0, 1)[0].name`,
		`distinct([for i in self.items : i.name])`, `zipmap(self.names, self.items[*].restarts)`, `coalesce(null, self.version)`,
		`self.count == 2 ? "a" : 1`, `self.ready ? self.items : []`, `self.ready ? { for i in self.items : i.name => 1 } : {}`,
		`self.ready ? null : self.version`, `self.ready ? [for i in self.items : i.name] : ["none"]`,
		`"${self.version}-${self.count}"`, `"%{for i in self.items}${i.name}%{endfor}"`, `"%{if self.ready}a%{else}b%{endif}"`,
		`"${self.items}"`, `{ a = self.count, (self.version) = 2, "c d" = 3 }`, `[self.count, self.version, [self.ready]]`,
		`try(self.items[7].name, "none")`, `try(json.nope.deeper, 5)`, `try(self.count, "x")`, `can(json.n + json.list)`,
		`json.n + 1`, `json.list[2]`, `[for x in json.list : x]`, `json[*].n`, `json.list[*]`, `{ for k, v in json : k => v }`,
		`self.count == null || self.version != null`, `jsonencode(self)`, `jq(self, ".items | length")`, `tostring(self.count)`,
		`formatdate("YYYY", "2026-01-02T03:04:05Z")`, `[for a in self.items : [for b in self.items : a.name == b.name]]`,
		`sort([for i in self.items : i.name])[0]`, `{ for i in self.items : i.name => { r = i.restarts } }["a"].r`,
		`[for i in self.items : { n = i.name }][0].n`, `range(3)[*]`, `self.items == self.items`, `tolist(["a", "b"]) == self.names`,
		`[for i in self.items : i.name] == ["a", "b"]`, `{ n = [for i in self.items : i.name] } == { n = ["a", "b"] }`,
		`sort([for i in self.items : i.name]) == tolist(["a", "b"])`, `{ for i in self.items : i.name => 1 } == { a = 1, b = 1 }`,
		`(self.ready ? [for i in self.items : i.name] : ["x"]) == ["a", "b"]`, `self.names == ["a", "b"]`,
	} {
		e, diags := hclsyntax.ParseExpression([]byte(source), "x.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatalf("%s: %s", source, diags)
		}
		got, diags := e.Value(run)
		if diags.HasErrors() && source != `"${self.items}"` {
			t.Errorf("%s: a run can't evaluate it: %s", source, diags)
		}
		for _, env := range []*typecheck.Env{static, known} {
			v, diags := typecheck.Check(e, env)
			if diags.HasErrors() {
				t.Errorf("%s: %s", source, diags)
				continue
			}
			if _, err := convert.Convert(got, v.Type()); err != nil {
				t.Errorf("%s: foreseen %#v, seen %#v", source, v.Type(), got.Type())
			}
			if v.IsWhollyKnown() && !v.RawEquals(got) {
				t.Errorf("%s: foreseen %#v, seen %#v", source, v, got)
			}
		}
	}
}

// TestBrokenTrees checks what the parser leaves of syntax errors.
func TestBrokenTrees(t *testing.T) {
	static, _ := env(cty.UnknownVal(seen.Type()), cty.DynamicVal)
	for _, source := range []string{`self.`, `self.items[`, `[for x in`, `"${`, `self[*`, `f(`, `a ? b`, `{ a = `, `1 +`} {
		e, diags := hclsyntax.ParseExpression([]byte(source), "x.hcl", hcl.InitialPos)
		if !diags.HasErrors() {
			t.Errorf("%s parses", source)
		}
		if e != nil {
			if v, _ := typecheck.Check(e, static); v == cty.NilVal {
				t.Errorf("%s has no value", source)
			}
		}
	}
}
