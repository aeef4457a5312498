package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const notedFirst = `
runbook "test" {}
variable "pw" {
  sensitive = true
  default   = "s3cret-text"
}
provider "fake" {}
step "fake_noted" "w" {
  id    = "w"
  value = WITH
  undo "fake_write" { id = "back to ${nonsensitive(self.value)}" }
}
step "fake_write" "uses" {
  id         = "uses ${step.w.call}"
  depends_on = [step.w]
}
`

// TestWhatWasNotedOfADoneWrite: a write that counts as done on somebody's word has what was noted before it was sent: its undo works.
// What needs more of its result errs, and says why.
func TestWhatWasNotedOfADoneWrite(t *testing.T) {
	for name, with := range map[string]string{"plain": `"x"`, "sensitive": "var.pw"} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{Notes: true, Do: func(_ context.Context, id string, _ int) error {
				if id == "w" {
					return errors.New("the answer got lost")
				}
				return nil
			}}
			opts := enginetest.Options{
				Journal: enginetest.Store(t), AutoApprove: true,
				Seal: plain, Unseal: opened,
			}
			out := enginetest.Run(t, fake, strings.Replace(notedFirst, "WITH", with, 1), opts)
			out.Ends(t, run.ExitLeftOver)
			id := out.Result.RunID
			var asked []run.Doubt
			opts.Settle = decides(run.DecisionDone, &asked)
			out = enginetest.Resume(t, fake, id, opts)
			out.Ends(t, 1)
			if e := out.Finished()["uses"]; e.Outcome != run.Error || !strings.Contains(e.Error, "it counts as done on the word of alice@ops") {
				t.Errorf("%+v", e)
			}
			if e := out.Finished()["w"]; e.Outcome != run.Warn || !strings.Contains(strings.Join(e.Warnings, ""), "noted before it was sent (value)") {
				t.Errorf("%+v", e)
			}
			enginetest.Resume(t, fake, id, opts).Ends(t, 1) // the history says the same
			enginetest.Undo(t, fake, id, opts)
			if diff := cmp.Diff([]string{"w", "back to w 1"}, fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
