package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// TestSkippedBehindAWriteInDoubt: what was skipped for how a write ended that is in doubt is decided anew once that was sent, or counts as done,
// also where the write ended in a way that a resume does not repeat by itself.
func TestSkippedBehindAWriteInDoubt(t *testing.T) {
	t.Parallel()
	const tolerated = planHead + `
step "fake_write" "w" {
  id                = "w"
  continue_on_error = true
}
step "fake_read" "r" {
  id   = "r"
  when = step.w.error == null
}
step "fake_write" "x" {
  id   = "x"
  when = step.w.error == null
}
step "fake_write" "y" {
  id         = "y"
  depends_on = [step.x]
}
`
	const skipped = planHead + `
step "fake_write" "w" {
  id   = "w"
  when = env("WHEN") != "no"
}
step "fake_write" "x" {
  id         = "x"
  depends_on = [step.w]
}
`
	redo := run.Resolution{Decision: run.DecisionRedo, How: run.HowDeclared, Why: "it is idempotent"}
	done := run.Resolution{Decision: run.DecisionDone, How: "flag", Who: "alice@ops"}
	for name, tc := range map[string]struct {
		text   string
		when   bool // it is skipped in a session between
		decide run.Resolution
		want   map[string]run.Outcome
	}{
		"tolerated, and sent again": {tolerated, false, redo, map[string]run.Outcome{"w": run.Pass, "r": run.Pass, "x": run.Pass, "y": run.Pass}},
		"tolerated, and done":       {tolerated, false, done, map[string]run.Outcome{"w": run.Warn, "r": run.Pass, "x": run.Pass, "y": run.Pass}},
		"skipped, and sent again":   {skipped, true, redo, map[string]run.Outcome{"w": run.Pass, "x": run.Pass}},
		"skipped, and done":         {skipped, true, done, map[string]run.Outcome{"w": run.Warn, "x": run.Pass}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &enginetest.Fake{Do: failsFirst("w", errLost)}
			opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, Env: map[string]string{}}
			opts.Settle = func(run.Doubt, *provider.Found) run.Resolution { return redo }
			out := enginetest.Run(t, fake, tc.text, opts)
			out.Ends(t, 4)
			if tc.when {
				opts.Env["WHEN"] = "no"
				between := enginetest.Resume(t, fake, out.Result.RunID, opts)
				between.Ends(t, 4)
				if between.Outcomes()["x"] != run.Skipped {
					t.Errorf("%v", between.Outcomes())
				}
				opts.Env = nil
			}
			opts.Settle = func(run.Doubt, *provider.Found) run.Resolution { return tc.decide }
			last := enginetest.Resume(t, fake, out.Result.RunID, opts)
			last.Ends(t, 0)
			if diff := cmp.Diff(tc.want, last.Outcomes()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
