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

// deep is a runbook that runs one for each of two, which runs a third, and breaks after that.
var deep = map[string]string{
	"parent.hcl": `
runbook "parent" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "first" {
  id = "first"
  undo "fake_write" { id = "first back" }
}
step "runbook" "db" {
  for_each   = toset(["a", "b"])
  source     = "./child.hcl"
  variables  = { who = "${each.key} ${step.first.call}" }
  undo "fake_write" { id = "db ${each.key} back: ${self.outputs.who}" }
}
step "fake_write" "after" {
  id         = "after"
  depends_on = [step.db]
  undo "fake_write" { id = "after back" }
}
step "fake_write" "break" {
  id         = "break"
  depends_on = [step.after]
}
`,
	"child.hcl": `
runbook "child" {}
variable "who" {}
provider "fake" {}
step "fake_write" "one" {
  id = "one ${var.who}"
  undo "fake_write" { id = "one back ${var.who}" }
}
step "runbook" "sub" {
  source     = "./grandchild.hcl"
  variables  = { who = var.who }
  depends_on = [step.one]
}
step "fake_write" "end" {
  id         = "end ${var.who}"
  depends_on = [step.sub]
  undo "fake_write" {
    on = "end"
    id = "end back ${var.who}"
  }
}
output "who" { value = var.who }
`,
	"grandchild.hcl": `
runbook "grandchild" {}
variable "who" {}
provider "fake" {}
step "fake_write" "two" {
  for_each = { x = var.who }
  id = "two ${each.value}"
  undo "fake_write" { id = "two back ${each.value} ${self.call}" }
}
`,
}

// deepBack is what a failure of the whole run takes back, in order.
var deepBack = []string{
	"after back", "db b back: b 1", "two back b 1 1", "one back b 1", "db a back: a 1", "two back a 1 1", "one back a 1", "first back",
}

// TestAFailureUndoesWhatRunbooksWithinTheRunDid: their steps are steps of the run.
func TestAFailureUndoesWhatRunbooksWithinTheRunDid(t *testing.T) {
	fake, opts := breaks("break"), enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.RunFile(t, fake, files(t, deep), opts)
	out.Ends(t, 1)
	want := slices.Concat([]string{
		"first", "one a 1", "two a 1", "end a 1", "end back a 1", "one b 1", "two b 1", "end b 1", "end back b 1", "after", "break",
	}, deepBack)
	log := byBranch(fake.Log())
	if diff := cmp.Diff(want, log); diff != "" {
		t.Fatalf("%s\n%s", diff, out.Stream)
	}
	fake.Do = nil // it is mended
	out = enginetest.Resume(t, fake, out.Result.RunID, opts)
	if out.Result == nil || out.Result.ExitStatus != 0 || fake.Calls("first") != 2 || fake.Calls("two b 2") != 1 || fake.Calls("end a 2") != 1 {
		t.Fatalf("%+v %v %q\n%s", out.Result, out.Diags, fake.Log(), out.Stream)
	}
}

// byBranch puts what the two runbooks do side by side in the order of their keys.
func byBranch(log []string) []string {
	from, to := 1, slices.Index(log, "after")
	slices.SortStableFunc(log[from:to], func(a, b string) int {
		return strings.Compare(branchOf(a), branchOf(b))
	})
	return log
}

func branchOf(id string) string {
	if strings.Contains(id, " b ") {
		return "b"
	}
	return "a"
}

// TestUndoByHandGoesAsAFailureWould: in the order in which the run itself would.
func TestUndoByHandGoesAsAFailureWould(t *testing.T) {
	fake, opts := &enginetest.Fake{}, enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	id := enginetest.RunFile(t, fake, files(t, deep), opts).Result.RunID
	before := len(fake.Log())
	out := enginetest.Undo(t, fake, id, opts)
	if out.Result == nil || out.Diags.HasErrors() {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	got := fake.Log()[before:]
	if got[1] == deepBack[4] { // a ended after b
		got = slices.Concat(got[:1], got[4:7], got[1:4], got[7:])
	}
	if diff := cmp.Diff(deepBack, got); diff != "" {
		t.Error(diff)
	}
}

// TestNestedUndoFromEveryEvent breaks a run that fails off after each event, also between two undos, and goes on: it fails
// again, and leaves nothing that was not taken back, in reverse order.
func TestNestedUndoFromEveryEvent(t *testing.T) {
	t.Parallel()
	path, whole := files(t, deep), enginetest.Store(t)
	out := enginetest.RunFile(t, breaks("break"), path, enginetest.Options{Journal: whole, AutoApprove: true})
	out.Ends(t, 1)
	id := out.Result.RunID
	for cut := 1; cut < len(out.Events); cut++ {
		for _, decision := range []string{run.DecisionDone, run.DecisionRedo} {
			again := enginetest.Options{
				Journal: enginetest.CutAfter(t, whole, id, cut), AutoApprove: true,
				Settle: func(d run.Doubt, _ *provider.Found) run.Resolution {
					return run.Resolution{Decision: decision, How: run.HowInquired}
				},
			}
			got := enginetest.Resume(t, breaks("break"), id, again)
			events := slices.Concat(out.Events[:cut], got.Events)
			if got.Result == nil || got.Result.ExitStatus != 1 && !lostResult(got) {
				t.Fatalf("cut after %d (%s), %s: %+v %v\n%s", cut, out.Events[cut-1].Type, decision, got.Result, got.Diags, got.Stream)
			}
			sentOnce(t, events)
			if got.Result.Outcome == run.Error {
				allTakenBack(t, events)
			}
		}
	}
}

// allTakenBack checks that every effect that has an undo was taken back, and none before a later one of the same step.
func allTakenBack(t *testing.T, events []run.Event) {
	t.Helper()
	hasUndo := func(step string) bool { return step != "break" && !strings.HasSuffix(step, "/sub") }
	pending := map[int64]string{}
	for _, e := range events {
		switch e.Type {
		case run.StepFinished:
			if e.Result != nil && hasUndo(e.Step) {
				pending[e.Seq] = e.Step
			}
		case run.UndoFinished:
			if e.Outcome == run.Pass {
				delete(pending, e.Undoes)
			}
		case run.UndoStarted:
			for seq, step := range pending {
				if step == e.Step && seq > e.Undoes {
					t.Errorf("%d of %s was undone before %d", e.Undoes, step, seq)
				}
			}
		}
	}
	for seq, step := range pending {
		t.Errorf("%s of %d was not taken back", step, seq)
	}
}

// TestNestedUndoWhenTimeIsUp: the run's timeout with on_failure = "stop" takes back what runbooks within it did, those that
// were cut off among them.
func TestNestedUndoWhenTimeIsUp(t *testing.T) {
	texts := map[string]string{
		"parent.hcl": "runbook \"parent\" {\n on_failure = \"stop\"\n timeout = \"100ms\"\n}\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\n",
		"child.hcl": `
runbook "child" {}
provider "fake" {}
step "fake_write" "one" {
  id = "one"
  undo "fake_write" { id = "one back" }
}
step "fake_read" "hang" {
  id         = "hang"
  depends_on = [step.one]
}
`,
	}
	fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
		if id == "hang" {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}}
	out := enginetest.RunFile(t, fake, files(t, texts), enginetest.Options{AutoApprove: true})
	if out.Result == nil || out.Result.ExitStatus != 1 || fake.Calls("one back") != 1 {
		t.Fatalf("%+v %v %q\n%s", out.Result, out.Diags, fake.Log(), out.Stream)
	}
	for _, e := range out.Events {
		if e.Type == run.RunStopping && e.Step != "" && e.Step != "db" {
			t.Errorf("the runbook of step db stops as %q", e.Step)
		}
	}
}

// TestUndoOfARunbookAsAWhole: what ran it counts as not run, and so do its steps.
func TestUndoOfARunbookAsAWhole(t *testing.T) {
	texts := map[string]string{
		"parent.hcl": `
runbook "parent" {}
provider "fake" {}
step "runbook" "db" {
  source = "./child.hcl"
  undo "fake_write" { id = "db back" }
}
`,
		"child.hcl": "runbook \"child\" {}\nprovider \"fake\" {}\nstep \"fake_write\" \"one\" { id = \"one\" }\n",
	}
	fake, opts := &enginetest.Fake{}, enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	id := enginetest.RunFile(t, fake, files(t, texts), opts).Result.RunID
	for _, out := range []enginetest.Outcome{enginetest.Undo(t, fake, id, opts, "db"), enginetest.Resume(t, fake, id, opts)} {
		if out.Result == nil || out.Diags.HasErrors() || out.Result.ExitStatus != 0 {
			t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
		}
	}
	if diff := cmp.Diff([]string{"one", "db back", "one"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}
