package engine_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

const approved = `
provider "fake" {}
step "fake_read" "first" { id = "first" }
step "fake_write" "change" {
  id = "change"
  value = step.first.call
  approval { prompt = "Change it?" }
}
step "fake_read" "after" {
  id = "after"
  value = step.change.call
}
step "fake_read" "beside" { id = "beside" }
`

// asker answers every question with yes or no.
type asker struct {
	yes   bool
	asked []run.Wait
}

func (a *asker) Ask(_ context.Context, w run.Wait) (*run.Answer, error) {
	a.asked = append(a.asked, w)
	value := json.RawMessage("false")
	if a.yes {
		value = json.RawMessage("true")
	}
	return &run.Answer{Value: value, By: "alice@ops", Note: "as agreed", Via: run.ViaTerminal}, nil
}

func TestApprovalAtTheTerminal(t *testing.T) {
	for _, yes := range []bool{true, false} {
		fake, a := &enginetest.Fake{}, &asker{yes: yes}
		out := enginetest.Run(t, fake, approved, enginetest.Options{Asker: a})
		if out.Result == nil {
			t.Fatal(out.Diags)
		}
		want := map[string]run.Outcome{"first": run.Pass, "change": run.Pass, "after": run.Pass, "beside": run.Pass}
		if !yes {
			want["change"], want["after"] = run.Fail, run.Blocked
		}
		if diff := cmp.Diff(want, out.Outcomes()); diff != "" {
			t.Errorf("yes = %v: %s\n%s", yes, diff, out.Stream)
		}
		if calls := fake.Calls("change"); calls != map[bool]int{true: 1}[yes] {
			t.Errorf("yes = %v: it was carried out %d times", yes, calls)
		}
		q := a.asked[0].Question
		if q.Action != "fake_write" || q.Effect != "write" || q.Digest == "" {
			t.Errorf("%+v", q)
		}
		if diff := cmp.Diff([]run.ArgumentValue{{Name: "id", Value: `"change"`}, {Name: "value", Value: "1"}}, q.Arguments); diff != "" {
			t.Error(diff)
		}
	}
}

// answer sends an answer to what a run waits for.
func answer(t *testing.T, j journal.Journal, out enginetest.Outcome, step, value string) {
	t.Helper()
	for _, e := range out.Events {
		if e.Type == run.StepWaiting && e.Step == step && e.Question != nil {
			err := j.Send(t.Context(), e.Run, journal.Message{
				Kind: journal.MessageAnswer, Step: step, At: time.Now(), By: "bob@ops",
				Answer: &run.Answer{Value: json.RawMessage(value), By: "bob@ops", Via: run.ViaCommand, Digest: e.Question.Digest},
			})
			if err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("step %s asks nothing:\n%s", step, out.Stream)
}

func TestPauseAnswerResume(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, approved, enginetest.Options{Journal: j})
	if out.Result == nil || !out.Result.Paused || out.Result.ExitStatus != 3 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	if diff := cmp.Diff(map[string]run.Outcome{"first": run.Pass, "beside": run.Pass}, out.Outcomes()); diff != "" {
		t.Error(diff)
	}
	id := out.Result.RunID
	// Without an answer it pauses again, and asks the same.
	again := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
	again.Pauses(t)
	answer(t, j, out, "change", "true")
	last := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
	last.Ends(t, 0)
	if diff := cmp.Diff(map[string]run.Outcome{"change": run.Pass, "after": run.Pass}, last.Outcomes()); diff != "" {
		t.Error(diff)
	}
	for id, want := range map[string]int{"first": 1, "beside": 1, "change": 1, "after": 1} {
		if fake.Calls(id) != want {
			t.Errorf("%s was carried out %d times", id, fake.Calls(id))
		}
	}
}

func TestQuestionOfAnAction(t *testing.T) {
	fake := &enginetest.Fake{}
	text := `
step "fake_ask" "ok" { prompt = "All well?" }
step "fake_read" "then" {
  id = step.ok.by
}
`
	out := enginetest.Run(t, fake, text, enginetest.Options{Answers: map[string]string{"ok": "yes"}})
	if out.Result == nil || out.Result.ExitStatus != 0 || fake.Calls("test@host") != 1 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	out = enginetest.Run(t, fake, text, enginetest.Options{Asker: &asker{}})
	if diff := cmp.Diff(map[string]run.Outcome{"ok": run.Fail, "then": run.Blocked}, out.Outcomes()); diff != "" {
		t.Error(diff + out.Stream)
	}
}

// silent never answers.
type silent struct{}

func (silent) Ask(ctx context.Context, _ run.Wait) (*run.Answer, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestNobodyAnswers(t *testing.T) {
	text := func(onTimeout string) string {
		return `step "fake_ask" "ok" {
  prompt = "All well?"
  timeout = "50ms"
  on_timeout = "` + onTimeout + `"
}`
	}
	for onTimeout, want := range map[string]run.Outcome{"fail": run.Fail, "default": run.Pass} {
		out := enginetest.Run(t, &enginetest.Fake{}, text(onTimeout), enginetest.Options{Asker: silent{}})
		if diff := cmp.Diff(map[string]run.Outcome{"ok": want}, out.Outcomes()); diff != "" {
			t.Errorf("%s: %s\n%s", onTimeout, diff, out.Stream)
		}
	}
}
