package engine_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const foundAtRunTime = `
provider "fake" {}
step "fake_read" "found" { id = "found" }
step "fake_write" "each" {
  for_each = { for n in ["a", "b"] : "${n}${step.found.call}" => n }
  when     = each.value != "b"
  id       = each.key
  value    = { says = each.value, token = sensitive(upper("hush-hush")) }
}
`

// TestWritesFoundAtRunTimeAreShown with what each would be carried out with, and not what is sensitive in it. The yes counts in
// the next session too.
func TestWritesFoundAtRunTimeAreShown(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, foundAtRunTime, enginetest.Options{Journal: j, Seal: plain, Unseal: opened})
	out.Pauses(t)
	var q *run.Question
	for _, e := range out.Events {
		if e.Question != nil {
			q = e.Question
		}
	}
	want := []run.ListedWrite{
		{Key: "a1", Arguments: []run.ArgumentValue{{Name: "id", Value: `"a1"`}, {Name: "value", Value: `{"says":"a","token":"(sensitive)"}`}}},
		{Key: "b1", Note: `it will be skipped: when is false: each.value != "b"`},
	}
	if diff := cmp.Diff(want, q.Writes); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(out.Stream, "HUSH-HUSH") {
		t.Error("the question tells the secret")
	}
	answer(t, j, out, "each", "true")
	last := enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Seal: plain, Unseal: opened})
	if last.Result == nil || last.Result.ExitStatus != 0 || fake.Calls("a1") != 1 || fake.Calls("b1") != 0 {
		t.Fatalf("%+v %v\n%s", last.Result, last.Diags, last.Stream)
	}
}

// TestNoToWritesFoundAtRunTime carries none of them out.
func TestNoToWritesFoundAtRunTime(t *testing.T) {
	for _, yes := range []bool{true, false} {
		fake, a := &enginetest.Fake{}, &asker{yes: yes}
		out := enginetest.Run(t, fake, foundAtRunTime, enginetest.Options{Asker: a})
		if out.Result == nil || len(a.asked) != 1 || fake.Calls("a1") != map[bool]int{true: 1}[yes] {
			t.Errorf("yes = %v: asked %d times, %v\n%s", yes, len(a.asked), out.Diags, out.Stream)
		}
	}
}

// TestAKeptNoHoldsOverAutoApprove: what somebody has denied is not approved beforehand. Only once the run has failed on it, and goes on
// again, is it nobody's decision any more.
func TestAKeptNoHoldsOverAutoApprove(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, foundAtRunTime, enginetest.Options{Journal: j})
	out.Pauses(t)
	answer(t, j, out, "each", "false")
	denied := enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, AutoApprove: true})
	if denied.Result == nil || denied.Result.Outcome != run.Fail || fake.Calls("a1") != 0 || !strings.Contains(denied.Stream, "said no") {
		t.Fatalf("%+v %v\n%s", denied.Result, denied.Diags, denied.Stream)
	}
	last := enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, AutoApprove: true})
	if last.Result == nil || last.Result.ExitStatus != 0 || fake.Calls("a1") != 1 {
		t.Fatalf("%+v %v\n%s", last.Result, last.Diags, last.Stream)
	}
}
