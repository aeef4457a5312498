package engine_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestChangesInEachSyntax: what a changed file has run again, or asked anew, does not go by the syntax that it is written in.
func TestChangesInEachSyntax(t *testing.T) {
	t.Parallel()
	const asks = `
step "fake_write" "first" { id = "first" }
step "fake_ask" "ok" { prompt = "drop the OLD table?" }
step "fake_write" "last" {
  id         = "last"
  depends_on = [step.ok]
}
`
	const approved = `
step "fake_write" "go" {
  id = "go"
  approval { prompt = "go?" }
}
`
	const local = `
step "fake_write" "first" { id = local.first }
step "fake_ask" "ok" { prompt = "Go on?" }
`
	const undone = `
step "fake_write" "first" {
  id = "first"
  undo "fake_write" { id = "back" }
}
step "fake_ask" "ok" { prompt = "Go on?" }
`
	tests := map[string]struct {
		text, workspace string
		// asks is the step whose question is answered before a word is replaced by another in the files.
		asks, old, new string
		changes        string
		does           []string
		waits          bool
	}{
		"nothing":           {text: asks, asks: "ok", does: []string{"first", "last"}},
		"a question":        {text: asks, asks: "ok", old: "OLD", new: "NEW", changes: "step ok differs", does: []string{"first"}, waits: true},
		"a write":           {text: asks, asks: "ok", old: `"first" }`, new: `"other" }`, changes: "step first differs", does: []string{"first", "other", "last"}},
		"who may approve":   {text: approved, asks: "go", old: `prompt = "go?"`, new: `approvers = ["alice"]`, changes: "step go differs", waits: true},
		"an approved write": {text: approved, asks: "go", old: `"go"` + "\n", new: `"other"` + "\n", changes: "step go differs", waits: true},
		"a local of the workspace": {
			text: local, workspace: `locals { first = "first" }`, asks: "ok", old: `= "first"`, new: `= "second"`, changes: "local first differs",
			does: []string{"first", "second"},
		},
		"an undo": {text: undone, asks: "ok", old: `"back"`, new: `"forth"`, changes: "undo of step first differs", does: []string{"first"}},
	}
	for name, tc := range tests {
		for _, syntax := range enginetest.Syntaxes {
			t.Run(name+" "+syntax.Ending, func(t *testing.T) {
				t.Parallel()
				text, workspace := planHead+tc.text, tc.workspace
				path := files(t, map[string]string{"x" + syntax.Ending: syntax.Of(t, text), "workspace" + syntax.Ending: syntax.Of(t, workspace)})
				path = filepath.Join(filepath.Dir(path), "x"+syntax.Ending)
				fake, opts := &enginetest.Fake{}, enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
				out := enginetest.RunFile(t, fake, path, opts)
				out.Pauses(t)
				answer(t, opts.Journal, out, tc.asks, "true")
				if tc.old != "" {
					text, workspace = strings.Replace(text, tc.old, tc.new, 1), strings.Replace(workspace, tc.old, tc.new, 1)
				}
				enginetest.Rewrite(t, path, syntax.Of(t, text))
				enginetest.Rewrite(t, filepath.Join(filepath.Dir(path), "workspace"+syntax.Ending), syntax.Of(t, workspace))
				out = enginetest.Resume(t, fake, out.Result.RunID, opts)
				if out.Result == nil || out.Result.Paused != tc.waits {
					t.Errorf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
				}
				if told := strings.Join(out.Events[0].Changes, "\n"); !strings.HasPrefix(told, tc.changes) || (told == "") != (tc.changes == "") {
					t.Errorf("told %q", told)
				}
				if diff := cmp.Diff(tc.does, fake.Log()); diff != "" {
					t.Errorf("%s\n%s", diff, out.Stream)
				}
			})
		}
	}
}
