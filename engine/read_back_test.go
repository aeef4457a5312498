package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/seal"
)

const givesSecrets = `
step "fake_read" "gives" {
  id    = "gives"
  value = { deep = ["open", { word = secret("env:WORD") }], open = "in the open" }
}
step "fake_read" "echoes" {
  id         = "echoes"
  depends_on = [step.gives]
}
`

// TestSecretsOfResultsReadBack are blanked where a system echoes one in a later session, in which nothing else knows it and nobody asks
// for the result.
func TestSecretsOfResultsReadBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ word, echoed string }{
		"a sensitive attribute":           {"hunter2-before", enginetest.SecretToken},
		"one within a value":              {"hunter2-before", "hunter2-before"},
		"beside an attribute of its name": {"token", enginetest.SecretToken},
		"within an attribute of its name": {"value", "value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := "connection refused"
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				if id == "echoes" {
					return errors.New("the server says: in the open, " + said)
				}
				return nil
			}}
			opts := enginetest.Options{Journal: enginetest.Store(t), Seal: plain, Unseal: opened, Env: map[string]string{"WORD": c.word}}
			out := enginetest.Run(t, fake, givesSecrets, opts)
			out.Ends(t, 1)
			said, opts.Env = c.echoed, map[string]string{"WORD": "another-by-now"}
			out = enginetest.Resume(t, fake, out.Result.RunID, opts)
			out.Ends(t, 1)
			if !strings.Contains(out.Stream, "the server says: in the open, (sensitive)") {
				t.Errorf("the secret is shown, or what is none is not:\n%s", out.Stream)
			}
		})
	}
}

// TestResultsThatCantBeReadBack: what a system answers to an undo is not shown where a secret may be in it that was in a result, and the
// reason is told.
func TestResultsThatCantBeReadBack(t *testing.T) {
	t.Parallel()
	const text = `
step "fake_read" "gives" { id = "gives" }
step "fake_write" "w" {
  id         = "w"
  depends_on = [step.gives]
  undo "fake_write" { id = "back" }
}
`
	gives := func(text string) func([]byte) ([]byte, error) {
		return func([]byte) ([]byte, error) { return []byte(text), nil }
	}
	for name, c := range map[string]struct {
		unseal func([]byte) ([]byte, error)
		why    string
	}{
		"without a key":    {nil, "its result is sensitive, and was not read back"},
		"with another key": {func([]byte) ([]byte, error) { return nil, seal.ErrOtherKey }, "its result is sensitive and can't be read back: it was sealed with another key"},
		"cut off":          {gives(`{"result":{"token"`), "its result is sensitive and can't be read back: unexpected end of JSON input"},
		"of another kind":  {gives(`{"result":[1]}`), "its result is sensitive and can't be read back: json: cannot unmarshal array"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				if id == "back" {
					return errors.New("the server says: " + enginetest.SecretToken)
				}
				return nil
			}}
			opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, Seal: plain, Unseal: opened}
			out := enginetest.Run(t, fake, text, opts)
			out.Ends(t, 0)
			opts.Unseal = c.unseal
			out = enginetest.Undo(t, fake, out.Result.RunID, opts)
			out.Ends(t, 4)
			if strings.Contains(out.Stream, "the server says") || !strings.Contains(out.Stream, "that this session does not know: "+c.why) {
				t.Errorf("not told: %s\n%s", c.why, out.Stream)
			}
		})
	}
}
