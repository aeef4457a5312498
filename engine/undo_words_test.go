package engine_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestWordsByHandOnAnotherMachine: each argument of an undo that is not done there is told with its value, though the key is not there by which what
// is sensitive of the result is read; the file's words stand for what can't be worked out alone.
func TestWordsByHandOnAnotherMachine(t *testing.T) {
	t.Parallel()
	fake, j := &enginetest.Fake{Machine: "one"}, enginetest.Store(t)
	opts := sealing(t, filepath.Join(t.TempDir(), "key"), j, "")
	opts.AutoApprove = true
	out := enginetest.Run(t, fake, `
step "fake_write" "part" {
  id = "part"
  undo "fake_write" {
    id    = "part ${self.call}"
    value = { items = self.items, token = self.token }
  }
}
step "fake_write" "whole" {
  id = "whole"
  undo "fake_write" {
    id    = "whole ${self.call}"
    value = self.token
  }
}
`, opts)
	out.Ends(t, 0)
	fake.Machine = "two"
	key := opts
	for name, opts := range map[string]enginetest.Options{"with the key": key, "without it": {Journal: j, AutoApprove: true}} {
		out := enginetest.Undo(t, fake, out.Result.RunID, opts)
		out.Ends(t, 4)
		token := `self.token`
		if opts.Unseal != nil {
			token = `"(sensitive)"`
		}
		for step, want := range map[string]string{
			"part":  `fake_write on one with id = "part 1", value = {"items":[{"name":"a","ready":true},{"name":"b","ready":false}],"token":"(sensitive)"};`,
			"whole": `fake_write on one with id = "whole 1", value = ` + token,
		} {
			got := ""
			for _, e := range out.Events {
				if e.Type == run.UndoFinished && e.Step == step {
					got = e.ByHand
				}
			}
			if !strings.Contains(got, want) {
				t.Errorf("%s: %s is not told with %s: %q", name, step, want, got)
			}
		}
		if strings.Contains(out.Stream, enginetest.SecretToken) {
			t.Error("the secret is told")
		}
	}
}
