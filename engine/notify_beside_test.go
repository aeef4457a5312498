package engine_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// atOnce notifies as soon as the question is asked.
const atOnce = `
escalation "oncall" {
  level {
    contact = "Ann"
    notify "fake_write" {
      id      = "page-${self.step}"
      timeout = "10s"
    }
  }
}
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  approval { escalation = escalation.oncall }
}
`

// order is the types of events, without those that the test is not about.
func order(out enginetest.Outcome, types ...run.Type) []run.Type {
	var got []run.Type
	for _, e := range out.Events {
		if slices.Contains(types, e.Type) {
			got = append(got, e.Type)
		}
	}
	return got
}

// TestNotifyBesideTheQuestion: a notification that takes its time holds no place, and delays neither the answer nor the step;
// the run ends when it has.
func TestNotifyBesideTheQuestion(t *testing.T) {
	paged, changed := make(chan struct{}), make(chan struct{})
	fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
		if id == "change" {
			close(changed)
			return nil
		}
		close(paged)
		return enginetest.Until(ctx, changed)
	}}
	out := enginetest.Run(t, fake, "runbook \"test\" { max_parallel = 1 }\n"+atOnce, enginetest.Options{Asker: after{paged}})
	want := []run.Type{run.NotifyStarted, run.StepAnswered, run.NotifyFinished, run.RunFinished}
	if diff := cmp.Diff(want, order(out, want...)); diff != "" || out.Result.ExitStatus != 0 {
		t.Errorf("%s%s", diff, out.Stream)
	}
}

// TestNotifyWithinARunbook: what waits in a runbook that a step runs is named in full, and told there.
func TestNotifyWithinARunbook(t *testing.T) {
	path := family(t, "runbook \"parent\" { max_parallel = 1 }\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\n", "runbook \"child\" {}\n"+atOnce)
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.RunFile(t, fake, path, enginetest.Options{Journal: j})
	out.Pauses(t)
	again := enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j})
	if diff := cmp.Diff([]string{"page-db/change"}, fake.Log()); diff != "" || len(notices(again)) > 0 {
		t.Errorf("%s%s%s", diff, out.Stream, again.Stream)
	}
	for _, e := range out.Events {
		if e.Type == run.NotifyFinished && e.Step != "db/change" {
			t.Errorf("it is told of %s", e.Step)
		}
	}
}

// TestNotifyWhileTheRunEnds: an interrupt lets a notification under way end; whoever stops the program at once does not.
func TestNotifyWhileTheRunEnds(t *testing.T) {
	for name, c := range map[string]struct {
		hard bool
		want []string
	}{
		"interrupt": {false, []string{"1 started", "1 pass"}},
		"at once":   {true, []string{"1 started", "1 error in doubt"}},
	} {
		t.Run(name, func(t *testing.T) {
			stopping, interrupt := make(chan struct{}), make(chan struct{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			fake := &enginetest.Fake{Do: func(ctx context.Context, _ string, _ int) error {
				if c.hard {
					cancel()
					return enginetest.Until(ctx, nil)
				}
				return enginetest.Until(ctx, stopping)
			}}
			out := enginetest.Run(t, fake, atOnce, enginetest.Options{
				Asker: silent{}, Interrupt: interrupt, Context: ctx, OnEvent: func(e run.Event) {
					switch {
					case e.Type == run.RunStopping:
						close(stopping)
					case e.Type == run.NotifyStarted && !c.hard:
						close(interrupt)
					}
				},
			})
			if diff := cmp.Diff(c.want, notices(out)); diff != "" || out.Result.ExitStatus != 3 {
				t.Errorf("%s%s", diff, out.Stream)
			}
			// Stopped at once, the notification may end before the run has said that it stops.
			for _, told := range []run.Type{run.RunStopping, run.NotifyFinished} {
				if diff := cmp.Diff([]run.Type{told, run.RunFinished}, order(out, told, run.RunFinished)); diff != "" {
					t.Errorf("%s%s", diff, out.Stream)
				}
			}
		})
	}
}

// TestNotifyTimeout: a notification that hangs ends with its timeout, and the run pauses then.
func TestNotifyTimeout(t *testing.T) {
	fake := &enginetest.Fake{Do: func(ctx context.Context, _ string, _ int) error { return enginetest.Until(ctx, nil) }}
	out := enginetest.Run(t, fake, strings.Replace(atOnce, `"10s"`, `"50ms"`, 1), enginetest.Options{})
	want := []run.Type{run.NotifyStarted, run.NotifyFinished, run.RunPaused}
	if diff := cmp.Diff(want, order(out, want...)); diff != "" || !strings.Contains(out.Stream, "timed out after 50ms") {
		t.Errorf("%s%s", diff, out.Stream)
	}
}

// TestNotifyTimeoutAfterTheAnswer: a notification that hangs while the question is answered, and the step ends, is told alone
// when its time is over: nothing waits for it but the end of the run.
func TestNotifyTimeoutAfterTheAnswer(t *testing.T) {
	paged, ended := make(chan struct{}), make(chan struct{})
	fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
		if id == "change" {
			return nil
		}
		close(paged)
		if err := enginetest.Until(ctx, ended); err != nil {
			return err
		}
		return enginetest.Until(ctx, nil)
	}}
	out := enginetest.Run(t, fake, strings.Replace(atOnce, `"10s"`, `"1s"`, 1), enginetest.Options{
		Asker: after{paged}, OnEvent: func(e run.Event) {
			if e.Type == run.StepFinished {
				close(ended)
			}
		},
	})
	want := []run.Type{run.StepAnswered, run.StepFinished, run.NotifyFinished, run.RunFinished}
	if diff := cmp.Diff(want, order(out, want...)); diff != "" || out.Result.ExitStatus != 0 {
		t.Errorf("%s%s", diff, out.Stream)
	}
	if end := out.Finished()["change"]; len(end.Warnings) > 0 || !strings.Contains(out.Stream, "timed out after 1s") {
		t.Errorf("%+v\n%s", end, out.Stream)
	}
}

// TestNotifyRetries: what surely was not sent is tried again, as the same write, until the question is answered.
func TestNotifyRetries(t *testing.T) {
	fake := &enginetest.Fake{Do: func(_ context.Context, _ string, n int) error {
		if n < 3 {
			return enginetest.ErrUnreachable()
		}
		return nil
	}}
	text := strings.Replace(atOnce, `timeout = "10s"`, `retry { delay = "1ms" }`, 1)
	out := enginetest.Run(t, fake, text, enginetest.Options{})
	if diff := cmp.Diff([]string{"1 started", "1 pass"}, notices(out)); diff != "" || fake.Calls("page-change") != 3 {
		t.Errorf("%s%s", diff, out.Stream)
	}
}

// TestNotifyNotOnceAnswered: a notification that waits to be tried again is given up when somebody answers.
func TestNotifyNotOnceAnswered(t *testing.T) {
	paged := make(chan struct{})
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		if id == "change" {
			return nil
		}
		close(paged)
		return enginetest.ErrUnreachable()
	}}
	text := strings.Replace(atOnce, `timeout = "10s"`, `retry {
        delay     = "1h"
        max_delay = "1h"
        backoff   = "constant"
      }`, 1)
	out := enginetest.Run(t, fake, text, enginetest.Options{Asker: after{paged}})
	if diff := cmp.Diff([]string{"1 started", "1 error"}, notices(out)); diff != "" || out.Result.ExitStatus != 0 {
		t.Errorf("%s%s", diff, out.Stream)
	}
}

// TestNotifyPlanned: a plan lists the notifiers that its steps may come to, apply reads their secrets, and asks about those
// that do more than to send a message to their own provider block's address.
func TestNotifyPlanned(t *testing.T) {
	text := strings.Replace(atOnce, `provider "fake" {}`, `provider "fake" { name = "own" }
provider "fake" {
  alias    = "pager"
  name     = "pager"
  password = secret("env:PAGER")
}
escalation "unused" {
  level {
    contact = "Bob"
    notify "fake_write" {
      id       = secret("env:NOBODY_HAS_IT")
      provider = provider.fake.pager
    }
  }
}`, 1)
	text = strings.Replace(text, `timeout = "10s"`, `provider = provider.fake.pager`, 1)
	want := []engine.PlannedNotify{{
		Escalation: "oncall", Level: 1, Contact: `"Ann"`, Action: "fake_write", Effect: provider.Write, Provider: "fake.pager", Target: "fake://pager",
		Arguments: []engine.PlannedArgument{{Name: "id", Value: `"page-${self.step}"`}}, Steps: []string{"change"}, Asked: true,
	}}
	for name, c := range map[string]struct {
		options engine.PlanOptions
		env     map[string]string
		change  func(*engine.PlannedNotify)
		wrong   string
	}{
		"apply":          {engine.PlanOptions{Apply: true}, map[string]string{"PAGER": "hunter2"}, nil, ""},
		"without secret": {engine.PlanOptions{Apply: true}, nil, nil, "PAGER"},
		"read-only": {engine.PlanOptions{ReadOnly: true}, nil, func(n *engine.PlannedNotify) {
			n.Suppressed, n.Asked, n.Target = true, false, ""
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := enginetest.New(&enginetest.Fake{}, c.env)
			body := text
			if c.options.ReadOnly {
				body = strings.Replace(body, `step "fake_write"`, `step "fake_read"`, 1)
			}
			rb, diags := e.Load(enginetest.Write(t, body))
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			plan, diags := e.Plan(t.Context(), rb, c.options)
			if c.wrong != "" {
				if !diags.HasErrors() || !strings.Contains(diags.Error(), c.wrong) {
					t.Errorf("%v", diags)
				}
				return
			}
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			wanted := slices.Clone(want)
			if c.change != nil {
				c.change(&wanted[0])
			}
			if diff := cmp.Diff(wanted, plan.Notifies, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".step" }, cmp.Ignore())); diff != "" {
				t.Error(diff)
			}
			if asked := len(plan.Asked()) - len(plan.Steps); (asked == 1) != wanted[0].Asked {
				t.Errorf("%d notifiers are asked about", asked)
			}
		})
	}
}

// TestNotifyIsOnDiskFirst looks at the history beside the run while a contact is told, of a time of its own besides.
func TestNotifyIsOnDiskFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.db")
	j, beside := openStore(t, path), openStore(t, path)
	var kept []run.Type
	fake := &enginetest.Fake{Do: func(ctx context.Context, _ string, _ int) error {
		runs, err := beside.Runs(ctx, journal.Filter{})
		if err != nil {
			return err
		}
		for entry, err := range beside.Events(ctx, runs[0].ID) {
			if err != nil {
				return err
			}
			kept = append(kept, entry.Event.Type)
		}
		return nil
	}}
	text := strings.Replace(atOnce, `timeout = "10s"`, `value = now()`, 1)
	out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j})
	if fake.Calls("page-change") != 1 || !slices.Contains(kept, run.NotifyStarted) || !slices.Contains(kept, run.ClockRead) {
		t.Errorf("%v were on disk\n%s", kept, out.Stream)
	}
}

// after approves once something has happened.
type after struct{ happened chan struct{} }

func (a after) Ask(ctx context.Context, _ run.Wait) (*run.Answer, error) {
	select {
	case <-a.happened:
		return &run.Answer{Value: []byte("true"), By: "ann@ops", Via: run.ViaTerminal}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestNotifyOnTime: while a process waits with the question, each level is told when it falls due.
func TestNotifyOnTime(t *testing.T) {
	text := strings.Replace(atOnce, "provider \"fake\" {}", "provider \"fake\" {}\n"+`escalation "soon" {
  level {
    contact = "Ann"
    notify "fake_write" { id = "page-1" }
  }
  level {
    contact = "Bob"
    after   = "200ms"
    notify "fake_write" { id = "page-2" }
  }
}`, 1)
	text = strings.Replace(text, "approval { escalation = escalation.oncall }", "approval { escalation = escalation.soon }", 1)
	second := make(chan struct{})
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		if id == "page-2" {
			close(second)
		}
		return nil
	}}
	out := enginetest.Run(t, fake, text, enginetest.Options{Asker: after{second}})
	if got := strings.Join(fake.Log(), " "); got != "page-1 page-2 change" {
		t.Errorf("%q were called\n%s", got, out.Stream)
	}
	var asked, told run.Event
	for _, e := range out.Events {
		switch {
		case e.Type == run.StepWaiting && e.Question != nil:
			asked = e
		case e.Type == run.NotifyStarted && e.Level.Number == 2:
			told = e
		}
	}
	if late := told.Time.Sub(asked.Time); late.Milliseconds() < 200 {
		t.Errorf("the second level was told after %s", late)
	}
}
