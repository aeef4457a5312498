package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// unclear is a run whose second write is answered by what can't tell whether it took place.
const unclear = `
runbook "test" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "first" {
  id = "first"
  undo "fake_write" { id = "first back" }
}
step "fake_noted" "pay" {
  id         = "pay"
  depends_on = [step.first]
  undo "fake_write" { id = "pay back" }
}
step "fake_read" "after" {
  id         = "after"
  depends_on = [step.pay]
}
`

// once has an action end with an error at its first call.
func once(bad string, err error) *enginetest.Fake {
	return &enginetest.Fake{Do: func(_ context.Context, id string, n int) error {
		if id == bad && n == 1 {
			return err
		}
		return nil
	}}
}

// keys are those with which a step was sent, each once in its order.
func keys(out enginetest.Outcome, step string) []string {
	var keys []string
	for _, e := range out.Events {
		if e.Step == step && e.Type == run.StepStarted {
			keys = append(keys, e.Key)
		}
	}
	return keys
}

// TestAnAnswerThatDoesNotTell: the step fails and its write is in doubt. It is not undone, and it is sent again only on somebody's
// word, under the key that it had.
func TestAnAnswerThatDoesNotTell(t *testing.T) {
	for decision, want := range map[string]struct {
		outcome run.Outcome
		does    []string
		undoes  []string
	}{
		run.DecisionDone: {run.Warn, []string{"first", "after"}, []string{"first back", "pay back"}}, // first was done again after it
		run.DecisionRedo: {run.Pass, []string{"first", "pay", "after"}, []string{"pay back", "first back"}},
	} {
		t.Run(decision, func(t *testing.T) {
			fake := once("pay", enginetest.ErrUnclear)
			opts := enginetest.Options{Journal: enginetest.Store(t)}
			out := enginetest.Run(t, fake, unclear, opts)
			out.Ends(t, 4)
			if e := out.Finished()["pay"]; e.Outcome != run.Fail || !e.InDoubt || e.Summary != "status 504 from fake:1" {
				t.Errorf("pay ended: %+v", e)
			}
			if diff := cmp.Diff([]string{"first", "pay", "first back"}, fake.Log()); diff != "" {
				t.Error(diff)
			}
			first, did := keys(out, "pay"), len(fake.Log())
			opts.Settle = func(d run.Doubt, _ *provider.Found) run.Resolution {
				if d.Address != "pay" || d.Ended != "status 504 from fake:1" || string(d.Note) != `"pay 1"` {
					t.Errorf("in doubt is %+v", d)
				}
				return run.Resolution{Decision: decision, How: "asked", Who: "alice@ops"}
			}
			out = enginetest.Resume(t, fake, out.Result.RunID, opts)
			out.Ends(t, 0)
			if got := out.Finished()["pay"].Outcome; got != want.outcome {
				t.Errorf("pay ended with %s", got)
			}
			if diff := cmp.Diff(want.does, fake.Log()[did:]); diff != "" {
				t.Error(diff)
			}
			if again := keys(out, "pay"); len(again) > 0 && !slices.Equal(first, again) {
				t.Errorf("it was sent with key %q, and then with %q", first, again)
			}
			did = len(fake.Log())
			enginetest.Undo(t, fake, out.Result.RunID, opts).Ends(t, 0)
			if diff := cmp.Diff(want.undoes, fake.Log()[did:]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUndoOfWhatIsUnclear: it has nothing to take back before somebody has said what became of it, by hand neither, and a run that
// is given up tells again what it ended with.
func TestUndoOfWhatIsUnclear(t *testing.T) {
	fake := once("pay", enginetest.ErrUnclear)
	opts := enginetest.Options{Journal: enginetest.Store(t)}
	out := enginetest.Run(t, fake, unclear, opts)
	out.Ends(t, 4)
	if out := enginetest.Undo(t, fake, out.Result.RunID, opts, "pay"); !out.Diags.HasErrors() && out.Result.ExitStatus != 4 {
		t.Errorf("undo: %+v\n%s", out.Result, out.Stream)
	}
	out = enginetest.Cancel(t, fake, out.Result.RunID, opts)
	out.Ends(t, 4)
	if e := out.Finished()["pay"]; e.Outcome != run.Fail || !e.InDoubt || e.Summary != "status 504 from fake:1" {
		t.Errorf("pay ended: %+v", e)
	}
	if slices.Contains(fake.Log(), "pay back") {
		t.Errorf("it was undone: %q", fake.Log())
	}
}

// TestAnUndoWhoseAnswerDoesNotTell is in doubt, and sent again only on somebody's word.
func TestAnUndoWhoseAnswerDoesNotTell(t *testing.T) {
	for decision, again := range map[string]int{"": 0, run.DecisionDone: 0, run.DecisionRedo: 1} {
		t.Run(decision, func(t *testing.T) {
			fake := once("pay back", enginetest.ErrUnclear)
			plain := func(text []byte) ([]byte, error) { return text, nil } // else what a session without the secrets hears is not shown
			opts := enginetest.Options{Journal: enginetest.Store(t), Seal: plain, Unseal: plain}
			id := enginetest.Run(t, fake, unclear, opts).Result.RunID
			out := enginetest.Undo(t, fake, id, opts, "pay")
			out.Ends(t, 4)
			for _, e := range out.Events {
				if e.Type == run.UndoFinished && (e.Outcome != run.Fail || !e.InDoubt || !strings.Contains(e.ByHand, "Look whether this took place")) {
					t.Errorf("the undo ended: %+v", e)
				}
			}
			status := 4
			if decision != "" {
				status = 0
				opts.Settle = func(d run.Doubt, _ *provider.Found) run.Resolution {
					if d.Ended != "status 504 from fake:1" {
						t.Errorf("in doubt is %+v", d)
					}
					return run.Resolution{Decision: decision, How: "flag"}
				}
			}
			enginetest.Undo(t, fake, id, opts, "pay").Ends(t, status)
			if n := fake.Calls("pay back"); n != 1+again {
				t.Errorf("the undo was sent %d times", n)
			}
		})
	}
}

// TestUnclearAmongAttempts: that a write is in doubt does not depend on which attempt it was, nor on what the step tolerates; a read
// never is.
func TestUnclearAmongAttempts(t *testing.T) {
	const retry = "\nretry {\nattempts = 2\nwrites = true\ndelay = \"1ms\"\n}"
	for name, test := range map[string]struct {
		action, more string
		ends         []error
		outcome      run.Outcome
		status       int
	}{
		"the last of two": {"fake_noted", retry, []error{errLost, enginetest.ErrUnclear}, run.Fail, 4},
		"no error":        {"fake_noted", retry, []error{enginetest.ErrUnclear}, run.Fail, 4},
		"tolerated":       {"fake_noted", "continue_on_error = true", []error{enginetest.ErrUnclear}, run.Warn, 4},
		"tolerated error": {"fake_noted", "continue_on_error = true", []error{errLost}, run.Warn, 4},
		"read":            {"fake_read", "", []error{enginetest.ErrUnclear}, run.Fail, 1},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{Do: func(_ context.Context, _ string, n int) error {
				return append(test.ends, nil)[n-1]
			}}
			opts := enginetest.Options{Journal: enginetest.Store(t)}
			out := enginetest.Run(t, fake, "provider \"fake\" {}\nstep \""+test.action+"\" \"pay\" {\nid = \"pay\"\n"+test.more+"\n}\n", opts)
			out.Ends(t, test.status)
			doubt := test.status == 4
			if e := out.Finished()["pay"]; e.Outcome != test.outcome || e.InDoubt != doubt || e.Attempts != len(test.ends) {
				t.Errorf("it ended: %+v", e)
			}
			if !doubt {
				return
			}
			opts.Settle = func(d run.Doubt, _ *provider.Found) run.Resolution {
				if len(d.Note) == 0 || d.Ended == "" {
					t.Errorf("in doubt is %+v", d)
				}
				return run.Resolution{Decision: run.DecisionDone, How: "flag"}
			}
			enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
		})
	}
}
