package engine_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

const shipped = `
runbook "shipped" {}
provider "fake" {}
step "fake_read" "look" { id = "look" }
step "fake_write" "row" {
  for_each   = toset(["a", "b"])
  id         = "row ${each.key} v1"
  value      = step.look.value
}
step "fake_read" "after" {
  id         = "after"
  depends_on = [step.row]
}
`

// TestDoubtOfAChangedInstance: a file changed the very step of which an instance is in doubt. One that counts as done does not run
// again with the others; where it is not sure that they are the same, nothing runs at all.
func TestDoubtOfAChangedInstance(t *testing.T) {
	for name, test := range map[string]struct {
		decision, old, new string
		does               []string // nil: it is refused
	}{
		"redo":          {run.DecisionRedo, "v1", "v2", []string{"row a v2", "row b v2", "after"}},
		"done":          {run.DecisionDone, "v1", "v2", []string{"row a v2", "after"}},
		"one key more":  {run.DecisionDone, `"b"]`, `"b", "c"]`, []string{"row c v1", "after"}},
		"one key less":  {run.DecisionDone, `"a", "b"]`, `"a"]`, nil},
		"what it needs": {run.DecisionDone, `id = "look"`, `id = "look closer"`, nil},
		"how, done":     {run.DecisionDone, `  id         = "row`, "  timeout = \"1m\"\n  id = \"row", []string{"after"}},
		"what comes":    {run.DecisionDone, `= "after"`, `= "afterwards"`, []string{"afterwards"}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				if id == "row b v1" {
					return errors.New("the answer got lost")
				}
				return nil
			}}
			file, opts := enginetest.Write(t, shipped), enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
			id := enginetest.RunFile(t, fake, file, opts).Result.RunID
			did := fake.Log()
			write := func(text string) {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(strings.Replace(shipped, test.old, test.new, 1))
			opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
				return run.Resolution{Decision: test.decision, How: "flag", Who: "alice", Why: "she looked"}
			}
			out := enginetest.Resume(t, fake, id, opts)
			if diff := cmp.Diff(append(did, test.does...), fake.Log()); diff != "" {
				t.Errorf("%s\n%s", diff, out.Stream)
			}
			if test.does != nil {
				out.Ends(t, 0)
				return
			}
			if !out.Diags.HasErrors() || !strings.Contains(out.Diags.Error(), `row["b"] counts as done`) || out.Stream != "" {
				t.Fatalf("%v\n%s", out.Diags, out.Stream)
			}
			// Nothing was lost by that: it is settled with the file as it was.
			write(shipped)
			opts.WithChanges = false
			enginetest.Resume(t, fake, id, opts).Ends(t, 0)
			if diff := cmp.Diff(append(did, "after"), fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDoubtOfAnInstanceThatWasUndoneAround: the runbook around an instance in doubt was taken back as a whole. It counts as done, and the
// others run again, where it is sure which these are.
func TestDoubtOfAnInstanceThatWasUndoneAround(t *testing.T) {
	path := files(t, map[string]string{
		"parent.hcl": `
runbook "parent" { on_failure = "stop" }
provider "fake" {}
step "runbook" "db" {
  source = "./child.hcl"
  undo "fake_write" {
    on = "end"
    id = "back"
  }
}
`,
		"child.hcl": `
runbook "child" {}
provider "fake" {}
step "fake_write" "row" {
  for_each = toset(["a", "b"])
  id       = "row ${each.key}"
}
`,
	})
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		if id == "row b" {
			return errors.New("the answer got lost")
		}
		return nil
	}}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.RunFile(t, fake, path, opts)
	opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
		return run.Resolution{Decision: run.DecisionDone, How: "flag", Who: "alice", Why: "she looked"}
	}
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
	if diff := cmp.Diff([]string{"row a", "row b", "back", "row a", "back"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}
