package engine_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// twice is a step that takes effect and fails its check the first time, and a step after it that breaks.
const twice = `
runbook "test" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "change" {
  for_each = { a = "eu" }
  id = "change ${each.value}"
  assert { condition = self.call > 1 }
  undo "fake_write" { id = "back ${each.value} ${self.call}" }
}
step "fake_write" "between" {
  id         = "between"
  depends_on = [step.change]
  undo "fake_write" { id = "between back" }
}
step "fake_write" "break" {
  id         = "break"
  depends_on = [step.between]
}
`

// failedCheck runs a runbook and leaves what a crash leaves just after the change failed its check.
func failedCheck(t *testing.T, fake *enginetest.Fake, text string) (enginetest.Options, string) {
	t.Helper()
	whole := enginetest.Store(t)
	out := enginetest.Run(t, fake, text, enginetest.Options{Journal: whole})
	for i, e := range out.Events {
		if e.Type == run.StepFinished && e.Step == `change["a"]` {
			return enginetest.Options{Journal: enginetest.CutAfter(t, whole, out.Result.RunID, i+1)}, out.Result.RunID
		}
	}
	t.Fatalf("the change did not end\n%s", out.Stream)
	return enginetest.Options{}, ""
}

// TestUndoOfAStepThatTookEffectTwice: each time is taken back, the later first, with what that time gave.
func TestUndoOfAStepThatTookEffectTwice(t *testing.T) {
	opts, id := failedCheck(t, &enginetest.Fake{}, twice)
	fake := breaks("break")
	calledBefore(t, fake, "change eu")
	out := enginetest.Resume(t, fake, id, opts)
	out.Ends(t, 1)
	want := []string{"change eu", "change eu", "between", "break", "between back", "back eu 2", "back eu 1"}
	if diff := cmp.Diff(want, fake.Log()); diff != "" {
		t.Errorf("%s\n%s", diff, out.Stream)
	}
	if left := enginetest.Undo(t, fake, id, opts); left.Result != nil && len(fake.Log()) != len(want) {
		t.Errorf("something was undone again: %q", fake.Log())
	}
}

// calledBefore counts a call that was made before the test's own.
func calledBefore(t *testing.T, fake *enginetest.Fake, id string) {
	t.Helper()
	out := enginetest.Run(t, fake, "provider \"fake\" {}\nstep \"fake_write\" \"x\" { id = \""+id+"\" }", enginetest.Options{})
	if out.Result == nil || out.Result.ExitStatus != 0 {
		t.Fatalf("%+v %v", out.Result, out.Diags)
	}
}

// TestUndoTheLaterFails: the earlier time waits for the later one, so that what is there in the end is what was there first.
func TestUndoTheLaterFails(t *testing.T) {
	opts, id := failedCheck(t, &enginetest.Fake{}, twice)
	broken := true
	fake := &enginetest.Fake{}
	fake.Do = func(_ context.Context, id string, _ int) error {
		if broken && (id == "break" || id == "back eu 2") {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	calledBefore(t, fake, "change eu")
	out := enginetest.Resume(t, fake, id, opts)
	if out.Result == nil || out.Result.ExitStatus != 4 || fake.Calls("back eu 1") != 0 || fake.Calls("between back") != 1 {
		t.Fatalf("%+v %v %q\n%s", out.Result, out.Diags, fake.Log(), out.Stream)
	}
	last := out.Events[len(out.Events)-1]
	if diff := cmp.Diff([]string{`change["a"]`}, last.NotUndone); diff != "" {
		t.Error(diff)
	}
	broken = false
	out = enginetest.Undo(t, fake, id, opts, `change["a"]`)
	if out.Result == nil || out.Diags.HasErrors() || strings.Contains(out.Stream, "not_undone") {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	log := fake.Log()
	if diff := cmp.Diff([]string{"back eu 2", "back eu 1"}, log[len(log)-2:]); diff != "" {
		t.Error(diff)
	}
}

// TestUndoOfAStepThatRunsAgainForAChange: what it did before the file changed is taken back too.
func TestUndoOfAStepThatRunsAgainForAChange(t *testing.T) {
	text := `
runbook "test" {}
provider "fake" {}
step "fake_write" "change" {
  for_each = toset(["a", "b"])
  id = "change ${each.key}"
  undo "fake_write" { id = "back ${each.key} ${self.call}" }
}
`
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j})
	path := out.Events[0].Files[0].Path
	changed := strings.Replace(strings.Replace(text, `["a", "b"]`, `["b"]`, 1), `id = "change`, `id = "Change`, 1)
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	id := out.Result.RunID
	out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, WithChanges: true, AutoApprove: true})
	out.Ends(t, 0)
	out = enginetest.Undo(t, fake, id, enginetest.Options{Journal: j})
	if out.Result == nil || out.Diags.HasErrors() {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	want := []string{"change a", "change b", "Change b", "back b 1", "back b 1", "back a 1"}
	if diff := cmp.Diff(want, fake.Log()); diff != "" {
		t.Errorf("%s\n%s", diff, out.Stream)
	}
}

// TestUndoThatFailedBeforeTheRunWentOn: the run was resumed and passed, so that nothing is to be taken back any more. Where the undo has
// taken back a part, the run does not go on before that is settled.
func TestUndoThatFailedBeforeTheRunWentOn(t *testing.T) {
	for name, c := range map[string]struct {
		fails error
		goes  bool
	}{
		"nothing was done":   {enginetest.ErrUnreachable(), true},
		"something was done": {enginetest.ErrUnreadable, false},
	} {
		t.Run(name, func(t *testing.T) {
			broken := true
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				switch {
				case broken && id == "break":
					return enginetest.ErrUnreachable()
				case broken && strings.Contains(id, "back"):
					return c.fails
				}
				return nil
			}}
			opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
			text := strings.Replace(twice, "  assert { condition = self.call > 1 }\n", "", 1)
			out := enginetest.Run(t, fake, text, opts)
			out.Ends(t, run.ExitLeftOver)
			broken = false
			id := out.Result.RunID
			out = enginetest.Resume(t, fake, id, opts)
			if c.goes {
				out.Ends(t, 0)
			} else if out.Result != nil || !strings.Contains(out.Diags.Error(), "took place: it is sent again by an undo") {
				t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
				return run.Resolution{Decision: run.DecisionRedo, How: "flag", Who: "alice@ops"}
			}
			again := enginetest.Undo(t, fake, id, opts)
			if again.Result == nil || again.Result.ExitStatus != map[bool]int{false: 1}[c.goes] || fake.Calls("between back") != 2 {
				t.Errorf("%+v %v %q\n%s", again.Result, again.Diags, fake.Log(), again.Stream)
			}
		})
	}
}

// TestUndoByHandOfTheEarlierTimeFails: what was asked for was not done, be it due or not.
func TestUndoByHandOfTheEarlierTimeFails(t *testing.T) {
	opts, id := failedCheck(t, &enginetest.Fake{}, twice)
	fake := breaks("back eu 1")
	calledBefore(t, fake, "change eu")
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)
	out := enginetest.Undo(t, fake, id, opts)
	out.Ends(t, run.ExitLeftOver)
	last := out.Events[len(out.Events)-1]
	if len(last.Left) != 1 || last.Left[0].What != run.LeftUndoFailed {
		t.Errorf("%+v", last.Left)
	}
}
