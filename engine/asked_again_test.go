package engine_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// TestAnswerRefusedIsToldOnce: an answer that does not count is told with its reason in the history, by the session that reads it and
// by no other, and its message is gone.
func TestAnswerRefusedIsToldOnce(t *testing.T) {
	for name, c := range map[string]struct {
		after  time.Duration
		digest string
		why    string
		ends   int
	}{
		"too late":  {after: 2 * time.Minute, why: "it was given when the time was over", ends: 1},
		"not asked": {after: time.Second, digest: "of another question", why: "what is asked now is not what it was given for", ends: 3},
	} {
		t.Run(name, func(t *testing.T) {
			fake, j := &enginetest.Fake{}, enginetest.Store(t)
			start := time.Now().UTC()
			at := func(d time.Duration) func() time.Time { return func() time.Time { return start.Add(d) } }
			out := enginetest.Run(t, fake, `step "fake_ask" "ok" {
  prompt     = "Delete it?"
  timeout    = "1m"
}
`, enginetest.Options{Journal: j, Now: at(0)})
			out.Pauses(t)
			id, digest := out.Result.RunID, c.digest
			if digest == "" {
				digest = digestOf(t, out, "ok")
			}
			if err := j.Send(t.Context(), id, journal.Message{
				Kind: journal.MessageAnswer, Step: "ok", At: start.Add(c.after), By: "bob@ops",
				Answer: &run.Answer{Value: json.RawMessage("true"), By: "bob@ops", Via: run.ViaCommand, Digest: digest},
			}); err != nil {
				t.Fatal(err)
			}
			later := 30 * time.Second
			if c.after > later {
				later = time.Hour
			}
			out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, Now: at(later)})
			if out.Result == nil || out.Result.ExitStatus != c.ends {
				t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			told := refusals(out)
			if len(told) != 1 || told[0].Error != c.why || told[0].Answer.By != "bob@ops" || !told[0].Answer.At.Equal(start.Add(c.after)) {
				t.Errorf("told %+v\n%s", told, out.Stream)
			}
			if left, err := j.Messages(t.Context(), id, 0); err != nil || len(left) != 0 {
				t.Errorf("messages that were read are left: %v, %v", left, err)
			}
			if c.ends != 3 {
				return
			}
			if out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, Now: at(later)}); len(refusals(out)) > 0 {
				t.Errorf("it is told again:\n%s", out.Stream)
			}
		})
	}
}

func refusals(out enginetest.Outcome) []run.Event {
	var told []run.Event
	for _, e := range out.Events {
		if e.Type == run.AnswerRefused {
			told = append(told, e)
		}
	}
	return told
}

// TestAskedAgainSaysWhy: the question that follows another names the arguments that are others by now, before and now, and whose yes came to
// nothing where the run had taken that in.
func TestAskedAgainSaysWhy(t *testing.T) {
	const text = `
provider "fake" {}
step "fake_write" "scale" {
  id = env("SIZE")
  approval {}
}
`
	for name, takenIn := range map[string]bool{"not taken in": false, "taken in": true} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{}
			opts := enginetest.Options{Journal: enginetest.Store(t), Env: map[string]string{"SIZE": "three"}}
			out := enginetest.Run(t, fake, text, opts)
			out.Pauses(t)
			id := out.Result.RunID
			if why := asked(t, out, "scale").Again; why != nil {
				t.Errorf("asked for the first time as %+v", why)
			}
			answer(t, opts.Journal, out, "scale", "true")
			want := &run.AskedAgain{Why: run.AgainChanged, Changes: []run.Change{{Path: "id", Before: `"three"`, After: `"thirty"`}}}
			if takenIn {
				want.Why, want.By = run.AgainOther, "bob@ops"
				opts.Journal = cutAfterAnswer(t, fake, id, opts)
			}
			fake, opts.Env = &enginetest.Fake{}, map[string]string{"SIZE": "thirty"}
			again := enginetest.Resume(t, fake, id, opts)
			again.Pauses(t)
			if diff := cmp.Diff(want, asked(t, again, "scale").Again); diff != "" {
				t.Error(diff)
			}
			answer(t, opts.Journal, again, "scale", "true")
			last := enginetest.Resume(t, fake, id, opts)
			last.Ends(t, 0)
			if fake.Calls("thirty") != 1 || fake.Calls("three") != 0 {
				t.Errorf("%d and %d calls\n%s", fake.Calls("three"), fake.Calls("thirty"), last.Stream)
			}
		})
	}
}

// cutAfterAnswer goes on with a run, and gives its history up to where the first answer was taken in.
func cutAfterAnswer(t *testing.T, fake *enginetest.Fake, id string, opts enginetest.Options) journal.Journal {
	t.Helper()
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)
	answered := 0
	for e, err := range opts.Journal.Events(t.Context(), id) {
		if answered++; err != nil || e.Event.Type == run.StepAnswered {
			break
		}
	}
	return enginetest.CutAfter(t, opts.Journal, id, answered)
}
