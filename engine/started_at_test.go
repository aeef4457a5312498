package engine_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestStartedAtOverSessions: when a step started, and how long it took, is the same in every session, to the last digit: what is sent with it is
// the same write, and its undo is the one that stood then.
func TestStartedAtOverSessions(t *testing.T) {
	t.Parallel()
	const text = planHead + `
step "fake_read" "r" {
  id = "r"
  retry {
    delay = "1ms"
  }
}
step "fake_write" "before" {
  id    = "before"
  value = "${step.r.started_at} ${step.r.duration_ms} ${step.r.attempts}"
  undo "fake_write" { id = "back ${self.started_at} ${self.duration_ms}" }
}
step "fake_ask" "sure" {
  prompt     = "go on?"
  depends_on = [step.before]
}
step "fake_write" "after" {
  id         = "after"
  value      = "${step.r.started_at} ${step.r.duration_ms} ${step.r.attempts}"
  depends_on = [step.sure]
}
`
	ticks := time.Unix(1_900_000_000, 0)
	clock := func() time.Time { ticks = ticks.Add(1_234_567_891 * time.Nanosecond); return ticks }
	fake := &enginetest.Fake{Do: failsFirst("r", enginetest.ErrUnreachable())}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, Now: clock}
	out := enginetest.Run(t, fake, text, opts)
	out.Ends(t, 3)
	answer(t, opts.Journal, out, "sure", "true")
	again := enginetest.Resume(t, fake, out.Result.RunID, opts)
	again.Ends(t, 0)
	sent, started := map[string]string{}, map[string]string{}
	for _, e := range append(out.Events, again.Events...) {
		var with struct{ Value string }
		if e.Type == run.StepStarted && json.Unmarshal(e.Arguments, &with) == nil {
			sent[e.Step] = with.Value
		}
		if e.Type == run.StepStarted && e.Attempt == 1 {
			started[e.Step] = e.Time.Format(time.RFC3339Nano)
		}
	}
	if want := started["r"] + " 9876.543 2"; sent["before"] != want || sent["after"] != want {
		t.Errorf("want %q, got %q", want, sent)
	}
	enginetest.Undo(t, fake, out.Result.RunID, opts, "before").Ends(t, 0)
	if want, log := "back "+started["before"]+" 7407.407", fake.Log(); log[len(log)-1] != want {
		t.Errorf("want %q, got %q", want, log)
	}
}
