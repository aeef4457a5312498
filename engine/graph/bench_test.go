package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/graph"
)

// BenchmarkBuild builds graphs of 10,000 steps.
func BenchmarkBuild(b *testing.B) {
	const steps = 10_000
	for name, step := range map[string]func(i int) string{
		"independent": func(i int) string { return fmt.Sprintf("step \"a_read\" \"s%d\" {}\n", i) },
		"chained": func(i int) string {
			return fmt.Sprintf("step \"a_request\" \"s%d\" { body = step.s%d.version }\n", i, i-1)
		},
		"writes": func(i int) string { return fmt.Sprintf("step \"a_write\" \"s%d\" {}\n", i) },
	} {
		var body strings.Builder
		body.WriteString("step \"a_read\" \"s0\" {}\n")
		for i := range steps - 1 {
			body.WriteString(step(i + 1))
		}
		rb := load(b, body.String())
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, diags := graph.Build(rb); diags.HasErrors() {
					b.Fatal(diags)
				}
			}
		})
	}
}
