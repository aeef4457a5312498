package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// attached is a runbook in which much depends on a step that is undone when the last one fails.
var attached = map[string]string{
	"parent.hcl": `
runbook "parent" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "create" {
  id = "create"
  undo "fake_write" { id = "back ${self.call}" }
}
step "fake_write" "beside" { id = "beside" }
step "fake_write" "attach" { id = "attach ${step.create.call}" }
step "fake_write" "each" {
  for_each   = { for i in step.create.items : i.name => step.create.call }
  id         = "each ${each.key} ${each.value}"
  depends_on = [step.attach]
}
step "fake_read" "verify" {
  id         = "verify"
  depends_on = [step.attach]
}
step "runbook" "db" {
  source     = "./child.hcl"
  variables  = { of = step.create.call }
  depends_on = [step.each, step.verify]
}
step "fake_read" "gate" {
  id         = "gate"
  depends_on = [step.db]
}
step "fake_write" "page" {
  run_if     = "failure"
  id         = "page"
  depends_on = [step.gate]
}
`,
	"child.hcl": `
runbook "child" {}
provider "fake" {}
variable "of" {}
step "fake_read" "look" { id = "look ${var.of}" }
step "fake_write" "fill" { id = "fill ${var.of} ${step.look.call}" }
`,
}

// TestWhatDependsOnAnUndoneStep belongs to what is not there any more: it runs again, through other steps, instances and runbooks
// too. What a handler of failures did stays, and so does what does not depend on it.
func TestWhatDependsOnAnUndoneStep(t *testing.T) {
	t.Parallel()
	mended := false
	fake, j := fails("gate", &mended), enginetest.Store(t)
	opts := enginetest.Options{Journal: j, AutoApprove: true}
	out := enginetest.RunFile(t, fake, files(t, attached), opts)
	out.Ends(t, 1)
	before := fake.Log()
	mended = true
	out = enginetest.Resume(t, fake, out.Result.RunID, opts)
	out.Ends(t, 0)
	got := fake.Log()[len(before):]
	slices.Sort(got)
	want := []string{"attach 2", "create", "each a 2", "each b 2", "fill 2 1", "gate", "look 2", "verify"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\n%s", diff, out.Stream)
	}
	told := strings.Join(out.Events[0].Repeats, "\n")
	for _, text := range []string{"runs again, as create was undone: attach, each, verify, db", "step attach was carried out at", "step each was", "step db/fill was"} {
		if !strings.Contains(told, text) {
			t.Errorf("%q is not told:\n%s", text, told)
		}
	}
	for _, text := range []string{"beside", "page", "step create", "step db "} {
		if strings.Contains(told, text) {
			t.Errorf("%q is told:\n%s", text, told)
		}
	}
}

// TestWhatDependsOnAStepUndoneWithin a runbook that a step runs: in that runbook, and behind the step.
func TestWhatDependsOnAStepUndoneWithin(t *testing.T) {
	t.Parallel()
	path := files(t, map[string]string{
		"parent.hcl": `
runbook "parent" {}
provider "fake" {}
step "runbook" "db" {
  for_each  = toset(["a", "b"])
  source    = "./child.hcl"
  variables = { of = each.key }
}
step "fake_read" "look" {
  id         = "look"
  depends_on = [step.db]
}
step "fake_write" "use" {
  for_each   = toset(["x", "y"])
  id         = "use ${each.key}"
  depends_on = [step.look]
}
`,
		"child.hcl": `
runbook "child" {}
provider "fake" {}
variable "of" {}
step "fake_write" "create" {
  id = "create ${var.of}"
  undo "fake_write" { id = "back ${var.of}" }
}
step "fake_write" "fill" {
  id         = "fill ${var.of}"
  depends_on = [step.create]
}
step "fake_write" "beside" { id = "beside ${var.of}" }
`,
	})
	fake, opts := &enginetest.Fake{}, enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	id := enginetest.RunFile(t, fake, path, opts).Result.RunID
	before := len(fake.Log())
	enginetest.Undo(t, fake, id, opts, `db["b"]/create`)
	out := enginetest.Resume(t, fake, id, opts)
	out.Ends(t, 0)
	if diff := cmp.Diff([]string{"back b", "create b", "fill b", "look", "use x", "use y"}, fake.Log()[before:]); diff != "" {
		t.Errorf("%s\n%s", diff, out.Stream)
	}
	want := []string{"runs again, as steps of db were undone: look, use", `runs again, as db["b"]/create was undone: db["b"]/fill`}
	if diff := cmp.Diff(want, out.Events[0].Repeats[:2]); diff != "" {
		t.Error(diff)
	}
}

// TestDoubtBehindAnUndoneStep: the instance of a write that counts as done is not sent again, the others of its step are.
func TestDoubtBehindAnUndoneStep(t *testing.T) {
	t.Parallel()
	const text = `
provider "fake" {}
step "fake_write" "create" {
  id = "create"
  undo "fake_write" { id = "back" }
}
step "fake_write" "each" {
  for_each   = toset(["a", "b", "c"])
  id         = "each ${each.key}"
  depends_on = [step.create]
}
`
	whole := enginetest.Store(t)
	opts := enginetest.Options{Journal: whole, AutoApprove: true}
	out := enginetest.Run(t, &enginetest.Fake{}, text, opts)
	id := out.Result.RunID
	cut := slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.StepStarted && e.Step == `each["b"]` })
	opts.Journal = enginetest.CutAfter(t, whole, id, cut+1)
	opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
		return run.Resolution{Decision: run.DecisionDone, How: "flag", Who: "ann", Why: "seen"}
	}
	fake := &enginetest.Fake{}
	enginetest.Undo(t, fake, id, opts, "create")
	out = enginetest.Resume(t, fake, id, opts)
	out.Ends(t, 0)
	if diff := cmp.Diff([]string{"back", "create", "each a", "each c"}, fake.Log()); diff != "" {
		t.Errorf("%s\n%s", diff, out.Stream)
	}
}

// TestWhatRanForAFailure: once the step that failed runs again, what looked at it looks again, and a handler that only looked has
// nothing to do any more. What changed something stays, and nothing is told twice.
func TestWhatRanForAFailure(t *testing.T) {
	t.Parallel()
	const text = `
provider "fake" {}
step "fake_read" "a" { id = "a" }
step "fake_read" "why" {
  run_if     = "failure"
  depends_on = [step.a]
  id         = "why"
}
step "fake_read" "report" {
  run_if   = "always"
  for_each = { state = step.a.outcome }
  id       = "report ${each.value}"
}
step "fake_write" "page" {
  run_if     = "failure"
  depends_on = [step.a]
  id         = "page"
}
step "fake_write" "tell" {
  run_if = "always"
  id     = "tell ${step.a.outcome}"
}
step "fake_read" "told" {
  run_if     = "always"
  depends_on = [step.tell]
  id         = "told"
}
`
	mended := false
	fake, j := fails("a", &mended), enginetest.Store(t)
	opts := enginetest.Options{Journal: j, AutoApprove: true}
	out := enginetest.Run(t, fake, text, opts)
	out.Ends(t, 1)
	before := len(fake.Log())
	mended = true
	out = enginetest.Resume(t, fake, out.Result.RunID, opts)
	out.Ends(t, 0)
	if diff := cmp.Diff([]string{"a", "report pass"}, fake.Log()[before:]); diff != "" {
		t.Errorf("%s\n%s", diff, out.Stream)
	}
	if got := out.Outcomes()["why"]; got != run.Skipped {
		t.Errorf("why ended as %q", got)
	}
	if len(out.Events[0].Repeats) > 0 {
		t.Errorf("%q", out.Events[0].Repeats)
	}
}
