package engine_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestErrorOfWhatTookPlace: a write that took place and whose answer can't be read is an error, is not in doubt, keeps what is
// known of it, is not repeated, and is undone.
func TestErrorOfWhatTookPlace(t *testing.T) {
	const text = `
runbook "test" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  retry { attempts = 3 }
  undo "fake_write" { id = "back after ${self.call}" }
}
`
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		if id == "change" {
			return enginetest.ErrUnreadable
		}
		return nil
	}}
	out := enginetest.Run(t, fake, text, enginetest.Options{})
	if out.Result == nil || out.Result.ExitStatus == 4 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	e := out.Finished()["change"]
	if e.Outcome != run.Error || e.InDoubt || e.Error != enginetest.ErrUnreadable.Error() || e.Result == nil {
		t.Errorf("%+v", e)
	}
	if diff := cmp.Diff([]string{"change", "back after 1"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}
