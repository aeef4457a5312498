package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/graph"
)

func TestCycles(t *testing.T) {
	cases := map[string]struct {
		body string
		want []string
	}{
		"self": {`
step "a_read" "x" {
  assert { condition = step.x.count == 1 }
}`, []string{"case.hcl:4: step.x waits for itself: case.hcl:4: assert { condition = step.x.count == 1 }\n" +
			"In its own checks and remedies, write self in place of step.x."}},
		"two loops, one through a local": {`
locals { l = step.b.count }
step "a_read" "a" { when = local.l > 0 }
step "a_read" "b" { depends_on = [step.a] }
step "a_read" "c" { depends_on = [step.d] }
step "a_read" "d" { depends_on = [step.c, step.a] }
step "a_read" "behind" { depends_on = [step.d] }`, []string{
			"case.hcl:4: These 2 steps wait for each other, so none of them can start:\n" +
				"  step.a waits for step.b: case.hcl:4: step \"a_read\" \"a\" { when = local.l > 0 }\n" +
				"  step.b waits for step.a: case.hcl:5: step \"a_read\" \"b\" { depends_on = [step.a] }\n" +
				"Take one of these references away.",
			"case.hcl:6: These 2 steps wait for each other, so none of them can start:\n" +
				"  step.c waits for step.d: case.hcl:6: step \"a_read\" \"c\" { depends_on = [step.d] }\n" +
				"  step.d waits for step.c: case.hcl:7: step \"a_read\" \"d\" { depends_on = [step.c, step.a] }\n" +
				"Take one of these references away.",
		}},
		"locals": {`
locals {
  a = local.b
  b = [local.c, local.b]
  c = local.a
}`, []string{
			"case.hcl:4: A local can't be defined by itself:\n" +
				"  local.a needs local.b: case.hcl:4: a = local.b\n" +
				"  local.b needs local.c: case.hcl:5: b = [local.c, local.b]\n" +
				"  local.c needs local.a: case.hcl:6: c = local.a\nWrite one of them without the other.",
			"case.hcl:5: A local can't be defined by itself:\n" +
				"  local.b needs local.b: case.hcl:5: b = [local.c, local.b]\nWrite one of them without the other.",
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			g, diags := graph.Build(load(t, tc.body))
			if g == nil {
				t.Fatal("no graph beside the cycle")
			}
			var got []string
			for _, d := range diags {
				got = append(got, fmt.Sprintf("%s:%d: %s", d.Subject.Filename, d.Subject.Start.Line, d.Detail))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("diagnostics differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLongLoopIsCut(t *testing.T) {
	var b strings.Builder
	for i := range 50 {
		fmt.Fprintf(&b, "step \"a_read\" \"s%d\" { depends_on = [step.s%d] }\n", i, (i+1)%50)
	}
	_, diags := graph.Build(load(t, b.String()))
	if len(diags) != 1 || strings.Count(diags[0].Detail, "\n") > 25 || !strings.Contains(diags[0].Detail, "and 30 more, back to step.s0") {
		t.Errorf("got %v", diags)
	}
}
