package engine_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

const secretly = `
step "fake_ask" "ok" {
  prompt    = "All well?"
  sensitive = true
}
`

// TestSensitiveAnswer answers a paused run with a sealed message, cuts the history right after the answer, and resumes with
// the key, which uses the answer, and without it, which asks again.
func TestSensitiveAnswer(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	keyed := enginetest.Options{Journal: j, Seal: plain, Unseal: opened}
	out := enginetest.Run(t, fake, secretly, keyed)
	out.Pauses(t)
	id := out.Result.RunID
	sealed, _ := plain([]byte("true"))
	send(t, j, out, &journal.Message{Sealed: sealed})
	out = enginetest.Resume(t, fake, id, keyed)
	out.Ends(t, 0)
	answered := int64(0)
	for _, e := range out.Events {
		if e.Type == run.StepAnswered {
			if answered = e.Seq; string(e.Answer.Value) != `"(sensitive)"` || !e.Answer.Sensitive {
				t.Errorf("who looks on sees the answer %s", e.Answer.Value)
			}
		}
	}
	if strings.Contains(out.Stream, `"value":true`) || answered == 0 {
		t.Errorf("answered with event %d:\n%s", answered, out.Stream)
	}
	if left, err := j.Messages(t.Context(), id, 0); err != nil || len(left) != 0 {
		t.Errorf("messages that were read are left: %v, %v", left, err)
	}
	for unseal, want := range map[bool]int{true: 0, false: 3} {
		opts := enginetest.Options{Journal: enginetest.CutAfter(t, j, id, int(answered)), Seal: plain}
		if unseal {
			opts.Unseal = opened
		}
		if out := enginetest.Resume(t, fake, id, opts); out.Result == nil || out.Result.ExitStatus != want {
			t.Errorf("with the key %v: %+v %v\n%s", unseal, out.Result, out.Diags, out.Stream)
		}
	}
}

// TestSensitiveAnswerThatNobodyCanRead stays unanswered.
func TestSensitiveAnswerThatNobodyCanRead(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, secretly, enginetest.Options{Journal: j})
	send(t, j, out, &journal.Message{Sealed: []byte("of another key")})
	out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j})
	out.Pauses(t)
}

// TestSensitiveAnswersAtOnce: the one that was sent first counts, however long it takes to be read.
func TestSensitiveAnswersAtOnce(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, secretly, enginetest.Options{Journal: j, Seal: plain, Unseal: opened})
	for _, value := range []string{"true", "false"} {
		sealed, _ := plain([]byte(value))
		send(t, j, out, &journal.Message{Sealed: sealed})
	}
	overtaken := make(chan struct{})
	unseal := func(sealed []byte) ([]byte, error) {
		text, err := opened(sealed)
		switch string(text) {
		case "true":
			select {
			case <-overtaken:
			case <-time.After(500 * time.Millisecond): // time enough to be overtaken in
			}
		case "false":
			close(overtaken)
		}
		return text, err
	}
	out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Seal: plain, Unseal: unseal})
	out.Ends(t, 0)
}

// TestSensitiveAnswerAfterOneThatNobodyCanRead counts.
func TestSensitiveAnswerAfterOneThatNobodyCanRead(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, secretly, enginetest.Options{Journal: j, Seal: plain, Unseal: opened})
	sealed, _ := plain([]byte("true"))
	send(t, j, out, &journal.Message{Sealed: []byte("of another key")})
	send(t, j, out, &journal.Message{Sealed: sealed})
	out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Seal: plain, Unseal: opened})
	out.Ends(t, 0)
}

// send sends a sealed answer to step ok.
func send(t *testing.T, j journal.Journal, out enginetest.Outcome, m *journal.Message) {
	t.Helper()
	for _, e := range out.Events {
		if e.Question != nil {
			m.Kind, m.Step, m.At, m.By = journal.MessageAnswer, "ok", time.Now(), "bob@ops"
			m.Answer = &run.Answer{Value: json.RawMessage(`"(sensitive)"`), Sensitive: true, By: "bob@ops", Via: run.ViaCommand, Digest: e.Question.Digest}
			if err := j.Send(t.Context(), e.Run, *m); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("nobody is asked:\n%s", out.Stream)
}

// TestAnswerBeforehandToAnOpenQuestion counts when a run is resumed that asked before.
func TestAnswerBeforehandToAnOpenQuestion(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, `step "fake_ask" "ok" { prompt = "All well?" }`, enginetest.Options{Journal: j})
	out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Answers: map[string]string{"ok": "yes"}})
	out.Ends(t, 0)
}
