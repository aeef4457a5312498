package engine_test

import (
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const (
	anewBefore = `
step "fake_write" "before" {
  id = "before"
  undo "fake_write" { id = "back" }
}
`
	anewAsk = `
step "fake_ask" "ok" {
  prompt     = "Go on?"
  depends_on = [step.before]
}
step "fake_write" "go" {
  id         = "go"
  depends_on = [step.ok]
}
`
	anewApproval = `
step "fake_write" "go" {
  id         = "go"
  depends_on = [step.before]
  approval {}
}
`
	anewWithin = `
step "runbook" "in" {
  source     = "./child.hcl"
  depends_on = [step.before]
}
`
	anewChild = `
step "fake_ask" "ok" { prompt = "Go on?" }
step "fake_write" "go" {
  id         = "go"
  depends_on = [step.ok]
}
`
)

// TestAnsweredBeforeItRanAgain: an answer that was kept while the run was paused does not count where what comes before the step is
// done again, as it changed or was undone, or where the run was cancelled since. That is told once, and the step asks again.
func TestAnsweredBeforeItRanAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ parent, child, asks string }{
		"confirmation": {anewBefore + anewAsk, "", "ok"},
		"approval":     {anewBefore + anewApproval, "", "go"},
		"within":       {anewBefore + anewWithin, anewChild, "in/ok"},
	} {
		for _, since := range []string{"changed", "undone", "cancelled"} {
			t.Run(name+", "+since, func(t *testing.T) {
				t.Parallel()
				parent := planHead + c.parent
				path := family(t, parent, planHead+c.child)
				fake := &enginetest.Fake{}
				opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
				out := enginetest.RunFile(t, fake, path, opts)
				out.Pauses(t)
				id := out.Result.RunID
				answer(t, opts.Journal, out, c.asks, "true")
				switch since {
				case "changed":
					enginetest.Rewrite(t, path, strings.Replace(parent, `id = "before"`, `id = "before now"`, 1))
				case "undone":
					enginetest.Undo(t, fake, id, opts, "before").Pauses(t)
				case "cancelled":
					enginetest.Cancel(t, fake, id, opts)
				}
				out = enginetest.Resume(t, fake, id, opts)
				out.Pauses(t)
				told := refusals(out)
				if fake.Calls("go") != 0 || len(told) != 1 || told[0].Answer.By != "bob@ops" || !strings.Contains(told[0].Error, "since") {
					t.Fatalf("told %+v, log %v\n%s", told, fake.Log(), out.Stream)
				}
				answer(t, opts.Journal, out, c.asks, "true")
				last := enginetest.Resume(t, fake, id, opts)
				last.Ends(t, 0)
				if fake.Calls("go") != 1 || len(refusals(last)) != 0 {
					t.Errorf("log %v\n%s", fake.Log(), last.Stream)
				}
			})
		}
	}
}

// TestApprovedBeforeItRanAgain: a yes that was taken in counts no more for a step that did not start yet, once what comes before it is done
// again. The question says so.
func TestApprovedBeforeItRanAgain(t *testing.T) {
	t.Parallel()
	parent := planHead + anewBefore + anewApproval
	path := family(t, parent, planHead)
	fake := &enginetest.Fake{}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
	out := enginetest.RunFile(t, fake, path, opts)
	out.Pauses(t)
	id := out.Result.RunID
	answer(t, opts.Journal, out, "go", "true")
	opts.Journal = cutAfterAnswer(t, fake, id, opts)
	fake = &enginetest.Fake{}
	enginetest.Rewrite(t, path, strings.Replace(parent, `id = "before"`, `id = "before now"`, 1))
	out = enginetest.Resume(t, fake, id, opts)
	out.Pauses(t)
	if again := asked(t, out, "go").Again; fake.Calls("go") != 0 || again == nil || again.Why != run.AgainBefore || again.By != "bob@ops" {
		t.Errorf("%+v, log %v\n%s", again, fake.Log(), out.Stream)
	}
}
