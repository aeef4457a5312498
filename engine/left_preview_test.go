package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestLeftBesideAPreview: the run ends while somebody is about to be asked, and a write is in doubt: it is told.
func TestLeftBesideAPreview(t *testing.T) {
	previews := make(chan struct{})
	fake := &enginetest.Fake{
		Do: func(ctx context.Context, _ string, _ int) error {
			if err := enginetest.Until(ctx, previews); err != nil {
				return err
			}
			return errors.New("the answer got lost")
		},
		Previews: func(ctx context.Context, _ string) error {
			close(previews)
			<-ctx.Done()
			return ctx.Err()
		},
	}
	out := enginetest.Run(t, fake, `
runbook "test" { on_failure = "stop" }
provider "fake" {}
provider "fake" { alias = "b" }
step "fake_write" "lost" {
  id = "lost"
}
step "fake_write" "asks" {
  id       = "asks"
  provider = provider.fake.b
  approval { prompt = "Change it?" }
}
`, enginetest.Options{AutoApprove: true, Asker: &asker{yes: true}})
	out.Ends(t, 4)
	last := out.Events[len(out.Events)-1]
	if last.ExitStatus == nil || *last.ExitStatus != 4 {
		t.Errorf("the history has another status: %+v", last.ExitStatus)
	}
	if diff := cmp.Diff([]run.Left{{Step: "lost", What: run.LeftInDoubt}}, last.Left); diff != "" {
		t.Error(diff)
	}
}
