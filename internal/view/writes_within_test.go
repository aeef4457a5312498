package view

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/run"
)

// TestWritesWithin: an approval of a step that runs a runbook shows what that writes, where, when, and what takes it back.
func TestWritesWithin(t *testing.T) {
	value := func(name, text string) []run.ArgumentValue { return []run.ArgumentValue{{Name: name, Value: text}} }
	q := &run.Question{
		Kind: run.AskApproval, Action: "runbook", Effect: "destructive", Arguments: value("source", `"child.hcl"`), Writes: []run.ListedWrite{
			{
				Key: "more", Action: "kubernetes_scale", Effect: "write", Target: "https://eu", Arguments: value("replicas", "local.n"), Uses: value("local.n", "3"),
				Changes: []run.Change{{Path: "replicas", Before: "1", After: "3"}},
				Undo:    &run.AskedUndo{Action: "kubernetes_scale", On: "end", Effect: "write", Arguments: value("replicas", "self.before.replicas")},
			},
			{Key: "deep/drop", Action: "kubernetes_delete", Effect: "destructive", Target: "https://eu", Arguments: value("name", `"x"`), Note: "for each of a, b"},
		},
	}
	var got strings.Builder
	for _, line := range Question(q, config()) {
		got.WriteString(line.Text + "\n")
	}
	const want = `destructive: runbook
  source = "child.hcl"
  more: write: kubernetes_scale on https://eu
    replicas = local.n
    replicas: 1 → 3
      where local.n = 3
    undone at the end of the run by kubernetes_scale
      replicas = self.before.replicas
  deep/drop: destructive: kubernetes_delete on https://eu: for each of a, b
    name = "x"
    nothing undoes it
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}
