package engine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// TestSensitiveAnswerThatNobodyCanRead does not count, which is told, and another can be given.
func TestSensitiveAnswerThatNobodyCanRead(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	keyed := enginetest.Options{Journal: j, Seal: plain, Unseal: opened}
	out := enginetest.Run(t, fake, secretly, keyed)
	send(t, j, out, &journal.Message{Sealed: []byte("of another key")})
	again := enginetest.Resume(t, fake, out.Result.RunID, keyed)
	again.Pauses(t)
	if !slices.ContainsFunc(again.Events, func(e run.Event) bool {
		return e.Type == run.AnswerRefused && strings.Contains(e.Error, "can't be read")
	}) {
		t.Errorf("it does not say that the answer does not count:\n%s", again.Stream)
	}
	if left, err := j.Messages(t.Context(), out.Result.RunID, 0); err != nil || len(left) != 0 {
		t.Errorf("left are %v, %v", left, err)
	}
	sealed, _ := plain([]byte("true"))
	send(t, j, out, &journal.Message{Sealed: sealed})
	enginetest.Resume(t, fake, out.Result.RunID, keyed).Ends(t, 0)
}

// TestSensitiveQuestionAfterTheKey: where the key of the history is lost, the answer that nobody took in counts no more, and that is told; the
// question waits again, for an answer under the key that is here, in the time that it had.
func TestSensitiveQuestionAfterTheKey(t *testing.T) {
	for name, file := range map[string]map[string]string{
		"a step":           {"parent.hcl": "runbook \"x\" {}\nprovider \"fake\" {}\n" + secretly},
		"within a runbook": {"parent.hcl": "runbook \"x\" {}\nprovider \"fake\" {}\nstep \"runbook\" \"in\" { source = \"./child.hcl\" }\n", "child.hcl": "runbook \"y\" {}\nprovider \"fake\" {}\n" + secretly},
	} {
		t.Run(name, func(t *testing.T) {
			fake, j := &enginetest.Fake{}, enginetest.Store(t)
			out := enginetest.RunFile(t, fake, files(t, file), enginetest.Options{Journal: j, Seal: plain, Unseal: opened})
			out.Pauses(t)
			id, before := out.Result.RunID, lastQuestion(t, out)
			sealed, _ := plain([]byte("true"))
			send(t, j, out, &journal.Message{Sealed: sealed})
			const lock = "another key: "
			another := enginetest.Options{
				Journal: j, Seal: func(text []byte) ([]byte, error) { return append([]byte(lock), text...), nil },
				Unseal: func(sealed []byte) ([]byte, error) {
					text, is := bytes.CutPrefix(sealed, []byte(lock))
					if !is {
						return nil, errors.New("it is of another key")
					}
					return text, nil
				},
			}
			out = enginetest.Resume(t, fake, id, another)
			out.Pauses(t)
			now, why := lastQuestion(t, out), ""
			for _, e := range out.Events {
				if e.Type == run.AnswerRefused {
					why = e.Error
				}
			}
			if !strings.Contains(why, "can't be read with the key that is here") {
				t.Errorf("why the answer does not count: %q\n%s", why, out.Stream)
			}
			if now.Question.Digest == before.Question.Digest || !cmp.Equal(now.Deadline, before.Deadline) {
				t.Errorf("asked as %+v, before as %+v", now, before)
			}
			sealed, _ = another.Seal([]byte("true"))
			send(t, j, out, &journal.Message{Sealed: sealed})
			out = enginetest.Resume(t, fake, id, another)
			out.Ends(t, 0)
		})
	}
}

// lastQuestion is the event that asked last.
func lastQuestion(t *testing.T, out enginetest.Outcome) *run.Event {
	t.Helper()
	for _, e := range slices.Backward(out.Events) {
		if e.Question != nil {
			return &e
		}
	}
	t.Fatalf("nobody is asked:\n%s", out.Stream)
	return nil
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

// send sends a sealed answer to the step that asks.
func send(t *testing.T, j journal.Journal, out enginetest.Outcome, m *journal.Message) {
	t.Helper()
	for _, e := range out.Events {
		if e.Question != nil {
			m.Kind, m.Step, m.At, m.By = journal.MessageAnswer, e.Step, time.Now(), "bob@ops"
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
