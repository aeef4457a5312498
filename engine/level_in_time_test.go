package engine_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// TestLevelsAfterTheAnswer: a level that fell due after somebody had answered is not told, though no process heard of it before; one that
// fell due earlier is.
func TestLevelsAfterTheAnswer(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]int{5 * time.Minute: 0, 20 * time.Minute: 1, 40 * time.Minute: 2} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			fake, j := &enginetest.Fake{}, enginetest.Store(t)
			start := time.Now().UTC()
			at := func(d time.Duration) func() time.Time { return func() time.Time { return start.Add(d) } }
			out := enginetest.Run(t, fake, escalating, enginetest.Options{Journal: j, Now: at(0)})
			out.Pauses(t)
			err := j.Send(t.Context(), out.Result.RunID, journal.Message{
				Kind: journal.MessageAnswer, Step: "change", At: start.Add(after), By: "bob@ops",
				Answer: &run.Answer{Value: json.RawMessage("true"), By: "bob@ops", Via: run.ViaCommand, Digest: digestOf(t, out, "change")},
			})
			if err != nil {
				t.Fatal(err)
			}
			out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Now: at(50 * time.Minute)})
			out.Ends(t, 0)
			if got := levels(out); len(got) != want || fake.Calls("change") != 1 {
				t.Errorf("told %q, expected %d of them\n%s", got, want, out.Stream)
			}
		})
	}
}
