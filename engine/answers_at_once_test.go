package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// overtaken answers yes at the terminal, right after bob said no from elsewhere.
type overtaken struct {
	t       *testing.T
	journal journal.Journal
	asked   int
}

func (a *overtaken) Ask(ctx context.Context, w run.Wait) (*run.Answer, error) {
	a.asked++
	runs, err := a.journal.Runs(ctx, journal.Filter{})
	if err != nil {
		a.t.Error(err)
	}
	err = a.journal.Send(ctx, runs[0].ID, journal.Message{
		Kind: journal.MessageAnswer, Step: w.Address, At: time.Now().UTC(), By: "bob@ops",
		Answer: &run.Answer{Value: json.RawMessage("false"), By: "bob@ops", Via: run.ViaCommand, Digest: w.Question.Digest, ID: "bobs"},
	})
	if err != nil {
		a.t.Error(err)
	}
	return &run.Answer{Value: json.RawMessage("true"), By: "alice@ops", Note: "go on", Via: run.ViaTerminal}, nil
}

// together is a journal that shows a run what was sent to it once both answers are there.
type together struct {
	journal.Journal
	sent atomic.Int32
}

func (j *together) Send(ctx context.Context, id string, m journal.Message) error {
	defer j.sent.Add(1)
	return j.Journal.Send(ctx, id, m)
}

func (j *together) Messages(ctx context.Context, id string, after int64) ([]journal.Message, error) {
	if j.sent.Load() < 2 {
		return nil, nil
	}
	return j.Journal.Messages(ctx, id, after)
}

// TestAnotherAnswersBeforeTheTerminal: the answer that the store has first counts, also where the other is typed at the run's own
// terminal, and the history tells of both.
func TestAnotherAnswersBeforeTheTerminal(t *testing.T) {
	const ask = `
step "fake_write" "delete" {
  id = "delete"
  approval {}
}
`
	for _, child := range []bool{false, true} {
		t.Run(fmt.Sprintf("child %v", child), func(t *testing.T) {
			fake, j := &enginetest.Fake{}, &together{Journal: enginetest.Store(t)}
			step, path := "delete", family(t, "runbook \"parent\" {}\n"+ask, "")
			if child {
				step, path = "db/delete", family(t, "runbook \"parent\" {}\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\n", "runbook \"child\" {}\n"+ask)
			}
			asker := &overtaken{t: t, journal: j}
			out := enginetest.RunFile(t, fake, path, enginetest.Options{Journal: j, AutoApprove: true, Asker: asker})
			if out.Ends(t, 1); fake.Calls("delete") != 0 || asker.asked != 1 {
				t.Errorf("%d deleted, %d asked", fake.Calls("delete"), asker.asked)
			}
			counts := slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.StepAnswered && e.Step == step })
			refused := slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.AnswerRefused && e.Step == step })
			if counts < 0 || out.Events[counts].Answer.By != "bob@ops" {
				t.Fatalf("bob's no does not count\n%s", out.Stream)
			}
			if refused < 0 || out.Events[refused].Answer.By != "alice@ops" || out.Events[refused].Answer.Note != "go on" ||
				out.Events[refused].Error != "bob@ops answered first" {
				t.Errorf("nothing tells of the yes\n%s", out.Stream)
			}
			if left, err := j.Messages(t.Context(), out.Result.RunID, 0); err != nil || len(left) != 0 {
				t.Errorf("messages that were read are left: %v, %v", left, err)
			}
		})
	}
}

// secretive types what nobody may see.
type secretive struct{}

func (secretive) Ask(context.Context, run.Wait) (*run.Answer, error) {
	return &run.Answer{Value: json.RawMessage("true"), By: "alice@ops", Via: run.ViaTerminal}, nil
}

// witnessed is a journal that keeps what was sent to runs.
type witnessed struct {
	journal.Journal
	sent []journal.Message
}

func (w *witnessed) Send(ctx context.Context, id string, m journal.Message) error {
	w.sent = append(w.sent, m)
	return w.Journal.Send(ctx, id, m)
}

// TestASensitiveAnswerAtTheTerminal is encrypted on its way through the mailbox too; without a key it does not go there.
func TestASensitiveAnswerAtTheTerminal(t *testing.T) {
	for _, keyed := range []bool{true, false} {
		fake, j := &enginetest.Fake{}, &witnessed{Journal: enginetest.Store(t)}
		opts := enginetest.Options{Journal: j, AutoApprove: true, Asker: secretive{}}
		if keyed {
			opts.Seal, opts.Unseal = plain, opened
		}
		enginetest.Run(t, fake, secretly, opts).Ends(t, 0)
		if (len(j.sent) == 1) != keyed {
			t.Fatalf("with a key %v, sent: %v", keyed, j.sent)
		}
		for _, m := range j.sent {
			if string(m.Answer.Value) != `"(sensitive)"` || len(m.Sealed) == 0 {
				t.Errorf("sent: %s, sealed %q", m.Answer.Value, m.Sealed)
			}
		}
	}
}
