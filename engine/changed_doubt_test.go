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

// TestDoubtOfAChangedInstance: a file changed the very step of which an instance is in doubt.
func TestDoubtOfAChangedInstance(t *testing.T) {
	const text = `
runbook "rows" {}
provider "fake" {}
step "fake_write" "row" {
  for_each = toset(["a", "b"])
  id       = "row ${each.key} v1"
}
step "fake_read" "after" {
  id         = "after"
  depends_on = [step.row]
}
`
	for decision, want := range map[string][]string{
		run.DecisionDone: nil, // it would run again
		run.DecisionRedo: {"row a v2", "row b v2", "after"},
	} {
		t.Run(decision, func(t *testing.T) {
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				if id == "row b v1" {
					return errors.New("the answer got lost")
				}
				return nil
			}}
			file, opts := enginetest.Write(t, text), enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
			id := enginetest.RunFile(t, fake, file, opts).Result.RunID
			did := fake.Log()
			write := func(text string) {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(strings.ReplaceAll(text, "v1", "v2"))
			opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
				return run.Resolution{Decision: decision, How: "flag", Who: "alice", Why: "she looked"}
			}
			out := enginetest.Resume(t, fake, id, opts)
			if diff := cmp.Diff(append(did, want...), fake.Log()); diff != "" {
				t.Errorf("%s\n%s", diff, out.Stream)
			}
			if decision == run.DecisionRedo {
				if out.Diags.HasErrors() || out.Result.ExitStatus != 0 {
					t.Errorf("%v %+v\n%s", out.Diags, out.Result, out.Stream)
				}
				return
			}
			if !out.Diags.HasErrors() || !strings.Contains(out.Diags.Error(), `row["b"] counts as done`) || out.Stream != "" {
				t.Fatalf("%v\n%s", out.Diags, out.Stream)
			}
			// Nothing was lost by that: it is settled with the file as it was.
			write(text)
			opts.WithChanges = false
			if out = enginetest.Resume(t, fake, id, opts); out.Result == nil || out.Result.ExitStatus != 0 {
				t.Errorf("%v %+v\n%s", out.Diags, out.Result, out.Stream)
			}
			if diff := cmp.Diff(append(did, "after"), fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
