package engine_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
)

// TestChangedDefault repeats nothing: the run keeps the value that it has. A step that is new does not run again.
func TestChangedDefault(t *testing.T) {
	t.Parallel()
	const text = `
variable "v" { default = "1" }
provider "fake" {}
step "fake_write" "w" {
  id    = "w"
  value = var.v
}
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.w]
}
`
	fake, j, id := failed(t, text)
	changed := strings.Replace(text, `default = "1"`, `default = "2"`, 1) + "step \"fake_write\" \"new\" { id = \"new\" }\n"
	rewrite(t, j, id, changed)
	e := enginetest.New(fake, nil)
	r, diags := e.Recall(t.Context(), id, engine.RecallOptions{RunOptions: engine.RunOptions{Journal: j}, WithChanges: true})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if !slices.Contains(r.Changes, "var v differs: it keeps the value that the run has") || len(r.Again())+len(r.Repeated) > 0 {
		t.Errorf("%q %q %q", r.Changes, r.Again(), r.Repeated)
	}
	if diags := r.Drop(t.Context()); diags.HasErrors() {
		t.Fatal(diags)
	}
	opts := at(j, "")
	opts.WithChanges = true
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)
	if fake.Calls("w") != 1 || fake.Calls("new") != 1 {
		t.Error(fake.Log())
	}
}

// TestNewVariableWithoutDefault says how a changed file can give it a value.
func TestNewVariableWithoutDefault(t *testing.T) {
	t.Parallel()
	fake, j, id := failed(t, movable)
	rewrite(t, j, id, "variable \"w\" { type = string }\n"+movable)
	opts := at(j, "staging")
	opts.WithChanges = true
	out := enginetest.Resume(t, fake, id, opts)
	if out.Result != nil || !strings.Contains(out.Diags.Error(), "Give it a default in the file") || strings.Contains(out.Diags.Error(), "--var") {
		t.Errorf("%+v %v", out.Result, out.Diags)
	}
}

// rewrite replaces the file of a run.
func rewrite(t *testing.T, j journal.Journal, id, text string) {
	t.Helper()
	for entry, err := range j.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(entry.Event.Files[0].Path, []byte("runbook \"test\" {}\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
}
