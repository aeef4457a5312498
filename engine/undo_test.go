package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

const undone = `
runbook "test" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "cordon" {
  id = "cordon"
  undo "fake_write" {
    on = "end"
    id = "uncordon after ${self.call}"
  }
}
step "fake_write" "scale" {
  id         = "scale"
  depends_on = [step.cordon]
  undo "fake_write" { id = "scale back" }
}
step "fake_write" "break" {
  id         = "break"
  depends_on = [step.scale]
}
step "fake_write" "never" {
  id         = "never"
  depends_on = [step.break]
  undo "fake_write" { id = "never back" }
}
`

// breaks errs in the actions that are named, as a service that refuses.
func breaks(ids ...string) *enginetest.Fake {
	return &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		for _, bad := range ids {
			if id == bad {
				return enginetest.ErrUnreachable()
			}
		}
		return nil
	}}
}

func TestUndo(t *testing.T) {
	for name, test := range map[string]struct {
		breaks []string
		log    []string
		status int
	}{
		"all is well": {log: []string{"cordon", "scale", "break", "never", "uncordon after 1"}},
		"a failure": {
			breaks: []string{"break"}, log: []string{"cordon", "scale", "break", "scale back", "uncordon after 1"}, status: 1,
		},
		"an undo fails": {
			breaks: []string{"break", "scale back"}, log: []string{"cordon", "scale", "break", "scale back", "uncordon after 1"}, status: 4,
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake := breaks(test.breaks...)
			out := enginetest.Run(t, fake, undone, enginetest.Options{})
			if out.Result == nil || out.Result.ExitStatus != test.status {
				t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			if diff := cmp.Diff(test.log, fake.Log()); diff != "" {
				t.Error(diff)
			}
			if test.status == 4 && !strings.Contains(out.Stream, `runbook undo`) {
				t.Errorf("nobody is told what to do by hand:\n%s", out.Stream)
			}
		})
	}
}

// TestUndoneStepsRunAgain: a step whose undo ran counts as not run.
func TestUndoneStepsRunAgain(t *testing.T) {
	broken := true
	fake := &enginetest.Fake{}
	fake.Do = func(_ context.Context, id string, _ int) error {
		if id == "break" && broken {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	j := enginetest.Store(t)
	out := enginetest.Run(t, fake, undone, enginetest.Options{Journal: j})
	if out.Result == nil || out.Result.ExitStatus != 1 {
		t.Fatalf("%+v %v", out.Result, out.Diags)
	}
	broken = false
	out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j})
	out.Ends(t, 0)
	want := []string{"cordon", "scale", "break", "scale back", "uncordon after 1", "cordon", "scale", "break", "never", "uncordon after 2"}
	if diff := cmp.Diff(want, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestFailureAfterAnInterrupt: a write that was in flight when the run was interrupted, and then fails, is a failure as any other:
// both kinds of undos run. One that passes is none.
func TestFailureAfterAnInterrupt(t *testing.T) {
	for fails, want := range map[bool][]string{true: {"scale back", "uncordon after 1"}, false: {"uncordon after 1"}} {
		interrupt, stopping := make(chan struct{}), make(chan struct{})
		fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
			if id != "break" {
				return nil
			}
			close(interrupt)
			if err := enginetest.Until(ctx, stopping); err != nil || !fails {
				return err
			}
			return enginetest.ErrUnreachable()
		}}
		out := enginetest.Run(t, fake, undone, enginetest.Options{Interrupt: interrupt, OnEvent: func(e run.Event) {
			if e.Type == run.RunStopping {
				close(stopping)
			}
		}})
		if out.Result == nil || out.Result.ExitStatus != 3 {
			t.Fatalf("fails %v: %+v %v\n%s", fails, out.Result, out.Diags, out.Stream)
		}
		if diff := cmp.Diff(append([]string{"cordon", "scale", "break"}, want...), fake.Log()); diff != "" {
			t.Errorf("fails %v: %s\n%s", fails, diff, out.Stream)
		}
	}
}

func TestUndoAfterAnInterrupt(t *testing.T) {
	interrupt, stopping := make(chan struct{}), make(chan struct{})
	fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
		if id != "scale" {
			return nil
		}
		close(interrupt)
		return enginetest.Until(ctx, stopping)
	}}
	out := enginetest.Run(t, fake, undone, enginetest.Options{Interrupt: interrupt, OnEvent: func(e run.Event) {
		if e.Type == run.RunStopping {
			close(stopping)
		}
	}})
	out.Ends(t, 3)
	log := fake.Log()
	if log[len(log)-1] != "uncordon after 1" {
		t.Errorf("the end undid nothing: %q\n%s", log, out.Stream)
	}
}

// lost errs as a connection that breaks off after the request was sent.
var errLost = errors.New("connection reset by peer")

func TestWriteInDoubt(t *testing.T) {
	text := `
provider "fake" {}
step "fake_write" "change" { id = "change" }
step "fake_read" "after" {
  id = "after"
  depends_on = [step.change]
}
`
	for decision, calls := range map[string]int{run.DecisionDone: 1, run.DecisionRedo: 2} {
		t.Run(decision, func(t *testing.T) {
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, n int) error {
				if id == "change" && n == 1 {
					return errLost
				}
				return nil
			}}
			j := enginetest.Store(t)
			out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j})
			if out.Result == nil || out.Result.ExitStatus != 4 || !out.Finished()["change"].InDoubt {
				t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			var key string
			for _, e := range out.Events {
				if e.Type == run.StepStarted && e.Step == "change" {
					key = e.Key
				}
			}
			asked := 0
			out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Settle: func(d run.Doubt, _ *provider.Found) run.Resolution {
				asked++
				if d.Address != "change" || d.Key != key || d.At.IsZero() {
					t.Errorf("%+v", d)
				}
				return run.Resolution{Decision: decision, How: "asked", Who: "alice@ops"}
			}})
			if out.Result == nil || out.Result.ExitStatus != 0 || asked != 1 {
				t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			if fake.Calls("change") != calls || fake.Calls("after") != 1 {
				t.Errorf("%q", fake.Log())
			}
			for _, e := range out.Events {
				if e.Type == run.StepStarted && e.Step == "change" && e.Key != key {
					t.Errorf("what is sent again has another key: %s, %s", key, e.Key)
				}
			}
		})
	}
}

// TestUndoThatCannotBeWorkedOut says what the file has, where the arguments have no value, and what they were to be made of.
func TestUndoThatCannotBeWorkedOut(t *testing.T) {
	out := enginetest.Run(t, &enginetest.Fake{}, `
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  undo "fake_write" {
    on = "end"
    id = "${var.region}/${local.place}/${self.items[self.count].name}"
    value = self.token
  }
}
variable "region" { default = "eu" }
locals { place = "west" }
`, enginetest.Options{})
	out.Ends(t, 4)
	for _, e := range out.Events {
		if e.Type != run.UndoFinished {
			continue
		}
		for _, want := range []string{`id = "${var.region}/${local.place}/${self.items[self.count].name}"`, `var.region is "eu"`, `local.place is "west"`, `self.items is [{"name":`, "self.count is 2", `self.token is "(sensitive)"`} {
			if e.InDoubt || !strings.Contains(e.ByHand, want) || strings.Contains(e.ByHand, enginetest.SecretToken) {
				t.Errorf("%q is not in %q, in doubt: %v", want, e.ByHand, e.InDoubt)
			}
		}
	}
}

// TestTimeoutThatNoStepFelt: what a run that passed did stays, although its time is over while it undoes what is undone at
// every end, be it in a runbook within it.
func TestTimeoutThatNoStepFelt(t *testing.T) {
	const steps = `
provider "fake" {}
step "fake_write" "keep" {
  id = "keep"
  undo "fake_write" { id = "keep back" }
}
step "fake_write" "cordon" {
  id         = "cordon"
  depends_on = [step.keep]
  undo "fake_write" {
    on = "end"
    id = "uncordon"
  }
}
`
	const limits = " on_failure = \"stop\"\n timeout = \"2s\"\n}\n"
	for name, texts := range map[string]map[string]string{
		"in the runbook": {"parent.hcl": "runbook \"parent\" {\n" + limits + steps},
		"in one within it": {
			"parent.hcl": "runbook \"parent\" {\n" + limits + "step \"runbook\" \"db\" { source = \"./child.hcl\" }\n", "child.hcl": "runbook \"child\" {}\n" + steps,
		},
		"in one within it, whose time it is": {
			"parent.hcl": "runbook \"parent\" { on_failure = \"stop\" }\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\n",
			"child.hcl":  "runbook \"child\" {\n" + limits + steps,
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
				if id != "uncordon" {
					return nil
				}
				late, cancel := context.WithTimeout(ctx, 2100*time.Millisecond)
				defer cancel()
				return enginetest.Until(ctx, late.Done())
			}}
			out := enginetest.RunFile(t, fake, files(t, texts), enginetest.Options{AutoApprove: true})
			out.Ends(t, 0)
			if diff := cmp.Diff([]string{"keep", "cordon", "uncordon"}, fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUndoByHandThatIsStopped: an interrupt lets the undo that is under way end, and no other begins. What is left can be undone
// later.
func TestUndoByHandThatIsStopped(t *testing.T) {
	const text = `
provider "fake" {}
step "fake_write" "change" {
  for_each = toset(["a", "b", "c"])
  id       = each.key
  undo "fake_write" { id = "${each.key} back" }
}
`
	stopped := make(chan struct{})
	interrupt := make(chan struct{})
	fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
		if id != "c back" {
			return nil
		}
		close(interrupt)
		return enginetest.Until(ctx, stopped)
	}}
	opts := enginetest.Options{Journal: enginetest.Store(t)}
	id := enginetest.Run(t, fake, text, opts).Result.RunID
	opts.Interrupt, opts.OnEvent = interrupt, func(e run.Event) {
		if e.Type == run.RunStopping {
			close(stopped)
		}
	}
	out := enginetest.Undo(t, fake, id, opts)
	out.Ends(t, 3)
	if diff := cmp.Diff([]string{"a", "b", "c", "c back"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
	opts.Interrupt, opts.OnEvent = nil, nil
	out = enginetest.Undo(t, fake, id, opts)
	out.Ends(t, 0)
	if diff := cmp.Diff([]string{"a", "b", "c", "c back", "b back", "a back"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestWritesTakeTurnsAfterAnUndo: between a step that was undone, and so runs again, and one that failed stands one that passed. The
// two still take their turns.
func TestWritesTakeTurnsAfterAnUndo(t *testing.T) {
	broken := true
	fake := &enginetest.Fake{}
	fake.Do = func(_ context.Context, id string, _ int) error {
		if id == "last" && broken {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	j := enginetest.Store(t)
	out := enginetest.Run(t, fake, `
runbook "test" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "first" {
  id = "first"
  undo "fake_write" { id = "first back" }
}
step "fake_write" "between" { id = "between" }
step "fake_write" "last" { id = "last" }
`, enginetest.Options{Journal: j})
	if out.Result == nil || out.Result.ExitStatus != 1 {
		t.Fatalf("%+v %v", out.Result, out.Diags)
	}
	broken = false
	out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j})
	out.Ends(t, 0)
	want := []string{"first", "between", "last", "first back", "first", "last"}
	if diff := cmp.Diff(want, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestWhatCanBeUndoneIsCounted: the end of a run says how much of what it did can be undone by hand, and leaves out what was, and what has
// no undo.
func TestWhatCanBeUndoneIsCounted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		stop string
		want int
	}{"continue": {"continue", 2}, "stop": {"stop", 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := enginetest.Run(t, breaks("break"), `
runbook "test" { on_failure = "`+tt.stop+`" }
provider "fake" {}
step "fake_write" "one" {
  id = "one"
  undo "fake_write" { id = "one back" }
}
step "fake_write" "two" {
  id         = "two"
  depends_on = [step.one]
  undo "fake_write" { id = "two back" }
}
step "fake_write" "plain" {
  id         = "plain"
  depends_on = [step.two]
}
step "fake_write" "break" {
  id         = "break"
  depends_on = [step.plain]
  undo "fake_write" { id = "break back" }
}
`, enginetest.Options{AutoApprove: true})
			out.Ends(t, 1)
			if got := out.Events[len(out.Events)-1].Undoable; got != tt.want {
				t.Errorf("%d can be undone, expected %d\n%s", got, tt.want, out.Stream)
			}
		})
	}
}
