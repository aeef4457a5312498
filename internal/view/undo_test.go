package view

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/run"
)

// TestApprovalNamesTheUndo: below what is approved stands what will take it back, with what is known of it.
func TestApprovalNamesTheUndo(t *testing.T) {
	q := &run.Question{
		Kind: run.AskApproval, Action: "local_command", Effect: "write", Arguments: []run.ArgumentValue{{Name: "command", Value: `["true"]`}},
		Undo: &run.AskedUndo{
			Action: "local_command", On: "end", Effect: "destructive", Target: "ops-1",
			Arguments: []run.ArgumentValue{{Name: "command", Value: `["rm", local.dir, self.stdout]`}},
			Uses:      []run.ArgumentValue{{Name: "local.dir", Value: `"/tmp"`}},
		},
	}
	want := []string{
		"write: local_command",
		`  command = ["true"]`,
		"undone at the end of the run by local_command on ops-1, which is destructive",
		`  command = ["rm", local.dir, self.stdout]`,
		`    where local.dir = "/tmp"`,
	}
	var got []string
	for _, line := range Question(q, config()) {
		got = append(got, line.Text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
