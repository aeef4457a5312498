package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// TestCancelOfAPausedRun: it ends as an interrupt would end it, in all its runbooks, and can be gone on with.
func TestCancelOfAPausedRun(t *testing.T) {
	path := files(t, map[string]string{
		"parent.hcl": `
runbook "parent" {}
provider "fake" {}
step "fake_write" "cordon" {
  id = "cordon"
  undo "fake_write" {
    on = "end"
    id = "uncordon"
  }
}
step "fake_ask" "own" {
  prompt     = "And you?"
  depends_on = [step.cordon]
}
step "runbook" "db" {
  source     = "./child.hcl"
  depends_on = [step.cordon]
}
step "fake_read" "last" {
  id         = "last"
  depends_on = [step.own, step.db]
}
`,
		"child.hcl": `
runbook "child" {}
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  undo "fake_write" {
    on = "end"
    id = "change back"
  }
}
step "fake_ask" "ok" {
  prompt     = "Well?"
  depends_on = [step.change]
}
`,
	})
	fake, opts := &enginetest.Fake{}, enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.RunFile(t, fake, path, opts)
	out.Pauses(t)
	out = enginetest.Cancel(t, fake, out.Result.RunID, opts)
	if out.Result == nil || out.Result.ExitStatus != 3 || out.Events[len(out.Events)-1].Type != run.RunFinished {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	want := map[string]run.Outcome{"own": run.Cancelled, "db": run.Cancelled, "db/ok": run.Cancelled, "last": run.Cancelled}
	if diff := cmp.Diff(want, out.Outcomes()); diff != "" {
		t.Errorf("%s\n%s", diff, out.Stream)
	}
	if diff := cmp.Diff([]string{"cordon", "change", "change back", "uncordon"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
	opts.Asker = &crowd{}
	out = enginetest.Resume(t, fake, out.Result.RunID, opts)
	if out.Result == nil || out.Result.ExitStatus != 0 || fake.Calls("cordon") != 2 || fake.Calls("change back") != 2 {
		t.Fatalf("%+v %v %q\n%s", out.Result, out.Diags, fake.Log(), out.Stream)
	}
}

// TestCancelFromEveryEvent gives a run up that broke off after each event, and resumes it after that: nothing starts but undos,
// a write in doubt stays that, and in the end the run passes.
func TestCancelFromEveryEvent(t *testing.T) {
	t.Parallel()
	path, whole := files(t, everything), enginetest.Store(t)
	opts := enginetest.Options{
		Journal: whole, Asker: &crowd{}, AutoApprove: true, Seal: plain, Unseal: opened,
		Settle: func(run.Doubt, *provider.Found) run.Resolution {
			return run.Resolution{Decision: run.DecisionRedo, How: "asked", Who: "alice@ops"}
		},
	}
	out := enginetest.RunFile(t, flaky(), path, opts)
	out.Ends(t, 0)
	id := out.Result.RunID
	for cut := 1; cut < len(out.Events); cut++ {
		opts.Journal = enginetest.CutAfter(t, whole, id, cut)
		got := enginetest.Cancel(t, flaky(), id, opts)
		status := 3
		switch {
		case doubtful(out.Events[:cut]):
			status = 4
		case got.Result != nil && got.Result.Outcome == run.Pass:
			status = 0 // only undos were left
		}
		if got.Result == nil || got.Result.ExitStatus != status || got.Events[len(got.Events)-1].Type != run.RunFinished {
			t.Fatalf("cut after %d (%s): %+v %v\n%s", cut, out.Events[cut-1].Type, got.Result, got.Diags, got.Stream)
		}
		if slices.ContainsFunc(got.Events, func(e run.Event) bool { return e.Type == run.StepStarted }) {
			t.Errorf("cut after %d: something starts\n%s", cut, got.Stream)
		}
		more := enginetest.Resume(t, flaky(), id, opts)
		if more.Result == nil || more.Result.ExitStatus != 0 {
			t.Fatalf("cut after %d (%s): %+v %v\n%s\nafter\n%s", cut, out.Events[cut-1].Type, more.Result, more.Diags, more.Stream, got.Stream)
		}
		sentOnce(t, slices.Concat(out.Events[:cut], got.Events, more.Events))
	}
}

// doubtful reports whether a write, or an undo, was under way at the end.
func doubtful(events []run.Event) bool {
	under := map[string]bool{}
	for _, e := range events {
		switch e.Type {
		case run.StepStarted:
			under[e.Step] = e.Effect == "write" && e.Action != "runbook"
		case run.StepFinished:
			delete(under, e.Step)
		case run.UndoStarted:
			under["undo "+e.Step] = true
		case run.UndoFinished:
			delete(under, "undo "+e.Step)
		}
	}
	for _, u := range under {
		if u {
			return true
		}
	}
	return false
}

// TestCancelTakesBackWhatAFailureWould gives a run up that broke off at any event, also while it took back what a failure
// left: that goes on, and before that what is due at every end is taken back.
func TestCancelTakesBackWhatAFailureWould(t *testing.T) {
	t.Parallel()
	path, whole := files(t, deep), enginetest.Store(t)
	out := enginetest.RunFile(t, breaks("break"), path, enginetest.Options{Journal: whole, AutoApprove: true})
	failed := slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.StepFinished && e.Step == "break" })
	id := out.Result.RunID
	for cut := 1; cut < len(out.Events); cut++ {
		opts := enginetest.Options{Journal: enginetest.CutAfter(t, whole, id, cut), AutoApprove: true}
		got := enginetest.Cancel(t, &enginetest.Fake{}, id, opts)
		doubt := doubtful(out.Events[:cut])
		if got.Result == nil || (got.Result.ExitStatus == 4) != doubt || got.Result.ExitStatus < 3 {
			t.Fatalf("cut after %d (%s): %+v %v\n%s", cut, out.Events[cut-1].Type, got.Result, got.Diags, got.Stream)
		}
		events := slices.Concat(out.Events[:cut], got.Events)
		if cut > failed && !doubt {
			allTakenBack(t, events)
		}
		takenBackAtEnd(t, events, doubt)
		more := enginetest.Resume(t, &enginetest.Fake{}, id, opts)
		if more.Result == nil || more.Result.ExitStatus != 0 {
			t.Fatalf("cut after %d (%s): %+v %v\n%s\nafter\n%s", cut, out.Events[cut-1].Type, more.Result, more.Diags, more.Stream, got.Stream)
		}
		sentOnce(t, slices.Concat(events, more.Events))
	}
}

// takenBackAtEnd checks that what is to be undone at every end is, but for what is in doubt.
func takenBackAtEnd(t *testing.T, events []run.Event, doubt bool) {
	t.Helper()
	left := 0
	for _, e := range events {
		switch {
		case e.Type == run.StepFinished && strings.HasSuffix(e.Step, "/end") && e.Result != nil:
			left++
		case e.Type == run.UndoFinished && strings.HasSuffix(e.Step, "/end") && e.Outcome == run.Pass:
			left--
		}
	}
	if left > 0 && !doubt || left > 1 {
		t.Errorf("%d undos at the end did not run", left)
	}
}

// TestCancelBeforeWhatFollows: a run is given up that broke off before it told what follows from a failure.
func TestCancelBeforeWhatFollows(t *testing.T) {
	whole := enginetest.Store(t)
	opts := enginetest.Options{Journal: whole, AutoApprove: true}
	refused := func(context.Context, string, int) error { return enginetest.ErrUnreachable() }
	out := enginetest.Run(t, &enginetest.Fake{Do: refused}, `
provider "fake" {}
step "fake_write" "fails" { id = "fails" }
step "fake_read" "then" {
  id         = "then"
  depends_on = [step.fails]
}
`, opts)
	cut := slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.StepFinished && e.Step == "fails" })
	opts.Journal = enginetest.CutAfter(t, whole, out.Result.RunID, cut+1)
	out = enginetest.Cancel(t, &enginetest.Fake{}, out.Result.RunID, opts)
	out.Ends(t, 3)
	if diff := cmp.Diff(map[string]run.Outcome{"then": run.Blocked}, out.Outcomes()); diff != "" {
		t.Error(diff)
	}
}
