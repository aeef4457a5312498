package engine_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
)

// refusedElsewhere looks whether machine two refuses to go on with a run that began on one, and whether that leaves everything as it is.
func refusedElsewhere(t *testing.T, fake *enginetest.Fake, j journal.Journal, id string, wants ...string) {
	t.Helper()
	fake.Machine = "two"
	did, locks := fake.Log(), heldNow(t, j)
	out := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, AutoApprove: true, Answers: answersOf(t, j, id)})
	if out.Result != nil {
		t.Fatalf("the run went on: %v\n%s", fake.Log(), out.Stream)
	}
	for _, want := range append(wants, "another machine", "fake was one, and is two now", "Resume it on one", "--with-changes") {
		if got := out.Diags.Error(); !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if diff := cmp.Diff(did, fake.Log()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(locks, heldNow(t, j)); diff != "" {
		t.Error(diff)
	}
}

// answersOf answers what a run waits for.
func answersOf(t *testing.T, j journal.Journal, id string) map[string]string {
	t.Helper()
	answers := map[string]string{}
	for entry, err := range j.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		if entry.Event.Question != nil {
			answers[entry.Event.Step] = "yes"
		}
	}
	return answers
}

// far is a system that all machines reach; maintained is a run that waits for a person amid steps there and on its machine.
const (
	far = `
provider "fake" {
  alias = "far"
  name  = "far"
}
`
	maintained = `
runbook "maintained" {
  on_failure = "FAILURE"
  lock       = "rack"
}
` + far + `
step "fake_write" "drain" {
  provider = provider.fake.far
  id       = "drain"
  undo "fake_write" {
    provider = provider.fake.far
    id       = "fill"
  }
}
step "fake_write" "snap" {
  id         = "snap"
  depends_on = [step.drain]
  UNDO
}
step "fake_ask" "disk" {
  provider   = provider.fake.far
  prompt     = "Replaced?"
  depends_on = [step.snap]
}
step "fake_write" "last" {
  provider   = provider.fake.far
  id         = "last"
  depends_on = [step.disk]
}
`
)

// pausedOn is a run of a file on machine one that waits for a person.
func pausedOn(t *testing.T, text, failure, undo string) (fake *enginetest.Fake, file string, j journal.Journal, id string) {
	t.Helper()
	fake, j = &enginetest.Fake{Machine: "one"}, enginetest.Store(t)
	file = enginetest.Write(t, strings.NewReplacer("FAILURE", failure, "UNDO", undo).Replace(text))
	enginetest.Rewrite(t, filepath.Join(filepath.Dir(file), "child.hcl"), "runbook \"child\" {}\nstep \"fake_write\" \"w\" { id = \"w\" }\n")
	out := enginetest.RunFile(t, fake, file, enginetest.Options{Journal: j, AutoApprove: true})
	out.Pauses(t)
	return fake, file, j, out.Result.RunID
}

const (
	undoOnFailure = `undo "fake_write" { id = "clean" }`
	undoAtEnd     = "undo \"fake_write\" {\n    on = \"end\"\n    id = \"clean\"\n  }"
	behind        = "\n  depends_on = [step.disk]\n}\n"
)

// TestWhatIsLeftIsOfAnotherMachine: a run does not go on where something is left of it that belongs to the machine on which it was, and so
// takes nothing back for that.
func TestWhatIsLeftIsOfAnotherMachine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ more, failure, undo, want string }{
		"a write":                          {"step \"fake_write\" \"w\" {\n  id = \"w\"" + behind, "stop", "", "first: step w."},
		"a read":                           {"step \"fake_read\" \"r\" {\n  id = \"r\"" + behind, "stop", "", "first: step r."},
		"a step of a runbook within":       {"step \"runbook\" \"in\" {\n  source = \"./child.hcl\"" + behind, "stop", "", "first: step in/w."},
		"each of several":                  {"step \"fake_write\" \"w\" {\n  for_each = toset([\"a\", \"b\"])\n  id = each.key" + behind, "continue", "", "first: step w."},
		"an undo that may fall due":        {"", "stop", undoOnFailure, "first: the undo of step snap."},
		"an undo at the end":               {"", "continue", undoAtEnd, "first: the undo of step snap."},
		"a write, and an undo at the end":  {"step \"fake_write\" \"w\" {\n  id = \"w\"" + behind, "continue", undoAtEnd, "first: step w, the undo of step snap."},
		"a write behind an undo elsewhere": {"step \"fake_write\" \"w\" {\n  id = \"w\"" + behind, "stop", undoOnFailure, "first: step w, the undo of step snap."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, _, j, id := pausedOn(t, maintained+c.more, c.failure, c.undo)
			refusedElsewhere(t, fake, j, id, c.want)
			fake.Machine = "one"
			enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, AutoApprove: true, Answers: answersOf(t, j, id)}).Ends(t, 0)
		})
	}
}

// TestUndoOfAnotherMachineThanItsStep: what is done elsewhere may have an undo on the machine.
func TestUndoOfAnotherMachineThanItsStep(t *testing.T) {
	t.Parallel()
	text := "provider \"fake\" {}\n" + strings.Replace(maintained, "  undo \"fake_write\" {\n    provider = provider.fake.far\n", "  undo \"fake_write\" {\n    provider = provider.fake\n", 1)
	fake, _, j, id := pausedOn(t, strings.Replace(text, `id         = "snap"`, "id = \"snap\"\n  provider = provider.fake.far", 1), "stop", "")
	refusedElsewhere(t, fake, j, id, "first: the undo of step drain.")
}

// TestNothingLeftOfAnotherMachine: a run goes on wherever it is taken up as long as nothing that is left belongs to a machine.
func TestNothingLeftOfAnotherMachine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ failure, undo string }{
		"steps elsewhere":              {"stop", ""},
		"an undo that does not follow": {"continue", undoOnFailure},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, _, j, id := pausedOn(t, maintained, c.failure, c.undo)
			fake.Machine = "two"
			enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, AutoApprove: true, Answers: answersOf(t, j, id)}).Ends(t, 0)
		})
	}
}

// TestAnotherMachineOnPurpose: --with-changes lists it, repeats nothing, and holds for the sessions that follow; a change of a file alone
// does not.
func TestAnotherMachineOnPurpose(t *testing.T) {
	t.Parallel()
	more := "step \"fake_write\" \"w\" {\n  id = \"w\"" + behind
	fake, file, j, id := pausedOn(t, maintained+more, "stop", undoOnFailure)
	enginetest.Rewrite(t, file, strings.NewReplacer("FAILURE", "stop", "UNDO", undoOnFailure, `"last"`+"\n", `"end"`+"\n").Replace(maintained+more))
	changed := enginetest.Options{Journal: j, AutoApprove: true, WithChanges: true}
	out := enginetest.Resume(t, fake, id, changed)
	out.Pauses(t)
	refusedElsewhere(t, fake, j, id, "step w,", "undo of step snap.")

	did := fake.Log()
	out = enginetest.Resume(t, fake, id, changed)
	out.Pauses(t)
	if want := `"changes":["another machine: fake was one, and is two now; runs here: w; not undone here: snap"],"other_machine":true`; !strings.Contains(out.Stream, want) {
		t.Errorf("%q is not in\n%s", want, out.Stream)
	}
	out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, AutoApprove: true, Answers: answersOf(t, j, id)})
	out.Ends(t, 0)
	last := fake.Log()[len(did):]
	slices.Sort(last) // they run side by side
	if diff := cmp.Diff([]string{"end", "w"}, last); diff != "" {
		t.Error(diff)
	}
}
