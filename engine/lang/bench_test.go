package lang

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// manySteps is a runbook of n small steps.
func manySteps(n int) []byte {
	var b strings.Builder
	b.WriteString("runbook \"many\" {\n  title = \"Many\"\n}\n")
	for i := range n {
		fmt.Fprintf(&b, "step \"none_wait\" \"s%d\" {\n  url = \"http://127.0.0.1:8080/%d\"\n  assert { condition = self.status_code == 200 }\n}\n", i, i)
	}
	return []byte(b.String())
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		source := manySteps(n)
		opts := LoadOptions{ReadFile: oneFile("many.hcl", source)}
		b.Run(fmt.Sprintf("steps=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if rb, diags := Load("many.hcl", opts); diags.HasErrors() || len(rb.Steps) != n {
					b.Fatal(diags)
				}
			}
		})
	}
}

func BenchmarkScopeValue(b *testing.B) {
	for name, source := range map[string]string{
		"self":    `self.count == 0`,
		"alltrue": `alltrue(self.nodes[*].ready)`,
		"step":    `step.x.count > 3 && self.count == 0`,
	} {
		e, diags := ParseExpression(source, "bench.hcl")
		if diags.HasErrors() {
			b.Fatal(diags)
		}
		node := cty.ObjectVal(map[string]cty.Value{"ready": cty.True})
		self := cty.ObjectVal(map[string]cty.Value{"count": cty.Zero, "nodes": cty.ListVal([]cty.Value{node, node, node})})
		rb := newRunbook("bench.hcl")
		rb.Steps = []*Step{{Name: "x"}}
		rb.index()
		scope := &Scope{Runbook: rb, Step: func(string) cty.Value { return self }}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, diags := scope.Value(e, Frame{Self: self}); diags.HasErrors() {
					b.Fatal(diags)
				}
			}
		})
	}
}

func BenchmarkFunctions(b *testing.B) {
	for b.Loop() {
		Functions(FunctionHost{})
	}
}

func BenchmarkExplain(b *testing.B) {
	e, diags := ParseExpression(`self.status_code == 200 && self.body != "x"`, "bench.hcl")
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	self := cty.ObjectVal(map[string]cty.Value{"status_code": cty.NumberIntVal(200), "body": cty.StringVal("ok")})
	scope := &Scope{Runbook: newRunbook("bench.hcl")}
	ctx, diags := scope.Context(e.Refs, Frame{Self: self})
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	b.ReportAllocs()
	for b.Loop() {
		Explain(e, ctx)
	}
}
