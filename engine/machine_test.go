package engine_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// onMachines writes and looks on the machine that runs the steps.
const onMachines = `
step "fake_read" "look" { id = "look" }
step "fake_write" "w" {
  id         = "w"
  at         = "/etc/x"
  depends_on = [step.look]
  undo "fake_write" {
    id = "back"
    at = "/etc/x"
  }
}
step "fake_write" "later" {
  id         = "later"
  depends_on = [step.w]
}
`

// brokenOn is a run on machine one that failed at a step.
func brokenOn(t *testing.T, step string) (*enginetest.Fake, journal.Journal, string) {
	t.Helper()
	mended := false
	fake, j := fails(step, &mended), enginetest.Store(t)
	fake.Machine = "one"
	out := enginetest.Run(t, fake, onMachines, enginetest.Options{Journal: j, AutoApprove: true})
	if out.Result == nil || out.Result.ExitStatus == 0 {
		t.Fatalf("%+v %v", out.Result, out.Diags)
	}
	for _, e := range out.Events {
		if e.Header != nil && len(e.Targets)+len(e.Places) > 0 {
			t.Errorf("a session is held to its machine: %+v", e.Targets)
		}
	}
	mended = true
	return fake, j, out.Result.RunID
}

// TestAnotherMachine: a run goes on on another machine as long as it has done nothing on the first; then it does so on purpose alone,
// and what ended well is not repeated for that.
func TestAnotherMachine(t *testing.T) {
	t.Parallel()
	opts := func(j journal.Journal) enginetest.Options { return enginetest.Options{Journal: j, AutoApprove: true} }
	fake, j, id := brokenOn(t, "look")
	fake.Machine = "two"
	enginetest.Resume(t, fake, id, opts(j)).Ends(t, 0)

	fake, j, id = brokenOn(t, "later")
	fake.Machine = "two"
	did := fake.Log()
	refusedElsewhere(t, fake, j, id, "belongs to the first: step later.")
	if diff := cmp.Diff(did, fake.Log()); diff != "" {
		t.Error(diff)
	}
	changed := opts(j)
	changed.WithChanges = true
	enginetest.Resume(t, fake, id, changed).Ends(t, 0)
	if diff := cmp.Diff(append(did, "later"), fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestUndoOnAnotherMachine: what was done on a machine is taken back there alone, and the words to do it by hand name it.
func TestUndoOnAnotherMachine(t *testing.T) {
	t.Parallel()
	fake, j, id := brokenOn(t, "later")
	opts := enginetest.Options{Journal: j, AutoApprove: true}
	fake.Machine = "two"
	out := enginetest.Undo(t, fake, id, opts)
	out.Ends(t, 4)
	if fake.Calls("back") != 0 || !strings.Contains(out.Stream, "fake was one then, and is two now") ||
		!strings.Contains(out.Stream, `fake_write on one with id = \"back\", at = \"/etc/x\"`) {
		t.Errorf("%q\n%s", fake.Log(), out.Stream)
	}
	fake.Machine = "one"
	if out = enginetest.Undo(t, fake, id, opts); fake.Calls("back") != 1 {
		t.Errorf("%q\n%s", fake.Log(), out.Stream)
	}
}

// TestDoubtOnAnotherMachine: another machine knows nothing of what became of a write.
func TestDoubtOnAnotherMachine(t *testing.T) {
	t.Parallel()
	_, whole, id := brokenOn(t, "later")
	n := 0
	for entry, err := range whole.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; entry.Event.Type == run.StepStarted && entry.Event.Step == "w" {
			break
		}
	}
	for machine, want := range map[string]bool{"one": true, "two": false} {
		fake := &enginetest.Fake{Machine: machine, Inquire: func(string) (provider.State, string, error) { return provider.Done, "it is there", nil }}
		asked, told := false, false
		opts := enginetest.Options{Journal: enginetest.CutAfter(t, whole, id, n), AutoApprove: true}
		opts.WithChanges = machine == "two"
		opts.Settle = func(_ run.Doubt, found *provider.Found) run.Resolution {
			asked, told = true, found != nil && found.State == provider.Done
			return run.Resolution{Decision: run.DecisionDone, How: "flag"}
		}
		enginetest.Resume(t, fake, id, opts)
		if !asked || told != want {
			t.Errorf("machine %s: somebody was asked: %v; the system told: %v, want %v", machine, asked, told, want)
		}
	}
}

// TestOlderHistoryWithoutMachine: versions that kept no machine are compared as far as they told.
func TestOlderHistoryWithoutMachine(t *testing.T) {
	t.Parallel()
	fake, whole, id := brokenOn(t, "later")
	j := enginetest.Retell(t, whole, id, func(e *run.Event) {
		if e.Type == run.StepStarted {
			e.Provider, e.Target, e.Kept = "", "", ""
		}
		if e.UndoAt != nil {
			e.UndoAt.Target.Target = strings.TrimPrefix(e.UndoAt.Target.Target, "one, ")
		}
	})
	fake.Machine = "two"
	if out := enginetest.Undo(t, fake, id, enginetest.Options{Journal: j, AutoApprove: true}); fake.Calls("back") != 1 {
		t.Errorf("%q\n%s", fake.Log(), out.Stream)
	}
}
