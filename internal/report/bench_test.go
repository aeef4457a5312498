package report

import (
	"fmt"
	"io"
	"testing"

	"github.com/e82355ed/runbook/engine/run"
)

// many is a run of many steps, each with a check.
func many(t testing.TB, steps int) *Recorder {
	events := []run.Event{begun()}
	for i := range steps {
		name := fmt.Sprintf("c%d", i)
		events = append(events, started(name, "", ""), run.Event{Type: run.CheckEvaluated, Step: name, Outcome: run.Pass, Check: &run.Check{
			Kind: run.KindAssert, Severity: "fail", Expression: "length(local.list) >= 0", Place: "many.hcl:7",
			References: []run.Reference{{Expression: "length(local.list)", Value: "3"}},
		}}, finished(name, run.Pass, "1 check holds"))
	}
	return recorded(t, events...)
}

// BenchmarkWrite writes reports of a run of a thousand steps.
func BenchmarkWrite(b *testing.B) {
	r := many(b, 1000)
	b.Run("document", func(b *testing.B) {
		for range b.N {
			r.Run(func(text []byte) []byte { return text })
		}
	})
	document := r.Run(nil)
	for _, format := range Formats() {
		b.Run(format, func(b *testing.B) {
			for range b.N {
				if err := Write(io.Discard, format, document); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
