package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// nested writes a runbook that runs another one, which has undos of its own, and gives the path.
func nested(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"child.hcl": `
runbook "child" {}
variable "who" {}
provider "fake" {}
step "fake_write" "change" {
  for_each = { a = var.who, b = "second" }
  id       = "change ${each.value}"
  undo "fake_write" { id = "back ${each.value} ${self.call}" }
}
step "fake_write" "then" {
  id         = "then"
  depends_on = [step.change]
  undo "fake_write" { id = "then back for ${var.who}" }
}
`,
		"parent.hcl": `
runbook "parent" {}
provider "fake" {}
step "fake_write" "first" {
  id = "first"
  undo "fake_write" { id = "first back" }
}
step "runbook" "db" {
  source    = "./child.hcl"
  variables = { who = "call ${step.first.call}" }
}
step "fake_write" "last" {
  id         = "last"
  depends_on = [step.db]
  undo "fake_write" { id = "last back" }
}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "parent.hcl")
}

// TestUndoByHandInARunbookWithinARunbook: last first over all runbooks; what was undone runs again on a resume, and the
// step that runs the runbook with it.
func TestUndoByHandInARunbookWithinARunbook(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	opts := enginetest.Options{Journal: j, AutoApprove: true}
	out := enginetest.RunFile(t, fake, nested(t), opts)
	out.Ends(t, 0)
	id := out.Result.RunID
	did := []string{"first", "change call 1", "change second", "then", "last"}
	steps := []struct {
		name string
		do   func() enginetest.Outcome
		log  []string
	}{
		{"one", func() enginetest.Outcome { return enginetest.Undo(t, fake, id, opts, `db/change["a"]`) }, []string{"back call 1 1"}},
		{"all", func() enginetest.Outcome { return enginetest.Undo(t, fake, id, opts) },
			[]string{"last back", "then back for call 1", "back second 1", "first back"}},
		{"again", func() enginetest.Outcome { return enginetest.Resume(t, fake, id, opts) }, []string{"first", "change call 2", "change second", "then", "last"}},
	}
	for _, s := range steps {
		out = s.do()
		if out.Result == nil || out.Diags.HasErrors() || out.Result.Outcome != run.Pass {
			t.Fatalf("%s: %+v %v\n%s", s.name, out.Result, out.Diags, out.Stream)
		}
		did = append(did, s.log...)
		if diff := cmp.Diff(did, fake.Log()); diff != "" {
			t.Fatalf("%s: %s\n%s", s.name, diff, out.Stream)
		}
	}
}

// TestUndoByHandThatFails leaves something that a person must look at, in whichever runbook it is, and can be tried again.
func TestUndoByHandThatFails(t *testing.T) {
	broken, j := true, enginetest.Store(t)
	fake := &enginetest.Fake{}
	fake.Do = func(_ context.Context, id string, _ int) error {
		if broken && id == "then back for call 1" {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	opts := enginetest.Options{Journal: j, AutoApprove: true}
	id := enginetest.RunFile(t, fake, nested(t), opts).Result.RunID
	out := enginetest.Undo(t, fake, id, opts)
	out.Ends(t, 4)
	broken = false
	out = enginetest.Undo(t, fake, id, opts)
	if out.Result == nil || out.Result.ExitStatus != 0 || fake.Calls("then back for call 1") != 2 || fake.Calls("last back") != 1 {
		t.Fatalf("%+v %v %q\n%s", out.Result, out.Diags, fake.Log(), out.Stream)
	}
}

// TestUndoByHandBesideADoubt: an undo that broke off stays in doubt while another is run by hand.
func TestUndoByHandBesideADoubt(t *testing.T) {
	whole := enginetest.Store(t)
	out := enginetest.Run(t, breaks("break"), undone, enginetest.Options{Journal: whole})
	cut := slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.UndoStarted })
	fake, id := &enginetest.Fake{}, out.Result.RunID
	out = enginetest.Undo(t, fake, id, enginetest.Options{Journal: enginetest.CutAfter(t, whole, id, cut+1)}, "cordon")
	out.Ends(t, 4)
	if diff := cmp.Diff([]string{"uncordon after 1"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}
