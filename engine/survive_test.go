package engine_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// files writes runbooks beside each other and gives the path of parent.hcl.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "parent.hcl")
}

var everything = map[string]string{
	"parent.hcl": `
runbook "parent" { on_failure = "stop" }
provider "fake" {}
step "fake_read" "list" { id = "list" }
step "fake_write" "change" {
  for_each = { for i in step.list.items : i.name => "ready ${i.ready}" }
  id       = "change ${each.key} ${each.value}"
  approval { prompt = "Change ${each.key}?" }
  undo "fake_write" {
    on = "end"
    id = "back ${each.key} ${self.call}"
  }
}
step "runbook" "db" {
  source     = "./child.hcl"
  variables  = { who = "call ${step.list.call}" }
  depends_on = [step.change]
}
step "fake_read" "poll" {
  id         = "poll"
  depends_on = [step.list]
  poll {
    until    = self.call >= 2
    interval = "1ms"
  }
}
step "fake_read" "retry" {
  id         = "retry"
  depends_on = [step.list]
  retry { delay = "1ms" }
}
step "fake_read" "last" { id = "last ${step.db.outputs.calls} ${step.poll.value == null} ${step.retry.attempts > 0}" }
`,
	"child.hcl": `
runbook "child" {}
variable "who" {}
provider "fake" {}
step "fake_write" "each" {
  for_each = { x = "1 ${var.who}", y = "2 ${var.who}" }
  id = "each ${each.value}"
}
step "fake_ask" "ok" {
  prompt     = "All well with ${var.who}?"
  depends_on = [step.each]
}
step "fake_read" "after" { id = "after ${step.ok.by}" }
output "calls" { value = step.after.call }
`,
}

// flaky errs in the first attempt of retry.
func flaky() *enginetest.Fake {
	return &enginetest.Fake{Do: func(_ context.Context, id string, n int) error {
		if id == "retry" && n == 1 {
			return enginetest.ErrUnreachable()
		}
		return nil
	}}
}

// crowd answers every question with yes; safe for concurrent use.
type crowd struct{ mu sync.Mutex }

func (c *crowd) Ask(ctx context.Context, w run.Wait) (*run.Answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return (&asker{yes: true}).Ask(ctx, w)
}

// TestEverythingFromEveryEvent breaks a run with everything in it off after each event and goes on, in one session and in
// one that breaks off again. A write that was in doubt took place, or did not; no other is sent twice, and what is undone is
// undone once.
func TestEverythingFromEveryEvent(t *testing.T) {
	t.Parallel()
	path := files(t, everything)
	whole := enginetest.Store(t)
	out := enginetest.RunFile(t, flaky(), path, enginetest.Options{Journal: whole, Asker: &crowd{}, AutoApprove: true, Seal: plain})
	out.Ends(t, 0)
	id := out.Result.RunID
	for cut := 1; cut < len(out.Events); cut++ {
		for _, decision := range []string{run.DecisionDone, run.DecisionRedo} {
			again := enginetest.Options{
				Journal: enginetest.CutAfter(t, whole, id, cut), Asker: &crowd{}, AutoApprove: true, Seal: plain, Unseal: opened,
				Settle: func(run.Doubt, *provider.Found) run.Resolution {
					return run.Resolution{Decision: decision, How: "asked", Who: "alice@ops"}
				},
			}
			got := enginetest.Resume(t, flaky(), id, again)
			if got.Result == nil || got.Result.Outcome != run.Pass && got.Result.Outcome != run.Warn && !lostResult(got) {
				t.Fatalf("cut after %d (%s), %s: %+v %v\n%s", cut, out.Events[cut-1].Type, decision, got.Result, got.Diags, got.Stream)
			}
			sentOnce(t, slices.Concat(out.Events[:cut], got.Events))
			if len(got.Events) < 4 {
				continue
			}
			again.Journal = enginetest.CutAfter(t, again.Journal, id, cut+len(got.Events)/2)
			more := enginetest.Resume(t, flaky(), id, again)
			if more.Result == nil || more.Result.Outcome != run.Pass && more.Result.Outcome != run.Warn && !lostResult(more) && !lostResult(got) {
				t.Fatalf("cut after %d and again, %s: %+v %v\n%s", cut, decision, more.Result, more.Diags, more.Stream)
			}
			sentOnce(t, slices.Concat(out.Events[:cut], got.Events[:len(got.Events)/2], more.Events))
		}
	}
}

// lostResult reports whether a write that was taken as done left others without its result: that is as it should be.
func lostResult(out enginetest.Outcome) bool {
	return slices.ContainsFunc(out.Events, func(e run.Event) bool {
		return e.Type == run.StepResolved && e.Undoes == 0 && e.Resolution.Decision == run.DecisionDone
	})
}

// sentOnce checks that no write, and no undo, began twice without a decision in between.
func sentOnce(t *testing.T, events []run.Event) {
	t.Helper()
	begun, undos := map[string]bool{}, map[int64]bool{}
	for _, e := range events {
		switch e.Type {
		case run.RunResumed:
			maps.DeleteFunc(begun, func(step string, _ bool) bool {
				return slices.Contains(e.Reset, step) || slices.Contains(e.Reset, run.WholeStep(step))
			})
		case run.StepStarted:
			if e.Effect == "write" && !strings.HasSuffix(e.Action, "runbook") && begun[e.Step] {
				t.Errorf("%s was sent twice", e.Step)
			}
			begun[e.Step] = true
		case run.UndoStarted:
			if undos[e.Undoes] || e.Undoes == 0 {
				t.Errorf("%d of %s was undone twice", e.Undoes, e.Step)
			}
			undos[e.Undoes] = true
		case run.StepResolved:
			if e.Resolution.Decision == run.DecisionRedo {
				delete(undos, e.Undoes)
			}
		}
	}
}

// TestNoPauseWhileAChildEnds: one runbook waits for a person while another ends: its end lets the run go on.
func TestNoPauseWhileAChildEnds(t *testing.T) {
	path := files(t, map[string]string{
		"parent.hcl": `
runbook "parent" {}
step "runbook" "asks" { source = "./asks.hcl" }
step "runbook" "works" { source = "./works.hcl" }
step "fake_read" "then" {
  id         = "then"
  depends_on = [step.works]
}
`,
		"asks.hcl":  "runbook \"asks\" {}\nstep \"fake_ask\" \"ok\" { prompt = \"Well?\" }\n",
		"works.hcl": "runbook \"works\" {}\nstep \"fake_read\" \"slow\" { id = \"slow\" }\n",
	})
	for range 8 {
		asked := make(chan struct{})
		fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
			if id == "slow" {
				return enginetest.Until(ctx, asked)
			}
			return nil
		}}
		var once sync.Once
		out := enginetest.RunFile(t, fake, path, enginetest.Options{OnEvent: func(e run.Event) {
			if e.Step == "asks/ok" && e.Question != nil {
				once.Do(func() { close(asked) })
			}
		}})
		if out.Result == nil || !out.Result.Paused || fake.Calls("then") != 1 {
			t.Fatalf("%+v %v: then was carried out %d times\n%s", out.Result, out.Diags, fake.Calls("then"), out.Stream)
		}
	}
}

// TestPauseOfAParentAndAChild: both ask, the run pauses once, and neither counts as an error.
func TestPauseOfAParentAndAChild(t *testing.T) {
	path := files(t, map[string]string{
		"parent.hcl": `
runbook "parent" {}
step "fake_ask" "own" { prompt = "And you?" }
step "runbook" "asks" {
  for_each = toset(["a", "b"])
  source   = "./asks.hcl"
}
`,
		"asks.hcl": "runbook \"asks\" {}\nstep \"fake_ask\" \"ok\" { prompt = \"Well?\" }\n",
	})
	for range 8 {
		j := enginetest.Store(t)
		out := enginetest.RunFile(t, &enginetest.Fake{}, path, enginetest.Options{Journal: j})
		if out.Result == nil || !out.Result.Paused || len(out.Outcomes()) > 0 {
			t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
		}
		for _, step := range []string{"own", `asks["a"]/ok`, `asks["b"]/ok`} {
			answer(t, j, out, step, "true")
		}
		out = enginetest.Resume(t, &enginetest.Fake{}, out.Result.RunID, enginetest.Options{Journal: j})
		out.Ends(t, 0)
	}
}

// TestTimeOfAChild: a runbook within a runbook whose time passes is an error of its step, and no interrupt of the run.
func TestTimeOfAChild(t *testing.T) {
	t.Parallel()
	child := "runbook \"child\" {}\nprovider \"fake\" {}\nstep \"fake_write\" \"hang\" { id = \"hang\" }\n"
	for name, test := range map[string]struct {
		parent string
		want   map[string]run.Outcome
		status int
	}{
		"its own": {
			parent: "runbook \"parent\" {}\nstep \"runbook\" \"db\" {\n source = \"./child.hcl\"\n timeout = \"2s\"\n}\nstep \"fake_read\" \"other\" { id = \"other\" }\n",
			want:   map[string]run.Outcome{"db/hang": run.Cancelled, "db": run.Error, "other": run.Pass}, status: 4,
		},
		"the run's": {
			parent: "runbook \"parent\" { timeout = \"2s\" }\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\nstep \"fake_read\" \"other\" { id = \"other\" }\n",
			want:   map[string]run.Outcome{"db/hang": run.Cancelled, "db": run.Cancelled, "other": run.Pass}, status: 4,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
				if id == "hang" {
					<-ctx.Done()
					return ctx.Err()
				}
				return nil
			}}
			out := enginetest.RunFile(t, fake, files(t, map[string]string{"parent.hcl": test.parent, "child.hcl": child}), enginetest.Options{AutoApprove: true})
			if out.Result == nil || out.Result.ExitStatus != test.status || strings.Contains(out.Stream, "was interrupted") {
				t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			if diff := cmp.Diff(test.want, out.Outcomes()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// cancelled is a journal in which somebody has cancelled the run.
type cancelled struct{ journal.Journal }

func (cancelled) Messages(context.Context, string, int64) ([]journal.Message, error) {
	return []journal.Message{{ID: 1, Kind: journal.MessageCancel, At: time.Now().Add(time.Hour), By: "bob@ops"}}, nil
}

// TestCancelBeforeAPause: a message that is read as the run would pause still stops it.
func TestCancelBeforeAPause(t *testing.T) {
	out := enginetest.Run(t, &enginetest.Fake{}, `step "fake_ask" "ok" { prompt = "Well?" }`, enginetest.Options{Journal: cancelled{enginetest.Store(t)}})
	if out.Result == nil || out.Result.Paused || out.Result.ExitStatus != 3 || out.Outcomes()["ok"] != run.Cancelled {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
}
