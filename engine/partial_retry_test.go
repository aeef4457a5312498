package engine_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestRetryAfterAPart: what an attempt did of which a part took place is not forgotten for those after it: one that did nothing leaves the write in
// doubt, and one that finds all as it is to be has an undo all the same.
func TestRetryAfterAPart(t *testing.T) {
	const text = `
runbook "test" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  retry {
    attempts = 2
    delay    = "1ms"
    writes   = true
  }
  undo "fake_write" { id = "back" }
}
step "fake_write" "break" {
  id         = "break"
  depends_on = [step.change]
}
`
	for name, c := range map[string]struct {
		then   error
		status int
		doubt  bool
		want   []string
	}{
		"nothing was done":    {enginetest.ErrUnreachable(), run.ExitLeftOver, true, []string{"change", "change"}},
		"nothing was left":    {nil, 1, false, []string{"change", "change", "break", "back"}},
		"a part of it, again": {enginetest.ErrUnreadable, 1, false, []string{"change", "change", "back"}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{
				Do: func(_ context.Context, id string, n int) error {
					switch {
					case id == "change" && n == 1:
						return enginetest.ErrUnreadable
					case id == "change":
						return c.then
					case id == "break":
						return enginetest.ErrUnreachable()
					}
					return nil
				},
				Unchanged: func(id string) bool { return id == "change" },
			}
			out := enginetest.Run(t, fake, text, enginetest.Options{})
			if e := out.Finished()["change"]; e.InDoubt != c.doubt || e.Partial && c.then == nil {
				t.Errorf("%+v", e)
			}
			if diff := cmp.Diff(c.want, fake.Log()); diff != "" {
				t.Error(diff)
			}
			out.Ends(t, c.status)
		})
	}
}
