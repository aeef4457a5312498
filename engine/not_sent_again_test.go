package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// TestAWriteThatIsNotSentAgain stays in doubt where it was to be sent again on its author's word, which nothing but sending it can bear out: its step is
// skipped by then, does not pass its precondition, is not approved, can't reach its system, or the run is given up.
func TestAWriteThatIsNotSentAgain(t *testing.T) {
	t.Parallel()
	const text = planHead + `
step "fake_write" "w" {
  id   = "w"
  when = env("WHEN") != "no"
  precondition {
    condition     = env("PRE") != "no"
    error_message = "not now"
  }
  undo "fake_write" { id = "back" }
}
`
	for name, tc := range map[string]struct {
		env, answer string
		cancel      bool
		unreachable bool
	}{
		"skipped":      {env: "WHEN"},
		"precondition": {env: "PRE"},
		"a no":         {answer: "false"},
		"given up":     {answer: "none", cancel: true},
		"unreachable":  {unreachable: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := text
			if tc.answer != "" {
				source = strings.Replace(text, "  undo", "  approval {}\n  undo", 1)
			}
			fake := &enginetest.Fake{Do: failsFirst("w", errLost)}
			opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, Env: map[string]string{}}
			out := enginetest.Run(t, fake, source, opts)
			id := out.Result.RunID
			if tc.answer != "" {
				answer(t, opts.Journal, out, "w", "true")
				out = enginetest.Resume(t, fake, id, opts)
			}
			out.Ends(t, 4)
			if tc.unreachable {
				fake.Do = func(context.Context, string, int) error { return enginetest.ErrUnreachable() }
			}
			if tc.env != "" {
				opts.Env[tc.env] = "no"
			}
			decide := func(run.Doubt, *provider.Found) run.Resolution {
				return run.Resolution{Decision: run.DecisionRedo, How: run.HowDeclared, Why: "it is idempotent"}
			}
			opts.Settle = decide
			out = enginetest.Resume(t, fake, id, opts)
			switch {
			case tc.cancel:
				out.Ends(t, 3)
				out = enginetest.Cancel(t, fake, id, opts)
			case tc.answer != "":
				out.Ends(t, 3)
				answer(t, opts.Journal, out, "w", tc.answer)
				out = enginetest.Resume(t, fake, id, opts)
			}
			if out.Result == nil || out.Result.ExitStatus != 4 {
				t.Fatalf("nothing is left to look at: %+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			want := []run.Left{{Step: "w", What: run.LeftInDoubt}}
			if diff := cmp.Diff(want, out.Events[len(out.Events)-1].Left); diff != "" {
				t.Error(diff)
			}
			// It is sent once it can be, and can be taken back.
			fake.Do, opts.Env = nil, map[string]string{}
			before := len(fake.Log())
			last := enginetest.Resume(t, fake, id, opts)
			if tc.answer != "" {
				answer(t, opts.Journal, last, "w", "true")
				last = enginetest.Resume(t, fake, id, opts)
			}
			last.Ends(t, 0)
			enginetest.Undo(t, fake, id, opts).Ends(t, 0)
			if diff := cmp.Diff([]string{"w", "back"}, fake.Log()[before:]); diff != "" {
				t.Error(diff)
			}
		})
	}
}
