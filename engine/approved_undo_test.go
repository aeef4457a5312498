package engine_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const approvedUndo = `
runbook "approved" {}
provider "fake" {}
locals { host = "one" }
step "fake_write" "w" {
  id = "write"
  approval {}
  undo "fake_write" {
    on    = "end"
    id    = "back ${local.host} ${env("SUFFIX")} ${self.call} ${now()}"
    value = { known = local.host, token = secret("env:TOKEN") }
  }
}
step "fake_ask" "go" {
  depends_on = [step.w]
  prompt     = "Go on?"
}
`

func overwrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestApprovalShowsTheUndo: who approves a step sees what will take it back, with all that is known of it and nothing that is sensitive.
func TestApprovalShowsTheUndo(t *testing.T) {
	out := enginetest.Run(t, &enginetest.Fake{}, approvedUndo, enginetest.Options{
		Env: map[string]string{"SUFFIX": "s1", "TOKEN": "hunter2-q7"}, Seal: plain, Unseal: opened,
	})
	out.Pauses(t)
	undo := asked(t, out, "w").Undo
	if undo == nil {
		t.Fatalf("the question has no undo:\n%s", out.Stream)
	}
	undo.Written = ""
	want := &run.AskedUndo{
		Action: "fake_write", On: "end", Effect: "write", Target: "fake://",
		Arguments: []run.ArgumentValue{
			{Name: "id", Value: `"back ${local.host} ${env("SUFFIX")} ${self.call} ${now()}"`},
			{Name: "value", Value: `{known = "one", token = (sensitive)}`},
		},
		Uses: []run.ArgumentValue{{Name: `env("SUFFIX")`, Value: `"s1"`}, {Name: "local.host", Value: `"one"`}},
	}
	if diff := cmp.Diff(want, undo); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(out.Stream, "hunter2") {
		t.Error("a secret is shown")
	}
}

// TestApprovalIsOfTheUndoToo: a yes does not count for an undo that is another when the step starts, wherever the difference comes from,
// and the question that follows tells it.
func TestApprovalIsOfTheUndoToo(t *testing.T) {
	for name, c := range map[string]struct {
		from, to string
		suffix   string
		token    string
		changes  []run.Change
	}{
		"nothing": {suffix: "s1", token: "hunter2-q7"},
		"when it runs": {from: `on    = "end"`, to: `on    = "failure"`, suffix: "s1", token: "hunter2-q7",
			changes: []run.Change{{Path: "undo.on", Before: "end", After: "failure"}, mayBe("undo.value")}},
		"a local that it uses": {from: `host = "one"`, to: `host = "two"`, suffix: "s1", token: "hunter2-q7",
			changes: []run.Change{
				{Path: "undo.value", Before: `{known = "one", token = (sensitive)}`, After: `{known = "two", token = (sensitive)}`},
				{Path: "undo: local.host", Before: `"one"`, After: `"two"`},
			}},
		"the environment": {suffix: "s2", token: "hunter2-q7", changes: []run.Change{{Path: `undo: env("SUFFIX")`, Before: `"s1"`, After: `"s2"`}, mayBe("undo.value")}},
		"a secret":        {suffix: "s1", token: "another-q8", changes: []run.Change{{Path: "undo.value", Before: "(sensitive)", After: "(sensitive)"}}},
		"it is gone": {from: approvedUndo[strings.Index(approvedUndo, "  undo"):strings.Index(approvedUndo, `step "fake_ask"`)], to: "}\n",
			suffix: "s1", token: "hunter2-q7", changes: []run.Change{{Path: "undo", Before: "fake_write on fake:// at the end of the run with id = \"back ${local.host} ${env(\"SUFFIX\")} ${self.call} ${now()}\", value = {known = \"one\", token = (sensitive)}", After: ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			fake, j := &enginetest.Fake{}, enginetest.Store(t)
			path := family(t, approvedUndo, "")
			opts := enginetest.Options{Journal: j, Seal: plain, Unseal: opened, Env: map[string]string{"SUFFIX": "s1", "TOKEN": "hunter2-q7"}}
			out := enginetest.RunFile(t, fake, path, opts)
			out.Pauses(t)
			answer(t, j, out, "w", "true")
			if c.from != "" {
				overwrite(t, path, strings.Replace(approvedUndo, c.from, c.to, 1))
				opts.WithChanges = true
			}
			opts.Env = map[string]string{"SUFFIX": c.suffix, "TOKEN": c.token}
			again := enginetest.Resume(t, fake, out.Result.RunID, opts)
			again.Pauses(t)
			if c.changes == nil {
				if fake.Calls("write") != 1 {
					t.Errorf("it is not approved as it was:\n%s", again.Stream)
				}
				return
			}
			if fake.Calls("write") != 0 {
				t.Fatalf("it ran with an undo that nobody approved:\n%s", again.Stream)
			}
			q := asked(t, again, "w")
			if q.Again == nil || q.Again.Why != run.AgainChanged {
				t.Fatalf("asked again as %+v", q.Again)
			}
			if diff := cmp.Diff(c.changes, q.Again.Changes); diff != "" {
				t.Error(diff)
			}
			answer(t, j, again, "w", "true")
			enginetest.Resume(t, fake, out.Result.RunID, opts).Pauses(t)
			if fake.Calls("write") != 1 {
				t.Errorf("%d writes after the second yes", fake.Calls("write"))
			}
		})
	}
}

// TestAnUndoThatIsNewIsAskedAbout: one that comes after the yes is not covered by it.
func TestAnUndoThatIsNewIsAskedAbout(t *testing.T) {
	const before = "runbook \"r\" {}\nprovider \"fake\" {}\nstep \"fake_write\" \"w\" {\n  id = \"write\"\n  approval {}\n%UNDO%}\n"
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	path := family(t, strings.Replace(before, "%UNDO%", "", 1), "")
	out := enginetest.RunFile(t, fake, path, enginetest.Options{Journal: j})
	out.Pauses(t)
	answer(t, j, out, "w", "true")
	overwrite(t, path, strings.Replace(before, "%UNDO%", "  undo \"fake_write\" {\n    on = \"end\"\n    id = \"never approved\"\n  }\n", 1))
	again := enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, WithChanges: true, AutoApprove: true})
	again.Pauses(t)
	want := []run.Change{{Path: "undo", Before: "not asked about", After: `fake_write on fake:// at the end of the run with id = "never approved"`}}
	if diff := cmp.Diff(want, asked(t, again, "w").Again.Changes); diff != "" {
		t.Error(diff)
	}
	if fake.Calls("write")+fake.Calls("never approved") != 0 {
		t.Errorf("something ran:\n%s", again.Stream)
	}
}

// TestAnUndoThatWasNotApprovedDoesNotRunByItself: what a step did that was approved is taken back by itself only as that was approved;
// somebody who sees it can have it run by hand.
func TestAnUndoThatWasNotApprovedDoesNotRunByItself(t *testing.T) {
	const text = `
runbook "r" {}
provider "fake" {}
step "fake_write" "w" {
  id = "write"
  approval {}
%UNDO%}
step "fake_ask" "go" {
  depends_on = [step.w]
  prompt     = "Go on?"
}
`
	with := func(undo string) string { return strings.Replace(text, "%UNDO%", undo, 1) }
	const undo = "  undo \"fake_write\" {\n    on = \"end\"\n    id = \"back\"\n  }\n"
	for name, c := range map[string]struct{ before, after, back string }{
		"as approved": {undo, undo, "back"},
		"new":         {"", undo, "back"},
		"other":       {undo, strings.Replace(undo, `"back"`, `"other"`, 1), "other"},
	} {
		t.Run(name, func(t *testing.T) {
			fake, j := &enginetest.Fake{}, enginetest.Store(t)
			path := family(t, with(c.before), "")
			opts := enginetest.Options{Journal: j, AutoApprove: true}
			out := enginetest.RunFile(t, fake, path, opts)
			out.Pauses(t)
			answer(t, j, out, "w", "true")
			out = enginetest.Resume(t, fake, out.Result.RunID, opts)
			out.Pauses(t)
			id := out.Result.RunID
			overwrite(t, path, with(c.after))
			opts.Answers, opts.WithChanges = map[string]string{"go": "yes"}, true
			end := enginetest.Resume(t, fake, id, opts)
			if name == "as approved" {
				end.Ends(t, 0)
				if fake.Calls("back") != 1 {
					t.Errorf("%d undos:\n%s", fake.Calls("back"), end.Stream)
				}
				return
			}
			end.Ends(t, 4)
			if fake.Calls(c.back) != 0 {
				t.Fatalf("an undo ran that nobody approved:\n%s", end.Stream)
			}
			if !strings.Contains(end.Stream, "is not the one that was approved with it") || !strings.Contains(end.Stream, "runbook undo "+id+" w") {
				t.Errorf("what to do is not said:\n%s", end.Stream)
			}
			opts.Answers = nil
			enginetest.Undo(t, fake, id, opts, "w").Ends(t, 0)
			if fake.Calls(c.back) != 1 {
				t.Errorf("%d undos by hand", fake.Calls(c.back))
			}
		})
	}
}
