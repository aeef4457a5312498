package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

const several = `
variable "greeting" {
  default   = "hello"
  sensitive = true
}
step "fake_read" "list" { id = var.greeting }
step "fake_read" "each" {
  for_each = { for i in step.list.items : i.name => i.ready }
  id       = "each ${each.key} ${each.value}"
  assert { condition = self.token == step.list.token }
}
step "fake_read" "sum" {
  id         = "sum ${step.each["a"].call}"
  depends_on = [step.each]
}
`

// fails has the action fail until it is mended.
func fails(id string, mended *bool) *enginetest.Fake {
	return &enginetest.Fake{Do: func(_ context.Context, got string, _ int) error {
		if got == id && !*mended {
			return enginetest.ErrUnreachable()
		}
		return nil
	}}
}

// plain stands for encryption: what is sealed is told apart.
func plain(text []byte) ([]byte, error) { return append([]byte("sealed:"), text...), nil }

func opened(sealed []byte) ([]byte, error) {
	return []byte(strings.TrimPrefix(string(sealed), "sealed:")), nil
}

func TestResumeRepeatsOnlyWhatDidNotPass(t *testing.T) {
	mended := false
	fake, j := fails("each b false", &mended), enginetest.Store(t)
	out := enginetest.Run(t, fake, several, enginetest.Options{Journal: j, Seal: plain})
	out.Ends(t, 1)
	if strings.Contains(out.Stream, enginetest.SecretToken) || strings.Contains(out.Stream, "hello") {
		t.Errorf("a secret is in the events:\n%s", out.Stream)
	}
	mended = true
	out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Seal: plain, Unseal: opened})
	out.Ends(t, 0)
	want := map[string]int{"hello": 1, "each a true": 1, "each b false": 2, "sum 1": 1}
	for id, n := range want {
		if fake.Calls(id) != n {
			t.Errorf("%s was carried out %d times", id, fake.Calls(id))
		}
	}
	if diff := cmp.Diff(run.Outcome("pass"), out.Result.Outcome); diff != "" {
		t.Error(diff)
	}
}

func TestResumeWithoutTheSealedPart(t *testing.T) {
	mended := false
	fake, j := fails("each b false", &mended), enginetest.Store(t)
	text := strings.Replace(several, "sensitive = true", "", 1)
	out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j})
	mended = true
	out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j})
	if got := out.Finished()[`each["b"]`]; got.Outcome != run.Error || !strings.Contains(out.Stream, "not kept") {
		t.Errorf("%+v\n%s", got, out.Stream)
	}
}

func TestChangedFiles(t *testing.T) {
	mended := false
	fake, j := fails("b", &mended), enginetest.Store(t)
	text := `
runbook "test" {}
locals { id = "a" }
step "fake_read" "a" { id = local.id }
step "fake_read" "other" { id = "other" }
step "fake_read" "b" {
  id = "b"
  depends_on = [step.a]
}
`
	out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j})
	path := out.Events[0].Files[0].Path
	mended = true
	if err := os.WriteFile(path, []byte(strings.Replace(text, `id = "a"`, `id = "a2"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	id := out.Events[0].Run
	refused := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
	if !refused.Diags.HasErrors() || !strings.Contains(refused.Diags.Error(), "local id differs") {
		t.Fatalf("%v", refused.Diags)
	}
	out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, WithChanges: true})
	out.Ends(t, 0)
	if diff := cmp.Diff([]string{"a", "other", "b", "a2", "b"}, sortedFirst(fake.Log())); diff != "" {
		t.Error(diff)
	}
}

// sortedFirst puts the two reads that begin side by side in one order.
func sortedFirst(log []string) []string {
	if log[0] == "other" {
		log[0], log[1] = log[1], log[0]
	}
	if log[1] == "b" {
		log[1], log[2] = log[2], log[1]
	}
	return log
}

// TestRunbookWithinRunbook runs one as a step, pauses in it, and goes on.
func TestRunbookWithinRunbook(t *testing.T) {
	dir := t.TempDir()
	child := `
runbook "child" {}
variable "who" {}
provider "fake" {}
step "fake_write" "change" {
  for_each = toset([var.who, "b"])
  id = "change ${each.key}"
}
step "fake_ask" "ok" {
  prompt     = "All well with ${var.who}?"
  depends_on = [step.change]
}
step "fake_read" "after" { id = "after ${step.ok.by}" }
output "calls" { value = step.after.call }
`
	parent := `
runbook "parent" {}
step "fake_read" "first" { id = "first" }
step "runbook" "db" {
  source    = "./child.hcl"
  variables = { who = "call ${step.first.call}" }
}
step "fake_read" "last" { id = "last ${step.db.outputs.calls}" }
`
	for name, text := range map[string]string{"child.hcl": child, "parent.hcl": parent} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.RunFile(t, fake, filepath.Join(dir, "parent.hcl"), enginetest.Options{Journal: j, AutoApprove: true})
	out.Pauses(t)
	answer(t, j, out, "db/ok", "true")
	out = enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, AutoApprove: true})
	out.Ends(t, 0)
	want := []string{"first", "change b", "change call 1", "after bob@ops", "last 1"}
	if diff := cmp.Diff(want, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestResumeFromEveryEvent cuts the history of a run after each event, as a crash would, and goes on from there.
func TestResumeFromEveryEvent(t *testing.T) {
	fake, whole := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, several, enginetest.Options{Journal: whole, Seal: plain})
	id := out.Result.RunID
	for cut := 1; cut <= len(out.Events); cut++ {
		j := enginetest.CutAfter(t, whole, id, cut)
		again := enginetest.Resume(t, &enginetest.Fake{}, id, enginetest.Options{Journal: j, Seal: plain, Unseal: opened})
		if again.Result == nil || again.Result.Outcome != run.Pass {
			t.Fatalf("cut after %d: %+v %v\n%s", cut, again.Result, again.Diags, again.Stream)
		}
	}
}

// TestChangedStepOfWhichAnInstanceFailed: the step runs again as a whole, be its instances among what did not pass or not.
func TestChangedStepOfWhichAnInstanceFailed(t *testing.T) {
	mended := false
	fake, j := fails("each b", &mended), enginetest.Store(t)
	text := "runbook \"test\" {}\nstep \"fake_read\" \"each\" {\n  for_each = toset([\"a\", \"b\"])\n  id = \"each ${each.key}\"\n}\n"
	out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j})
	if err := os.WriteFile(out.Events[0].Files[0].Path, []byte(strings.Replace(text, "id =", "value = 1\nid =", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	mended = true
	out = enginetest.Resume(t, fake, out.Events[0].Run, enginetest.Options{Journal: j, WithChanges: true})
	if out.Result == nil || out.Result.ExitStatus != 0 || fake.Calls("each a") != 2 {
		t.Fatalf("%+v %v %q\n%s", out.Result, out.Diags, fake.Log(), out.Stream)
	}
}

// TestAPausedRunGoesOn: a resume of a paused run, which a timer may call every few minutes, does nothing again that failed; once the run has
// ended, a resume does.
func TestAPausedRunGoesOn(t *testing.T) {
	const text = `
provider "fake" {}
step "fake_write" "charge" { id = "charge" }
step "fake_write" "behind" {
  depends_on = [step.charge]
  id         = "behind"
}
step "fake_ask" "ok" { prompt = "All well?" }
step "fake_write" "more" {
  depends_on = [step.ok]
  id         = "more"
}
`
	mended := false
	fake, j := fails("charge", &mended), enginetest.Store(t)
	opts := enginetest.Options{Journal: j, AutoApprove: true}
	out := enginetest.Run(t, fake, text, opts)
	out.Pauses(t)
	id := out.Result.RunID
	for range 2 {
		enginetest.Resume(t, fake, id, opts).Pauses(t)
	}
	answered := opts
	answered.Answers = map[string]string{"ok": "yes"}
	out = enginetest.Resume(t, fake, id, answered)
	out.Ends(t, 1)
	if diff := cmp.Diff([]string{"charge", "more"}, fake.Log()); diff != "" {
		t.Errorf("%s\n%s", diff, out.Stream)
	}
	if counts := out.Result.Counts; counts[run.Error] != 1 || counts[run.Blocked] != 1 || counts[run.Pass] != 2 {
		t.Errorf("%v", counts)
	}
	mended = true
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)
	if diff := cmp.Diff([]string{"charge", "more", "charge", "behind"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestAPausedRunGoesOnOnceSettled: what a write in doubt had blocked runs once that is settled, and an unrelated failure stays.
func TestAPausedRunGoesOnOnceSettled(t *testing.T) {
	const lost = `
provider "fake" {}
step "fake_write" "lost" { id = "lost" }
step "fake_write" "behind" {
  depends_on = [step.lost]
  id         = "behind"
}
step "fake_write" "after" {
  depends_on = [step.behind]
  id         = "after"
}
`
	const rest = `
step "fake_write" "charge" { id = "charge" }
step "fake_ask" "ok" { prompt = "All well?" }
`
	for _, child := range []bool{false, true} {
		t.Run(fmt.Sprintf("child %v", child), func(t *testing.T) {
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				switch id {
				case "lost":
					return errors.New("connection reset")
				case "charge":
					return enginetest.ErrUnreachable()
				}
				return nil
			}}
			path := family(t, "runbook \"parent\" {}\n"+lost+rest, "")
			if child {
				path = family(t, "runbook \"parent\" {}\nprovider \"fake\" {}\nstep \"runbook\" \"in\" { source = \"./child.hcl\" }\n"+rest, "runbook \"child\" {}\n"+lost)
			}
			opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
			out := enginetest.RunFile(t, fake, path, opts)
			out.Pauses(t)
			opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
				return run.Resolution{Decision: run.DecisionDone, How: "flag", Who: "ann@ops"}
			}
			enginetest.Resume(t, fake, out.Result.RunID, opts).Pauses(t)
			log := fake.Log()
			slices.Sort(log)
			if diff := cmp.Diff([]string{"after", "behind", "charge", "lost"}, log); diff != "" {
				t.Error(diff)
			}
		})
	}
}
