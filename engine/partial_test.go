package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// partly is a fake whose calls with an id err after a part of them took place, as long as it is broken.
func partly(id string, broken *bool) *enginetest.Fake {
	return &enginetest.Fake{Do: func(_ context.Context, called string, _ int) error {
		if *broken && called == id {
			return enginetest.ErrUnreadable
		}
		return nil
	}}
}

// decides is a word about all that is to be settled.
func decides(decision string, asked *[]run.Doubt) func(run.Doubt, *provider.Found) run.Resolution {
	return func(d run.Doubt, _ *provider.Found) run.Resolution {
		*asked = append(*asked, d)
		return run.Resolution{Decision: decision, How: "flag", Who: "alice@ops", Why: "on the word of alice@ops"}
	}
}

const halfUndone = `
runbook "test" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  undo "fake_destroy" { id = "back" }
}
step "fake_write" "break" {
  id         = "break"
  depends_on = [step.change]
  assert { condition = self.call > 2 }
}
`

// TestUndoOfWhichAPartTookPlace: it is sent again by nobody but who says so, neither by the run, a resume, nor an undo of all; and so is
// one of a history of an older version.
func TestUndoOfWhichAPartTookPlace(t *testing.T) {
	for _, older := range []bool{false, true} {
		for _, decision := range []string{run.DecisionRedo, run.DecisionDone} {
			t.Run(decision, func(t *testing.T) {
				broken := true
				fake := partly("back", &broken)
				opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
				out := enginetest.Run(t, fake, halfUndone, opts)
				out.Ends(t, run.ExitLeftOver)
				id := out.Result.RunID
				var end run.Event
				for _, e := range out.Events {
					if e.Type == run.UndoFinished {
						end = e
					}
				}
				if end.Outcome != run.Error || !end.Partial || !strings.Contains(end.ByHand, enginetest.ErrUnreadable.Error()) || !strings.Contains(end.ByHand, "--in-doubt redo") {
					t.Errorf("%+v", end)
				}
				if older {
					opts.Journal = enginetest.Retell(t, opts.Journal, id, func(e *run.Event) {
						if e.Partial {
							e.Partial, e.Outcome = false, run.Fail
						}
					})
				}
				broken = false
				enginetest.Undo(t, fake, id, opts).Ends(t, run.ExitLeftOver)
				if out := enginetest.Resume(t, fake, id, opts); out.Result != nil || !strings.Contains(out.Diags.Error(), "a part of the undo of change took place") {
					t.Errorf("%+v %v", out.Result, out.Diags)
				}
				if n := fake.Calls("back"); n != 1 {
					t.Fatalf("sent %d times: %q", n, fake.Log())
				}
				var asked []run.Doubt
				opts.Settle = decides(decision, &asked)
				enginetest.Undo(t, fake, id, opts).Ends(t, 1) // nothing is left, and the run had failed
				if len(asked) != 1 || asked[0].Partly == "" {
					t.Errorf("asked about %+v", asked)
				}
				want := map[string]int{run.DecisionRedo: 2, run.DecisionDone: 1}[decision]
				if n := fake.Calls("back"); n != want {
					t.Errorf("sent %d times: %q", n, fake.Log())
				}
			})
		}
	}
}

const halfDone = `
runbook "test" {}
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  undo "fake_write" { id = "back ${self.call}" }
}
step "fake_write" "after" {
  id         = "after"
  depends_on = [step.change]
}
`

// TestWriteOfWhichAPartTookPlace: a resume sends it again only where somebody says so. Where it counts as done by now, what the run
// did of it is undone, once.
func TestWriteOfWhichAPartTookPlace(t *testing.T) {
	inAChild := strings.Replace(halfDone, `"test"`, `"child"`, 1)
	for name, c := range map[string]struct {
		decision string
		child    bool
		want     []string
	}{
		"redo":            {run.DecisionRedo, false, []string{"change", "change", "after", "back 2", "back 1"}},
		"done":            {run.DecisionDone, false, []string{"change", "after", "back 1"}},
		"done in a child": {run.DecisionDone, true, []string{"change", "after", "back 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			broken := true
			fake := partly("change", &broken)
			opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
			path, prefix := enginetest.Write(t, halfDone), ""
			if c.child {
				path, prefix = enginetest.Write(t, "runbook \"test\" {}\nstep \"runbook\" \"child\" { source = \"./child.hcl\" }\n"), "child/"
				enginetest.Rewrite(t, strings.TrimSuffix(path, "test.hcl")+"child.hcl", inAChild)
			}
			out := enginetest.RunFile(t, fake, path, opts)
			out.Ends(t, 1)
			if e := out.Finished()[prefix+"change"]; !e.Partial || e.Outcome != run.Error || e.InDoubt {
				t.Errorf("%+v", e)
			}
			broken = false
			var asked []run.Doubt
			opts.Settle = decides(c.decision, &asked)
			id := out.Result.RunID
			out = enginetest.Resume(t, fake, id, opts)
			out.Ends(t, 0)
			if len(asked) != 1 || asked[0].Address != prefix+"change" || asked[0].Partly != enginetest.ErrUnreadable.Error() {
				t.Errorf("asked about %+v", asked)
			}
			enginetest.Undo(t, fake, id, opts).Ends(t, 0)
			if diff := cmp.Diff(c.want, fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWriteOfWhichAPartWasTakenBack: nothing of it is there any more, and it runs again without a question.
func TestWriteOfWhichAPartWasTakenBack(t *testing.T) {
	broken := true
	fake := partly("change", &broken)
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.Run(t, fake, strings.Replace(halfDone, "{}", `{ on_failure = "stop" }`, 1), opts)
	out.Ends(t, 1)
	broken = false
	var asked []run.Doubt
	opts.Settle = decides(run.DecisionDone, &asked)
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
	if diff := cmp.Diff([]string{"change", "back 1", "change", "after"}, fake.Log()); diff != "" || len(asked) > 0 {
		t.Errorf("asked about %+v\n%s", asked, diff)
	}
}

// TestSystemTellsThatAllTookPlace: what it gives then stands for all of the write, and is undone once.
func TestSystemTellsThatAllTookPlace(t *testing.T) {
	broken := true
	fake := partly("change", &broken)
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.Run(t, fake, halfDone, opts)
	broken = false
	fake.Inquire = func(string) (provider.State, string, error) { return provider.Done, "it has all of it", nil }
	fake.Unchanged = func(string) bool { return false }
	opts.Settle = func(_ run.Doubt, found *provider.Found) run.Resolution {
		if found.State != provider.Done {
			t.Errorf("found %+v", found)
		}
		return run.Resolution{Decision: run.DecisionDone, How: "inquired", Why: found.Why}
	}
	id := out.Result.RunID
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)
	enginetest.Undo(t, fake, id, opts).Ends(t, 0)
	if diff := cmp.Diff([]string{"change", "after", "back 1"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestCancelLeavesWhatTookPlaceInPart: nobody is asked about it, as nothing is sent again.
func TestCancelLeavesWhatTookPlaceInPart(t *testing.T) {
	broken := true
	fake := partly("change", &broken)
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.Run(t, fake, halfDone+"step \"fake_ask\" \"sure\" { prompt = \"Sure?\" }\n", opts)
	out.Pauses(t)
	id := out.Result.RunID
	out = enginetest.Cancel(t, fake, id, opts)
	if e, told := out.Finished()["change"]; told || out.Result == nil || out.Result.ExitStatus != 3 {
		t.Errorf("%+v %+v %v\n%s", e, out.Result, out.Diags, out.Stream)
	}
	broken = false
	var asked []run.Doubt
	opts.Settle = decides(run.DecisionDone, &asked)
	opts.Asker = nil
	enginetest.Resume(t, fake, id, opts).Pauses(t)
	if diff := cmp.Diff([]string{"change", "after"}, fake.Log()); diff != "" || len(asked) != 1 {
		t.Errorf("asked about %+v\n%s", asked, diff)
	}
}
