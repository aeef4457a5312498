package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestMovedReadOrdersWrites: a read that stands elsewhere may have writes take turns in another order: that is told, and the run goes on.
func TestMovedReadOrdersWrites(t *testing.T) {
	const read = "step \"fake_read\" \"r\" { id = \"r\" }\n"
	const text = `
runbook "test" {}
provider "fake" {}
` + read + `
step "fake_write" "fails" { id = "fails" }
step "fake_write" "behind" {
  id         = "behind"
  depends_on = [step.fails, step.r]
}
step "fake_write" "other" { id = "other" }
`
	mended := false
	fake := fails("fails", &mended)
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
	path := enginetest.Write(t, text)
	out := enginetest.RunFile(t, fake, path, opts)
	out.Ends(t, 1)
	mended = true
	enginetest.Rewrite(t, path, strings.Replace(text, read, "", 1)+read)
	resumed := enginetest.Resume(t, fake, out.Result.RunID, opts)
	resumed.Ends(t, 0)
	var changes []string
	for _, e := range resumed.Events {
		if e.Type == run.RunResumed {
			changes = e.Changes
		}
	}
	if diff := cmp.Diff([]string{"the order of writes is another: other comes before behind"}, changes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"fails", "other", "fails", "behind"}, slices.DeleteFunc(fake.Log(), func(id string) bool { return id == "r" })); diff != "" {
		t.Error(diff)
	}
}
