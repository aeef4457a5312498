package lang

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
)

// TestInstancesAreWorkedOutOnce where nothing but variables decides them, also for a scope that takes them over; all else is looked at anew.
func TestInstancesAreWorkedOutOnce(t *testing.T) {
	const source = `runbook "r" {}
variable "names" { default = ["b", "a"] }
locals {
  fixed   = toset(var.names)
  outside = toset([env("HOST")])
}
step "a_b" "first" {}
`
	rb, diags := Load("r.hcl", LoadOptions{ReadFile: oneFile("r.hcl", []byte(source))})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	asked := 0
	fresh := func() string { asked++; return fmt.Sprint("now", asked) }
	scopeOf := func() *Scope {
		return &Scope{
			Runbook: rb, Variables: map[string]cty.Value{"names": cty.ListVal([]cty.Value{cty.StringVal("b"), cty.StringVal("a")})},
			Step: func(string) cty.Value { return cty.ObjectVal(map[string]cty.Value{"host": cty.StringVal(fresh())}) },
			Host: FunctionHost{Lookup: func(string) (string, bool) { return fresh(), true }},
		}
	}
	for text, once := range map[string]bool{
		`local.fixed`:                                true,
		`{ for n in var.names : n => upper(n) }`:     true,
		`toset([step.first.host])`:                   false,
		`toset([env("HOST")])`:                       false,
		`toset([for n in [1, 2] : step.first.host])`: false,
	} {
		e, diags := ParseExpression(text, "x")
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		scope, next := scopeOf(), scopeOf()
		first, diags := scope.Instances(e, Frame{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		next.KnowFrom(scope)
		second, diags := next.Instances(e, Frame{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if same := first == second; same != once {
			t.Errorf("%s: worked out once: %t", text, same)
		}
		if same := cmp.Equal(first.Keys, second.Keys); same != once {
			t.Errorf("%s: %q, then %q", text, first.Keys, second.Keys)
		}
	}
}
