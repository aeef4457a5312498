package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// echoes is a runbook of which a read gives a text with a secret in it that nobody marked.
const echoes = planHead + `
step "fake_read" "r" {
  id    = "r"
  at    = secret("env:WORD")
}
step "fake_write" "w" {
  id    = "w"
  value = { all = step.r.value, piece = step.r.value == null ? "" : substr(step.r.value, 0, 4) }
  approval {}
}
step "fake_write" "open" {
  id         = substr(step.r.value, 0, 4)
  depends_on = [step.w]
  undo "fake_write" { id = "back ${substr(self.value, 0, 4)}" }
  value      = step.r.value
}
`

// TestEchoedSecretsOverSessions: a text in which a system echoed a secret is in a later session what it was in the first: a yes to it counts, a piece
// of it that is no secret can be used in the open, and nothing of it is shown more than it was.
func TestEchoedSecretsOverSessions(t *testing.T) {
	t.Parallel()
	fake := &enginetest.Fake{Says: func(id string) string {
		if id == "r" {
			return "id=5 with hunter2-token"
		}
		return ""
	}}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, Seal: plain, Unseal: opened, Env: map[string]string{"WORD": "hunter2-token"}}
	out := enginetest.Run(t, fake, echoes, opts)
	out.Ends(t, 3)
	answer(t, opts.Journal, out, "w", "true")
	again := enginetest.Resume(t, fake, out.Result.RunID, opts)
	again.Ends(t, 0)
	undone := enginetest.Undo(t, fake, out.Result.RunID, opts)
	undone.Ends(t, 0)
	if got := strings.Join(fake.Log(), ", "); got != "r, w, id=5, back id=5" {
		t.Errorf("carried out: %s\n%s", got, again.Stream)
	}
	all := out.Stream + again.Stream + undone.Stream
	if strings.Contains(all, "hunter2") {
		t.Errorf("the secret is shown:\n%s", all)
	}
	for _, e := range again.Events {
		var with struct{ Value struct{ All, Piece string } }
		if e.Type == run.StepStarted && e.Step == "w" && (json.Unmarshal(e.Arguments, &with) != nil || with.Value.All != "id=5 with (sensitive)" || with.Value.Piece != "id=5") {
			t.Errorf("sent with %s", e.Arguments)
		}
	}
}

// TestEchoedSecretsThatAreAnotherByNow: a history of before the secrets were kept, whose secret is another by now, shows the text nowhere.
func TestEchoedSecretsThatAreAnotherByNow(t *testing.T) {
	t.Parallel()
	fake := &enginetest.Fake{Says: func(id string) string {
		if id == "r" {
			return "id=5 with hunter2-token"
		}
		return ""
	}}
	opts := enginetest.Options{Journal: enginetest.Store(t), Seal: plain, Unseal: opened, Env: map[string]string{"WORD": "hunter2-token"}}
	out := enginetest.Run(t, fake, echoes, opts)
	out.Ends(t, 3)
	opts.Journal = enginetest.Retell(t, opts.Journal, out.Result.RunID, func(e *run.Event) {
		if e.Type == run.SecretsKept {
			*e = run.Event{V: e.V, Seq: e.Seq, Time: e.Time, Run: e.Run, Type: run.CheckEvaluated, Step: "r", Check: &run.Check{Kind: run.KindAssert}, Outcome: run.Pass}
		}
	})
	opts.Env = map[string]string{"WORD": "another-by-now"}
	answer(t, opts.Journal, out, "w", "true")
	again := enginetest.Resume(t, fake, out.Result.RunID, opts)
	if strings.Contains(again.Stream, "hunter2") {
		t.Errorf("the secret is shown:\n%s", again.Stream)
	}
}
