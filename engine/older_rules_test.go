package engine_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
)

// refiled is a history in which a run was begun with files that hold what is an error by now.
type refiled struct {
	journal.Journal
	old, new string
}

func (r refiled) File(ctx context.Context, id, sha256 string) ([]byte, error) {
	content, err := r.Journal.File(ctx, id, sha256)
	return bytes.ReplaceAll(content, []byte(r.old), []byte(r.new)), err
}

// TestUndoByRulesOfThen: what ran is taken back, though this version would not let its files run any more. It does not go on with them.
func TestUndoByRulesOfThen(t *testing.T) {
	const text = `
provider "fake" {}
step "fake_write" "w" {
  id = "w"
  undo "fake_write" { id = "back" }
}
step "fake_ask" "calm" {
  prompt     = "Is it calm?"
  depends_on = [step.w]
}
step "fake_write" "last" {
  id         = "last"
  depends_on = [step.calm]
}
`
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	opts := enginetest.Options{Journal: j, AutoApprove: true}
	out := enginetest.Run(t, fake, text, opts)
	out.Pauses(t)
	opts.Journal = refiled{j, `"last"
  depends_on`, `[1]
  depends_on`}
	if got := enginetest.Resume(t, fake, out.Result.RunID, opts); got.Result != nil || !strings.Contains(got.Diags.Error(), "id") {
		t.Errorf("%v\n%s", got.Diags, got.Stream)
	}
	if got := enginetest.Undo(t, fake, out.Result.RunID, opts); fake.Calls("back") != 1 {
		t.Errorf("%v\n%s", got.Diags, got.Stream)
	}
}
