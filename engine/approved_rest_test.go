package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const (
	restParent = `
step "runbook" "in" {
  source = "child.hcl"
  approval {}
}
`
	restChild = `
step "fake_write" "one" {
  id = "one"
  undo "fake_write" { id = "back" }
}
step "fake_write" "each" {
  for_each   = toset(["a", "b"])
  id         = "each ${each.key}"
  depends_on = [step.one]
}
step "fake_write" "last" {
  id         = "last"
  depends_on = [step.each]
}
`
)

// approvedInPart is a run whose runbook within was approved, and failed after a part of it took place. It gives the session that asks for the
// rest.
func approvedInPart(t *testing.T) (fake *enginetest.Fake, opts enginetest.Options, id string, again enginetest.Outcome) {
	t.Helper()
	broken := true
	fake = &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		if broken && id == "each b" {
			return enginetest.ErrUnreachable()
		}
		return nil
	}}
	opts = enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.RunFile(t, fake, family(t, planHead+restParent, planHead+restChild), opts)
	out.Pauses(t)
	answer(t, opts.Journal, out, "in", "true")
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 1)
	broken = false
	again = enginetest.Resume(t, fake, out.Result.RunID, opts)
	again.Pauses(t)
	return fake, opts, out.Result.RunID, again
}

// notes are what a question says of its writes, by their keys.
func notes(q *run.Question) map[string]string {
	out := map[string]string{}
	for _, w := range q.Writes {
		out[w.Key] = w.Done
	}
	return out
}

// TestApprovalOfTheRest: who is asked once more about a runbook of which a part took place reads why, and what is not repeated.
func TestApprovalOfTheRest(t *testing.T) {
	t.Parallel()
	fake, opts, id, again := approvedInPart(t)
	q := asked(t, again, "in")
	if q.Again == nil || q.Again.Why != run.AgainRest {
		t.Errorf("asked again as %+v", q.Again)
	}
	done := notes(q)
	if !strings.HasPrefix(done["one"], "done at 2") || !strings.HasPrefix(done["each"], "a: done at 2") || done["last"] != "" {
		t.Errorf("done is %q", done)
	}
	answer(t, opts.Journal, again, "in", "true")
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)
	if fake.Calls("one") != 1 || fake.Calls("each a") != 1 || fake.Calls("last") != 1 {
		t.Errorf("log %v", fake.Log())
	}
}

// TestApprovalOfWhatWasUndone: a yes to the rest does not count once that which is said to be done was taken back.
func TestApprovalOfWhatWasUndone(t *testing.T) {
	t.Parallel()
	fake, opts, id, again := approvedInPart(t)
	answer(t, opts.Journal, again, "in", "true")
	undone := enginetest.Undo(t, fake, id, opts, "in/one")
	undone.Pauses(t)
	if last := undone.Events[len(undone.Events)-1]; !slices.Equal(last.AskedAgain, []string{"in"}) {
		t.Errorf("asked again: %v\n%s", last.AskedAgain, undone.Stream)
	}
	next := enginetest.Resume(t, fake, id, opts)
	next.Pauses(t)
	told := refusals(next)
	if len(told) != 1 || told[0].Error != "a part of what it is for was undone since, and is done again" {
		t.Errorf("told %+v\n%s", told, next.Stream)
	}
	if done := notes(asked(t, next, "in")); done["one"] != "" {
		t.Errorf("done is %q", done)
	}
	answer(t, opts.Journal, next, "in", "true")
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)
	if fake.Calls("one") != 2 || fake.Calls("last") != 1 {
		t.Errorf("log %v", fake.Log())
	}
}
