package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// TestAWriteWithinWhatIsOver is sent again where somebody decides that, though the step that runs its runbook ended well: it tolerates the doubt.
func TestAWriteWithinWhatIsOver(t *testing.T) {
	t.Parallel()
	const kid = planHead + `
step "fake_write" "w" {
  id = "w"
  undo "fake_write" { id = "back" }
}
`
	const parent = planHead + `
step "runbook" "sub" {
  source            = "./kid.hcl"
  continue_on_error = true
}
`
	fake := &enginetest.Fake{Do: failsFirst("w", errLost)}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.RunFile(t, fake, files(t, map[string]string{"parent.hcl": parent, "kid.hcl": kid}), opts)
	out.Ends(t, 4)
	opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
		return run.Resolution{Decision: run.DecisionRedo, How: "flag", Who: "ann"}
	}
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
	enginetest.Undo(t, fake, out.Result.RunID, opts).Ends(t, 0)
	if diff := cmp.Diff([]string{"w", "w", "back"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestADeclaredWriteAmongListedOnes stays in doubt where what is left of them is asked about once more, and denied.
func TestADeclaredWriteAmongListedOnes(t *testing.T) {
	t.Parallel()
	const text = planHead + `
step "fake_read" "found" { id = "found" }
step "fake_write" "each" {
  for_each = toset([for i in range(step.found.call + 1) : "k${i}"])
  id       = "go ${each.key}"
  value    = env("OPEN")
  undo "fake_write" { id = "back ${each.key}" }
}
`
	fake := &enginetest.Fake{Do: failsFirst("go k1", errLost)}
	opts := enginetest.Options{Journal: enginetest.Store(t), Env: map[string]string{"OPEN": "one"}}
	out := enginetest.Run(t, fake, text, opts)
	out.Ends(t, 3)
	id := out.Result.RunID
	answer(t, opts.Journal, out, "each", "true")
	enginetest.Resume(t, fake, id, opts).Ends(t, 4)
	opts.Env["OPEN"] = "two"
	opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
		return run.Resolution{Decision: run.DecisionRedo, How: run.HowDeclared}
	}
	asks := enginetest.Resume(t, fake, id, opts)
	asks.Ends(t, 3)
	answer(t, opts.Journal, asks, "each", "false")
	last := enginetest.Resume(t, fake, id, opts)
	last.Ends(t, 4)
	if diff := cmp.Diff([]run.Left{{Step: `each["k1"]`, What: run.LeftInDoubt}}, last.Events[len(last.Events)-1].Left); diff != "" {
		t.Error(diff)
	}
}
