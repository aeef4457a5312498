package lang

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
)

func TestScopeIsSafeForConcurrentUse(t *testing.T) {
	source := `runbook "r" {}
locals {
  a = [for x in local.b : x.ok]
  b = [{ ok = step.s.ok }, { ok = true }]
  t = now()
}
step "a_b" "s" {}
output "o" { value = alltrue(local.b[*].ok) && alltrue(local.a) && length(local.t) > 0 && jq(local.a, ".[0]") }
`
	rb, diags := Load("r.hcl", LoadOptions{ReadFile: oneFile("r.hcl", []byte(source))})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	scope := &Scope{Runbook: rb, Step: func(string) cty.Value { return cty.ObjectVal(map[string]cty.Value{"ok": cty.True}) }}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if v, diags := scope.Value(rb.Outputs[0].Value, Frame{}); diags.HasErrors() || !v.True() {
					t.Errorf("%#v %v", v, diags)
				}
			}
		})
	}
	wg.Wait()
}

// TestContextHoldsOnlyWhatIsNeeded is what makes evaluating cheap in a large runbook.
func TestContextHoldsOnlyWhatIsNeeded(t *testing.T) {
	rb, diags := Load("many.hcl", LoadOptions{ReadFile: oneFile("many.hcl", manySteps(100))})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var asked []string
	scope := &Scope{Runbook: rb, Step: func(name string) cty.Value {
		asked = append(asked, name)
		return cty.DynamicVal
	}}
	e, diags := ParseExpression(`step.s7.x == 1 && step.s7.y == 2 && self.z`, "x")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	ctx, diags := scope.Context(e.Refs, Frame{Self: cty.EmptyObjectVal})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if diff := cmp.Diff([]string{"s7"}, asked); diff != "" {
		t.Error(diff)
	}
	if len(ctx.Variables) != 2 {
		t.Errorf("the context holds %d names", len(ctx.Variables))
	}
}

func TestLocalsOfUnknownsAreNotKept(t *testing.T) {
	source := "runbook \"r\" {}\nlocals { a = step.s.n + 1 }\nstep \"a_b\" \"s\" {}\noutput \"o\" { value = local.a }\n"
	rb, diags := Load("r.hcl", LoadOptions{ReadFile: oneFile("r.hcl", []byte(source))})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	step := cty.DynamicVal
	scope := &Scope{Runbook: rb, Step: func(string) cty.Value { return step }}
	if v, _ := scope.Value(rb.Outputs[0].Value, Frame{}); v.IsKnown() {
		t.Errorf("before the step it is %#v", v)
	}
	step = cty.ObjectVal(map[string]cty.Value{"n": cty.NumberIntVal(1)})
	if v, _ := scope.Value(rb.Outputs[0].Value, Frame{}); FormatValue(v) != "2" {
		t.Errorf("after the step it is %#v", v)
	}
}

func TestStepOutcomeTellsWhatTheValueDoesNot(t *testing.T) {
	rb, diags := Load("many.hcl", LoadOptions{ReadFile: oneFile("many.hcl", manySteps(1))})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	scope := &Scope{
		Runbook: rb, Step: func(string) cty.Value { return cty.EmptyObjectVal }, StepOutcome: func(string) string { return "cancelled" },
	}
	e, _ := ParseExpression("step.s0.count", "x")
	if _, diags := scope.Value(e, Frame{}); !strings.Contains(diags.Error(), "step.s0 was cancelled, so it has no result \"count\"") {
		t.Error(diags)
	}
}
