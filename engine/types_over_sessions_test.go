package engine_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestTypesOverSessions: what a step gave, and what an undo refers to, is of the same type in each session: sets, lists and maps are no tuples and
// objects in a later one, which count and compare otherwise.
func TestTypesOverSessions(t *testing.T) {
	t.Parallel()
	const kid = planHead + `
step "fake_read" "r" { id = "r" }
output "set" { value = step.r.call > 0 ? toset(["b", "a"]) : toset(["x"]) }
output "list" { value = tolist(["q"]) }
output "nested" { value = { deep = [tomap({ k = tolist([1]) })], plain = [1, "x"] } }
`
	const seen = `join(" ", [for part in [step.sub.outputs.set, step.sub.outputs.list, step.sub.outputs.nested, step.sub.outputs] : type(part)])`
	const parent = planHead + `
step "runbook" "sub" { source = "./kid.hcl" }
step "fake_write" "before" {
  id = ` + seen + `
  undo "fake_write" { id = "back ${join(",", [for i, v in step.sub.outputs.set : "${i}=${v}"])} ${step.sub.outputs.list == tolist(["q"])}" }
}
step "fake_ask" "sure" {
  prompt     = "go on?"
  depends_on = [step.before]
}
step "fake_write" "after" {
  id         = ` + seen + `
  depends_on = [step.sure]
}
step "fake_write" "each" {
  for_each   = step.sub.outputs.set
  id         = each.key
  depends_on = [step.after]
}
`
	fake, opts := &enginetest.Fake{}, enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.RunFile(t, fake, files(t, map[string]string{"parent.hcl": parent, "kid.hcl": kid}), opts)
	out.Ends(t, 3)
	answer(t, opts.Journal, out, "sure", "true")
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
	enginetest.Undo(t, fake, out.Result.RunID, opts, "before").Ends(t, 0)
	log := fake.Log()
	if !strings.HasPrefix(log[1], "set(string) list(string) ") {
		t.Fatalf("%q", log)
	}
	if diff := cmp.Diff([]string{"r", log[1], log[1], "a", "b", "back a=a,b=b true"}, log); diff != "" {
		t.Error(diff)
	}
}
