package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// sentThen is a run that was cut off while the write w was on its way, and a file that is another by now.
func sentThen(t *testing.T, fake *enginetest.Fake, secrets map[string]engine.SecretReader, now string) (*engine.Engine, string, engine.RecallOptions) {
	t.Helper()
	whole := enginetest.Store(t)
	file := enginetest.Write(t, `
runbook "r" {}
provider "fake" {
  name     = "here"
  password = secret("vault:kv/app#key")
}
step "fake_write" "w" { id = "w" }
`)
	out := enginetest.RunFile(t, fake, file, enginetest.Options{Journal: whole, AutoApprove: true, Secrets: secrets})
	out.Ends(t, 0)
	cut := slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.StepStarted })
	id := out.Result.RunID
	enginetest.Rewrite(t, file, now)
	e := enginetest.New(fake, nil)
	e.Secrets = secrets
	return e, id, engine.RecallOptions{RunOptions: engine.RunOptions{Journal: enginetest.CutAfter(t, whole, id, cut+1)}, WithChanges: true}
}

// TestFormerFilesAreReadOnce: whatever is to be known of the files as they were, they are planned once, beside the new ones.
func TestFormerFilesAreReadOnce(t *testing.T) {
	t.Parallel()
	reads := 0
	secrets := map[string]engine.SecretReader{"vault": func(context.Context, provider.Host, string) (string, error) {
		reads++
		return "hunter2-of-vault", nil
	}}
	e, id, opts := sentThen(t, &enginetest.Fake{}, secrets, `
runbook "r" {}
provider "fake" {
  name     = "here"
  password = secret("vault:kv/app#key")
}
step "fake_read" "other" { id = "other" }
`)
	reads = 0
	r, diags := e.Recall(t.Context(), id, opts)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if doubts := r.Doubts(); len(doubts) != 1 || !doubts[0].Gone {
		t.Error(doubts)
	} else if _, err := r.Inquire(t.Context(), doubts[0]); err != nil {
		t.Error(err)
	}
	if diags := r.Drop(t.Context()); diags.HasErrors() {
		t.Error(diags)
	}
	if reads != 2 {
		t.Errorf("the secret was read %d times", reads)
	}
}

// TestFormerSecretIsGone: who sent a write can't be asked about it any more, and nobody is asked with the configuration of the changed file.
func TestFormerSecretIsGone(t *testing.T) {
	t.Parallel()
	gone := false
	fake := &enginetest.Fake{}
	secrets := map[string]engine.SecretReader{"vault": func(context.Context, provider.Host, string) (string, error) {
		if gone {
			return "", errors.New("403 Forbidden")
		}
		return "hunter2-of-vault", nil
	}}
	e, id, opts := sentThen(t, fake, secrets, `
runbook "r" {}
provider "fake" { name = "here" }
step "fake_write" "w" { id = "w" }
`)
	gone = true
	r, diags := e.Recall(t.Context(), id, opts)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	doubts := r.Doubts()
	if len(doubts) != 1 {
		t.Fatal(doubts)
	}
	if found, err := r.Inquire(t.Context(), doubts[0]); err == nil || !strings.Contains(err.Error(), "403 Forbidden") {
		t.Errorf("%+v, %v", found, err)
	}
	if diags := r.Drop(t.Context()); diags.HasErrors() {
		t.Error(diags)
	}
}
