package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// family writes a runbook "parent.hcl" and the "child.hcl" that its steps run, and gives the parent's path.
func family(t *testing.T, parent, child string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"child.hcl": child, "parent.hcl": parent} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "parent.hcl")
}

// TestWaitingRunbookHoldsNoPlace has a runbook within a runbook wait for a person, and for a poll's interval, while there
// is one place.
func TestWaitingRunbookHoldsNoPlace(t *testing.T) {
	for name, child := range map[string]string{
		"person": "runbook \"child\" {}\nstep \"fake_ask\" \"ok\" { prompt = \"All well?\" }\n",
		"poll": `runbook "child" {}
step "fake_read" "ready" {
  id = "ready"
  poll {
    until    = self.call > 1
    interval = "2s"
  }
}
`,
	} {
		t.Run(name, func(t *testing.T) {
			path := family(t, `runbook "parent" { max_parallel = 1 }
step "runbook" "db" { source = "./child.hcl" }
step "fake_read" "beside" { id = "beside" }
`, child)
			fake, j := &enginetest.Fake{}, enginetest.Store(t)
			out := enginetest.RunFile(t, fake, path, enginetest.Options{Journal: j})
			if out.Result == nil || fake.Calls("beside") != 1 {
				t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			if name == "poll" {
				if diff := cmp.Diff([]string{"ready", "beside", "ready"}, fake.Log()); diff != "" || out.Result.ExitStatus != 0 {
					t.Error(diff, out.Stream)
				}
				return
			}
			if !out.Result.Paused {
				t.Fatalf("it does not pause: %+v\n%s", out.Result, out.Stream)
			}
			answer(t, j, out, "db/ok", "true")
			out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j})
			out.Ends(t, 0)
		})
	}
}

// TestRunbookOverItsTime counts a runbook that takes longer than its step may as an error, which others see.
func TestRunbookOverItsTime(t *testing.T) {
	path := family(t, `runbook "parent" {}
step "runbook" "db" {
  source  = "./child.hcl"
  timeout = "2s"
}
step "fake_read" "why" {
  id         = "why"
  depends_on = [step.db]
  run_if     = "failure"
}
`, `runbook "child" {}
provider "fake" {}
step "fake_write" "change" { id = "change" }
step "fake_read" "long" {
  id         = "long"
  depends_on = [step.change]
}
`)
	fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
		if id == "long" {
			return enginetest.Until(ctx, nil)
		}
		return nil
	}}
	out := enginetest.RunFile(t, fake, path, enginetest.Options{AutoApprove: true})
	want := map[string]run.Outcome{"db/change": run.Pass, "db/long": run.Cancelled, "db": run.Error, "why": run.Pass}
	if diff := cmp.Diff(want, out.Outcomes()); diff != "" {
		t.Fatalf("%s%v\n%s", diff, out.Diags, out.Stream)
	}
	if e := out.Finished()["db"]; !strings.Contains(e.Error, "timed out after 2s") {
		t.Error(e.Error)
	}
}

// TestApprovedArgumentsAreUsed asks once about arguments that would be others if they were worked out again, and carries
// out what was approved.
func TestApprovedArgumentsAreUsed(t *testing.T) {
	fake, a := &enginetest.Fake{}, &asker{yes: true}
	out := enginetest.Run(t, fake, `
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  value = now()
  approval {}
}
`, enginetest.Options{Asker: a})
	if out.Result == nil || out.Result.ExitStatus != 0 || len(a.asked) != 1 {
		t.Fatalf("asked %d times: %+v %v\n%s", len(a.asked), out.Result, out.Diags, out.Stream)
	}
	shown := a.asked[0].Question.Arguments[1].Value
	if result := string(out.Finished()["change"].Result); !strings.Contains(result, shown) {
		t.Errorf("approved was %s; the result is %s", shown, result)
	}
}

// TestApprovalIsForOneTarget asks again where a later session would change another system.
func TestApprovalIsForOneTarget(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, `
provider "fake" { name = env("WHERE") }
step "fake_write" "change" {
  id = "change"
  approval {}
}
`, enginetest.Options{Journal: j, Env: map[string]string{"WHERE": "staging"}})
	out.Pauses(t)
	answer(t, j, out, "change", "true")
	id := out.Result.RunID
	out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, Env: map[string]string{"WHERE": "production"}, WithChanges: true})
	if out.Result == nil || !out.Result.Paused || fake.Calls("change") != 0 {
		t.Fatalf("changed %d times: %+v %v\n%s", fake.Calls("change"), out.Result, out.Diags, out.Stream)
	}
	answer(t, j, out, "change", "true")
	out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, Env: map[string]string{"WHERE": "production"}})
	if out.Result == nil || out.Result.ExitStatus != 0 || fake.Calls("change") != 1 {
		t.Fatalf("changed %d times: %+v %v\n%s", fake.Calls("change"), out.Result, out.Diags, out.Stream)
	}
}

// TestRefusedAnswerPausesAgain has somebody answer who may not: the run does not wait for more where nobody is there.
func TestRefusedAnswerPausesAgain(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, `
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  approval { approvers = ["alice"] }
}
`, enginetest.Options{Journal: j})
	out.Pauses(t)
	answer(t, j, out, "change", "true") // bob's
	out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j})
	if out.Result == nil || !out.Result.Paused || fake.Calls("change") != 0 {
		t.Fatalf("changed %d times: %+v %v\n%s", fake.Calls("change"), out.Result, out.Diags, out.Stream)
	}
}

// TestLeftOverOfAnEarlierSession still tells of an undo that failed in a runbook within a runbook when the run goes on.
func TestLeftOverOfAnEarlierSession(t *testing.T) {
	path := family(t, `runbook "parent" {}
step "runbook" "db" { source = "./child.hcl" }
step "fake_read" "flaky" {
  id         = "flaky"
  depends_on = [step.db]
}
`, `runbook "child" {}
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  undo "fake_write" {
    on = "end"
    id = "back"
  }
}
`)
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, n int) error {
		if id == "back" || id == "flaky" && n == 1 {
			return enginetest.ErrUnreachable()
		}
		return nil
	}}
	j := enginetest.Store(t)
	out := enginetest.RunFile(t, fake, path, enginetest.Options{Journal: j, AutoApprove: true})
	out.Ends(t, 4)
	out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, AutoApprove: true})
	if out.Result == nil || out.Result.ExitStatus != 4 || fake.Calls("flaky") != 2 || fake.Calls("change") != 1 {
		t.Fatalf("%+v %v %q\n%s", out.Result, out.Diags, fake.Log(), out.Stream)
	}
}

// TestMaxParallelOfTheCommandLine holds in the runbooks that steps run too.
func TestMaxParallelOfTheCommandLine(t *testing.T) {
	child := "runbook \"child\" { max_parallel = 4 }\n"
	for _, name := range []string{"a", "b", "c", "d"} {
		child += fmt.Sprintf("step \"fake_read\" %q { id = %[1]q }\n", name)
	}
	path := family(t, "runbook \"parent\" {}\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\n", child)
	for _, most := range []int{0, 2} {
		want := map[int]int{0: 4, 2: 2}[most]
		full, fill := context.WithCancel(t.Context())
		var fake *enginetest.Fake
		fake = &enginetest.Fake{Do: func(ctx context.Context, _ string, _ int) error {
			if fake.Most() >= want {
				fill()
			}
			if err := enginetest.Until(ctx, full.Done()); err != nil {
				return err
			}
			<-time.After(50 * time.Millisecond) // for one too many to begin
			return nil
		}}
		out := enginetest.RunFile(t, fake, path, enginetest.Options{Plan: engine.PlanOptions{MaxParallel: most}})
		out.Ends(t, 0)
		if got := fake.Most(); got != want {
			t.Errorf("max-parallel %d: %d steps were under way at once", most, got)
		}
	}
}
