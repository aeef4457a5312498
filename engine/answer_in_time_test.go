package engine_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// TestAnswerGivenInTime: an answer counts by when it was given, and not by when a process reads it.
func TestAnswerGivenInTime(t *testing.T) {
	const ask = `
step "fake_ask" "ok" {
  prompt     = "Delete it?"
  timeout    = "1m"
  on_timeout = %q
}
step "fake_write" "delete" {
  id         = "delete"
  depends_on = [step.ok]
}
`
	for name, c := range map[string]struct {
		onTimeout, value string
		after            time.Duration // when it was given
		deletes          int
		by               string
	}{
		"no":            {onTimeout: "default", value: "false", after: time.Second, by: "bob@ops"},
		"yes":           {onTimeout: "fail", value: "true", after: time.Second, deletes: 1, by: "bob@ops"},
		"no, too late":  {onTimeout: "default", value: "false", after: 2 * time.Minute, deletes: 1, by: "nobody"},
		"yes, too late": {onTimeout: "fail", value: "true", after: 2 * time.Minute},
		"not an answer": {onTimeout: "default", value: `"perhaps"`, after: time.Second, deletes: 1, by: "nobody"},
	} {
		for _, child := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, child %v", name, child), func(t *testing.T) {
				fake, j := &enginetest.Fake{}, enginetest.Store(t)
				step, text := "ok", fmt.Sprintf(ask, c.onTimeout)
				path := family(t, "runbook \"parent\" {}\n"+text, "")
				if child {
					step, path = "db/ok", family(t, "runbook \"parent\" {}\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\n", "runbook \"child\" {}\n"+text)
				}
				start := time.Now().UTC()
				out := enginetest.RunFile(t, fake, path, enginetest.Options{Journal: j, AutoApprove: true, Now: func() time.Time { return start }})
				out.Pauses(t)
				id, at := out.Result.RunID, start.Add(c.after)
				err := j.Send(t.Context(), id, journal.Message{
					Kind: journal.MessageAnswer, Step: step, At: at, By: "bob@ops",
					Answer: &run.Answer{Value: json.RawMessage(c.value), By: "bob@ops", Via: run.ViaCommand, Digest: digestOf(t, out, step)},
				})
				if err != nil {
					t.Fatal(err)
				}
				late := start.Add(time.Hour)
				out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, AutoApprove: true, Now: func() time.Time { return late }})
				if fake.Calls("delete") != c.deletes {
					t.Errorf("it was deleted %d times, expected %d\n%s", fake.Calls("delete"), c.deletes, out.Stream)
				}
				by, given := "", time.Time{}
				for _, e := range out.Events {
					if e.Type == run.StepAnswered {
						by, given = e.Answer.By, e.Answer.GivenAt(e.Time)
					}
				}
				if by != c.by || by == "bob@ops" && at.Before(late) && !given.Equal(at) {
					t.Errorf("answered by %q at %s, expected %q at %s\n%s", by, given, c.by, at, out.Stream)
				}
			})
		}
	}
}

// digestOf is what an answer to the question about a step is bound to.
func digestOf(t *testing.T, out enginetest.Outcome, step string) string {
	t.Helper()
	for _, e := range out.Events {
		if e.Type == run.StepWaiting && e.Step == step && e.Question != nil {
			return e.Question.Digest
		}
	}
	t.Fatalf("step %s asks nothing:\n%s", step, out.Stream)
	return ""
}
