package engine_test

import (
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestKeyThatForEachLost: an instance whose value came from outside the run, was not kept, as older versions did not, and is not there any
// more, says so, in a step and in its undo.
func TestKeyThatForEachLost(t *testing.T) {
	t.Parallel()
	const text = `
provider "fake" {}
step "fake_write" "each" {
  for_each = { for h in split(",", env("HOSTS")) : h => h }
  id       = "each ${each.value}"
  undo "fake_write" { id = "back ${each.value}" }
}
`
	const why = `needs each.value, and for_each gives no key "b" any more: a file or a variable of the environment that it reads has changed since`
	mended := false
	fake, j := fails("each b", &mended), enginetest.Store(t)
	out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j, AutoApprove: true, Env: map[string]string{"HOSTS": "a,b"}})
	id := out.Events[0].Run
	j = enginetest.Retell(t, j, id, func(e *run.Event) { e.Each, e.EachType = nil, nil })
	mended = true
	out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, Env: map[string]string{"HOSTS": "a"}})
	if got := out.Finished()[`each["b"]`]; got.Outcome != run.Error || !strings.Contains(got.Error, why) {
		t.Errorf("%+v\n%s", got, out.Stream)
	}
	if out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, Env: map[string]string{"HOSTS": "a,b"}}); out.Result == nil || out.Result.ExitStatus != 0 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	j = enginetest.Retell(t, j, id, func(e *run.Event) { e.UndoWith = nil })
	out = enginetest.Undo(t, fake, id, enginetest.Options{Journal: j, Env: map[string]string{"HOSTS": "a"}}, `each["b"]`)
	if last := out.Events[len(out.Events)-2]; last.Type != run.UndoFinished || !strings.Contains(last.Error, why) {
		t.Errorf("%+v\n%s", last, out.Stream)
	}
}
