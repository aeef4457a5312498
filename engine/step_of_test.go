package engine_test

import (
	"context"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
)

// TestProvidersKnowTheStep: a provider can tell which step it works for, in a step's runbook and in an undo too.
func TestProvidersKnowTheStep(t *testing.T) {
	var mu sync.Mutex
	got := map[string]string{}
	fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
		mu.Lock()
		defer mu.Unlock()
		got[id] = provider.StepOf(ctx)
		return nil
	}}
	out := enginetest.RunFile(t, fake, files(t, map[string]string{
		"parent.hcl": `runbook "parent" {}
provider "fake" {}
step "runbook" "db" { source = "./child.hcl" }
step "fake_write" "each" {
  for_each = toset(["eu"])
  id       = "each"
  undo "fake_write" {
    on = "end"
    id = "back"
  }
}
`,
		"child.hcl": "runbook \"child\" {}\nstep \"fake_read\" \"look\" { id = \"look\" }\n",
	}), enginetest.Options{AutoApprove: true})
	if out.Result == nil || out.Result.ExitStatus != 0 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	want := map[string]string{"look": "db/look", "each": `each["eu"]`, "back": `each["eu"]`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
