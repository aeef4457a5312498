package engine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// blankedQuestions hold a word that is a secret of the run: the variable of the environment is what a system tells too.
var blankedQuestions = map[string]string{
	"a confirmation": `step "fake_ask" "ok" {
  prompt     = "Drop ${env("T")}?"
  depends_on = [step.tells]
}`,
	"a sensitive answer": `step "fake_ask" "ok" {
  prompt     = "Drop ${env("T")}?"
  sensitive  = true
  depends_on = [step.tells]
}`,
	"a marked word": `step "fake_ask" "ok" {
  prompt     = "Drop ${sensitive(env("T"))}?"
  depends_on = [step.tells]
}`,
	"the prompt of an approval": `step "fake_write" "ok" {
  id         = "ok"
  depends_on = [step.tells]
  approval { prompt = "Drop ${env("T")}?" }
}`,
	"a marked word of an approval": `step "fake_write" "ok" {
  id         = "ok"
  depends_on = [step.tells]
  approval { prompt = "Drop ${sensitive(env("T"))}?" }
}`,
}

// TestAskedAnewWhereTheWordThatIsBlankedIsAnother: a yes to "Drop (sensitive)?" or "(sensitive)" counts for the word that stood there and for no other, be that
// known as a secret, or not.
func TestAskedAnewWhereTheWordThatIsBlankedIsAnother(t *testing.T) {
	t.Parallel()
	for name, text := range blankedQuestions {
		for word, counts := range map[string]bool{enginetest.SecretToken: true, "PRODBASE": false, "known-" + enginetest.SecretToken: false} {
			t.Run(name+", "+word, func(t *testing.T) {
				t.Parallel()
				text := planHead + "step \"fake_read\" \"tells\" { id = \"tells\" }\n" + text + nowWrite
				fake, opts := &enginetest.Fake{}, enginetest.Options{Journal: enginetest.Store(t), Seal: plain, Unseal: opened}
				opts.Env, opts.AutoApprove = map[string]string{"T": enginetest.SecretToken}, true
				out := enginetest.Run(t, fake, text, opts)
				out.Pauses(t)
				if q := asked(t, out, "ok"); !strings.Contains(q.Prompt, "(sensitive)") || strings.Contains(out.Stream, enginetest.SecretToken) {
					t.Fatalf("asked %+v\n%s", q, out.Stream)
				}
				answer(t, opts.Journal, out, "ok", "true")

				opts.Env = map[string]string{"T": word}
				again := enginetest.Resume(t, fake, out.Result.RunID, opts)
				if counts {
					again.Ends(t, 0)
					return
				}
				again.Pauses(t)
				if q := asked(t, again, "ok"); q.Again == nil || q.Again.Why != run.AgainChanged || fake.Calls("go") != 0 {
					t.Fatalf("asked %+v, log %v\n%s", q, fake.Log(), again.Stream)
				}
				answer(t, opts.Journal, again, "ok", "true")
				last := enginetest.Resume(t, fake, out.Result.RunID, opts)
				last.Ends(t, 0)
				if fake.Calls("go") != 1 {
					t.Errorf("log %v\n%s", fake.Log(), last.Stream)
				}
			})
		}
	}
}

// TestAskedAnewWithoutTheKey: without the key nobody can tell whether the word that is blanked is another, and that is said: not that it is.
func TestAskedAnewWithoutTheKey(t *testing.T) {
	t.Parallel()
	for name, text := range blankedQuestions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := planHead + "step \"fake_read\" \"tells\" { id = \"tells\" }\n" + text + nowWrite
			fake, opts := &enginetest.Fake{}, enginetest.Options{Journal: enginetest.Store(t), Seal: plain, Unseal: opened, AutoApprove: true}
			opts.Env = map[string]string{"T": enginetest.SecretToken}
			out := enginetest.Run(t, fake, file, opts)
			out.Pauses(t)
			opts.Unseal = func([]byte) ([]byte, error) { return nil, errors.New("it is of another key") }
			again := enginetest.Resume(t, fake, out.Result.RunID, opts)
			again.Pauses(t)
			if q := asked(t, again, "ok"); q.Again == nil || q.Again.Why != run.AgainNoKey {
				t.Errorf("asked again as %+v\n%s", q.Again, again.Stream)
			}
		})
	}
}

// TestAskedAnewWhereNothingTellsTheWord: a question of a version that kept no digest of what it blanked is asked anew, once.
func TestAskedAnewWhereNothingTellsTheWord(t *testing.T) {
	t.Parallel()
	text := planHead + "step \"fake_read\" \"tells\" { id = \"tells\" }\n" + blankedQuestions["a confirmation"] + nowWrite
	fake, opts := &enginetest.Fake{}, enginetest.Options{Journal: enginetest.Store(t), Seal: plain, Unseal: opened, AutoApprove: true}
	opts.Env = map[string]string{"T": enginetest.SecretToken}
	out := enginetest.Run(t, fake, text, opts)
	out.Pauses(t)
	opts.Journal = enginetest.Retell(t, opts.Journal, out.Result.RunID, func(e *run.Event) {
		if e.Question != nil {
			e.Question.Words = ""
		}
	})
	answer(t, opts.Journal, out, "ok", "true")
	again := enginetest.Resume(t, fake, out.Result.RunID, opts)
	again.Pauses(t)
	answer(t, opts.Journal, again, "ok", "true")
	last := enginetest.Resume(t, fake, out.Result.RunID, opts)
	last.Ends(t, 0)
	if fake.Calls("go") != 1 || len(refusals(again)) != 1 || len(refusals(last)) != 0 {
		t.Errorf("log %v\n%s", fake.Log(), last.Stream)
	}
}
