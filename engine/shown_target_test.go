package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestTheTargetOfAStepThatNamesItsOwn: a plan and a question name the place in the system that the step's own argument says, not the
// configuration's.
func TestTheTargetOfAStepThatNamesItsOwn(t *testing.T) {
	const text = `
provider "fake" { within = "pool" }
step "fake_write" "own" {
  id = "own"
  at = "other"
  approval {}
  undo "fake_write" {
    id = "back"
    at = "other"
  }
}
step "fake_write" "usual" {
  id = "usual"
  approval {}
}
`
	fake := &enginetest.Fake{}
	e := enginetest.New(fake, nil)
	rb, diags := e.Load(enginetest.Write(t, text))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	plan, diags := e.Plan(t.Context(), rb, engine.PlanOptions{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	planned := map[string]string{}
	for _, s := range plan.Steps {
		if planned[s.Name] = s.Target; s.Undo != nil {
			planned["undo "+s.Name] = s.Undo.Target
		}
	}
	want := map[string]string{"own": "fake://, at other", "undo own": "fake://, at other", "usual": "fake:///pool"}
	if diff := cmp.Diff(want, planned); diff != "" {
		t.Errorf("plan: %s", diff)
	}
	asked := map[string]string{}
	out := enginetest.Run(t, fake, text, enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true})
	for _, event := range out.Events {
		if q := event.Question; q != nil {
			if asked[event.Step] = q.Target; q.Undo != nil {
				asked["undo "+event.Step] = q.Undo.Target
			}
		}
	}
	delete(want, "usual") // whose turn comes behind the other's
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked: %s", diff)
	}
}
