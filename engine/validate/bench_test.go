package validate_test

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/validate"
)

// BenchmarkValidate checks 10,000 small steps, each of which reads the one before it, and a file of a usual size.
func BenchmarkValidate(b *testing.B) {
	usual, err := os.ReadFile("testdata/valid/case.hcl")
	if err != nil {
		b.Fatal(err)
	}
	var many strings.Builder
	many.WriteString("runbook \"many\" {}\nstep \"demo_list\" \"s0\" {}\n")
	for i := range 9_999 {
		fmt.Fprintf(&many, "step \"demo_list\" \"s%d\" {\n  namespace = step.s%d.version\n  assert {\n    condition = alltrue(self.items[*].ready) && self.count > 0\n  }\n}\n", i+1, i)
	}
	for name, source := range map[string][]byte{"usual": usual, "10000 steps": []byte(many.String())} {
		rb, diags := lang.Load("case.hcl", lang.LoadOptions{Registry: registry(), ReadFile: func(path string) ([]byte, error) {
			if path == "case.hcl" {
				return source, nil
			}
			return nil, fs.ErrNotExist
		}})
		g, cycles := graph.Build(rb)
		if diags = append(diags, cycles...); diags.HasErrors() {
			b.Fatal(diags)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var found hcl.Diagnostics
			for b.Loop() {
				found = validate.Runbook(rb, g, validate.Options{})
			}
			if len(found) > 0 {
				b.Fatal(found)
			}
		})
	}
}
