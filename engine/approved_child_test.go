package engine_test

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const approvedParent = `
runbook "parent" {}
step "runbook" "in" {
  source    = "child.hcl"
  variables = { host = "h1" }
  approval {}
}
`

const approvedChild = `
runbook "child" {}
variable "host" { type = string }
provider "fake" { name = env("HOST") }
locals { level = upper(env("LEVEL")) }
step "fake_read" "look" { id = "look" }
step "fake_write" "one" {
  id    = "one on ${var.host}"
  value = { level = local.level, token = secret("env:TOKEN") }
  undo "fake_write" {
    on    = "end"
    id    = env("BACK")
    value = { call = self.call, level = local.level }
  }
}
step "fake_destroy" "each" {
  for_each = toset(["a", "b"])
  when     = step.look.call > 0
  id       = each.key
}
step "runbook" "deeper" {
  source    = "grandchild.hcl"
  variables = { n = step.one.call }
}
step "fake_read" "reads" {
  id = "reads"
  undo "fake_write" { id = "after ${now()}" }
}
`

const approvedGrandchild = `
runbook "grandchild" {}
variable "n" { type = number }
provider "fake" { name = "deep" }
step "fake_write" "last" {
  run_if   = "failure"
  id       = "last ${var.n}"
  depends_on = [step.first]
}
step "fake_write" "first" {
  id = env("DEEP")
  approval {}
}
`

// childFiles writes a parent, its child and that one's.
func childFiles(t *testing.T, child string) string {
	t.Helper()
	path := family(t, approvedParent, child)
	overwrite(t, filepath.Join(filepath.Dir(path), "grandchild.hcl"), approvedGrandchild)
	return path
}

func childOptions(t *testing.T) enginetest.Options {
	t.Helper()
	return enginetest.Options{Journal: enginetest.Store(t), Seal: plain, Unseal: opened, Env: map[string]string{
		"TOKEN": "hunter2-q7", "HOST": "one", "LEVEL": "low", "BACK": "back", "DEEP": "first",
	}}
}

// mayBe is a change of what is not shown, where something else has changed too.
func mayBe(path string) run.Change {
	return run.Change{Path: path, Before: "(sensitive)", After: "(sensitive)"}
}

// TestApprovalShowsTheWritesOfARunbook: who approves a step that runs a runbook sees what that writes, as far as it is known, with what
// takes each back, and nothing that is sensitive.
func TestApprovalShowsTheWritesOfARunbook(t *testing.T) {
	fake := &enginetest.Fake{}
	out := enginetest.RunFile(t, fake, childFiles(t, approvedChild), childOptions(t))
	out.Pauses(t)
	if len(fake.Log()) != 0 {
		t.Errorf("%v ran before the yes", fake.Log())
	}
	got := asked(t, out, "in").Writes
	for i := range got {
		if got[i].Undo != nil {
			got[i].Undo.Written = ""
		}
	}
	want := []run.ListedWrite{
		{
			Key: "one", Action: "fake_write", Effect: "write", Target: "fake://one",
			Arguments: []run.ArgumentValue{{Name: "id", Value: `"one on h1"`}, {Name: "value", Value: `{level = "LOW", token = (sensitive)}`}},
			Undo: &run.AskedUndo{
				Action: "fake_write", On: "end", Effect: "write", Target: "fake://one",
				Arguments: []run.ArgumentValue{{Name: "id", Value: `"back"`}, {Name: "value", Value: `{ call = self.call, level = local.level }`}},
				Uses:      []run.ArgumentValue{{Name: "local.level", Value: `"LOW"`}},
			},
		},
		{
			Key: "each", Action: "fake_destroy", Effect: "destructive", Target: "fake://one", Arguments: []run.ArgumentValue{{Name: "id", Value: "each.key"}},
			Note: `for each of a, b; only where step.look.call > 0`,
		},
		{
			Key: "deeper/last", Action: "fake_write", Effect: "write", Target: "fake://deep", Arguments: []run.ArgumentValue{{Name: "id", Value: `"last ${var.n}"`}},
			Note: "only after a failure",
		},
		{
			Key: "deeper/first", Action: "fake_write", Effect: "write", Target: "fake://deep", Arguments: []run.ArgumentValue{{Name: "id", Value: `"first"`}},
			Note: "with an approval of its own",
		},
		{
			Key: "reads", Action: "fake_read", Effect: "read", Target: "fake://one", Arguments: []run.ArgumentValue{{Name: "id", Value: `"reads"`}},
			Undo: &run.AskedUndo{
				Action: "fake_write", On: "failure", Effect: "write", Target: "fake://one", Arguments: []run.ArgumentValue{{Name: "id", Value: `"after ${now()}"`}},
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(out.Stream, "hunter2") {
		t.Error("a secret is shown")
	}
}

// TestApprovalIsOfTheWritesOfARunbook: a yes does not count where the runbook would write something else by the time that it starts, and
// the question that follows tells it.
func TestApprovalIsOfTheWritesOfARunbook(t *testing.T) {
	for name, c := range map[string]struct {
		env     map[string]string
		changes []run.Change
	}{
		"nothing": {},
		"a local": {map[string]string{"LEVEL": "high"}, []run.Change{
			{Path: "one.value", Before: `{level = "LOW", token = (sensitive)}`, After: `{level = "HIGH", token = (sensitive)}`},
			{Path: "one.undo: local.level", Before: `"LOW"`, After: `"HIGH"`},
		}},
		"an undo alone": {map[string]string{"BACK": "b2"}, []run.Change{{Path: "one.undo.id", Before: `"back"`, After: `"b2"`}, mayBe("one.value")}},
		"deeper":        {map[string]string{"DEEP": "d2"}, []run.Change{{Path: "deeper/first.id", Before: `"first"`, After: `"d2"`}, mayBe("one.value")}},
		"a secret":      {map[string]string{"TOKEN": "another-q8"}, []run.Change{{Path: "one.value", Before: "(sensitive)", After: "(sensitive)"}}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{}
			path, opts := childFiles(t, approvedChild), childOptions(t)
			out := enginetest.RunFile(t, fake, path, opts)
			out.Pauses(t)
			answer(t, opts.Journal, out, "in", "true")
			opts.AutoApprove, opts.Env = true, maps.Clone(opts.Env)
			maps.Copy(opts.Env, c.env)
			again := enginetest.Resume(t, fake, out.Result.RunID, opts)
			again.Pauses(t)
			if c.changes == nil {
				if fake.Calls("one on h1") != 1 {
					t.Errorf("it is not approved as it was:\n%s", again.Stream)
				}
				return
			}
			if len(fake.Log()) != 0 {
				t.Fatalf("%v ran, which nobody approved:\n%s", fake.Log(), again.Stream)
			}
			q := asked(t, again, "in")
			if q.Again == nil || q.Again.Why != run.AgainChanged {
				t.Fatalf("asked again as %+v", q.Again)
			}
			if name == "a secret" { // any that is blanked may be the one
				q.Again.Changes = slices.DeleteFunc(q.Again.Changes, func(c run.Change) bool { return c.Path != "one.value" })
			}
			if diff := cmp.Diff(c.changes, q.Again.Changes); diff != "" {
				t.Error(diff)
			}
			answer(t, opts.Journal, again, "in", "true")
			enginetest.Resume(t, fake, out.Result.RunID, opts).Pauses(t)
			if fake.Calls("one on h1") != 1 {
				t.Errorf("%v ran after the second yes", fake.Log())
			}
		})
	}
}

// TestAChangedRunbookIsApprovedAnew: a yes to what a runbook wrote does not count for its file as it is by now.
func TestAChangedRunbookIsApprovedAnew(t *testing.T) {
	fake := &enginetest.Fake{}
	path, opts := childFiles(t, approvedChild), childOptions(t)
	out := enginetest.RunFile(t, fake, path, opts)
	out.Pauses(t)
	answer(t, opts.Journal, out, "in", "true")
	overwrite(t, filepath.Join(filepath.Dir(path), "child.hcl"), strings.Replace(approvedChild, `id    = "one on ${var.host}"`, `id    = "never approved"`, 1))
	opts.AutoApprove, opts.WithChanges = true, true
	again := enginetest.Resume(t, fake, out.Result.RunID, opts)
	again.Pauses(t)
	if len(fake.Log()) != 0 {
		t.Fatalf("%v ran, which nobody approved:\n%s", fake.Log(), again.Stream)
	}
	if got := asked(t, again, "in").Writes[0].Arguments[0].Value; got != `"never approved"` {
		t.Errorf("it asks about %s", got)
	}
	answer(t, opts.Journal, out, "in", "true") // it was for another
	enginetest.Resume(t, fake, out.Result.RunID, opts).Pauses(t)
	if len(fake.Log()) != 0 {
		t.Fatalf("%v ran with the yes to something else", fake.Log())
	}
}

// TestAYesCountsForTheRestOfARunbook that waits for somebody, unless it would write something else by now.
func TestAYesCountsForTheRestOfARunbook(t *testing.T) {
	const child = "runbook \"child\" {}\nvariable \"host\" {}\nprovider \"fake\" {}\n" +
		"step \"fake_write\" \"a\" { id = \"a\" }\n" +
		"step \"fake_ask\" \"go\" {\n  prompt = \"Go on?\"\n  depends_on = [step.a]\n}\n" +
		"step \"fake_write\" \"b\" {\n  id = env(\"LEVEL\")\n  depends_on = [step.go]\n}\n"
	for name, meanwhile := range map[string]func(path string, opts *enginetest.Options){
		"nothing": nil,
		"the file": func(path string, opts *enginetest.Options) {
			overwrite(t, filepath.Join(filepath.Dir(path), "child.hcl"), strings.Replace(child, `id = env("LEVEL")`, `id = "never approved"`, 1))
			opts.WithChanges = true
		},
		"the environment": func(_ string, opts *enginetest.Options) { opts.Env["LEVEL"] = "never approved" },
	} {
		t.Run(name, func(t *testing.T) {
			fake, start := &enginetest.Fake{}, time.Now()
			path, opts := family(t, strings.Replace(approvedParent, "approval {}", "approval { timeout = \"10m\" }", 1), child), childOptions(t)
			opts.Now = func() time.Time { return start }
			out := enginetest.RunFile(t, fake, path, opts)
			out.Pauses(t)
			answer(t, opts.Journal, out, "in", "true")
			opts.AutoApprove = true
			waits := enginetest.Resume(t, fake, out.Result.RunID, opts)
			waits.Pauses(t)
			answer(t, opts.Journal, waits, "in/go", "true")
			opts.Now = func() time.Time { return start.Add(time.Hour) } // the time for the first yes is over
			if meanwhile != nil {
				meanwhile(path, &opts)
			}
			end := enginetest.Resume(t, fake, out.Result.RunID, opts)
			if meanwhile == nil {
				end.Ends(t, 0)
				if diff := cmp.Diff([]string{"a", "low"}, fake.Log()); diff != "" {
					t.Error(diff)
				}
				return
			}
			end.Pauses(t)
			if diff := cmp.Diff([]string{"a"}, fake.Log()); diff != "" {
				t.Error(diff)
			}
			q := asked(t, end, "in")
			if got := q.Writes[1].Arguments[0].Value; got != `"never approved"` {
				t.Errorf("it asks about %s", got)
			}
			if name == "the environment" && cmp.Diff([]run.Change{{Path: "b.id", Before: `"low"`, After: `"never approved"`}}, q.Again.Changes) != "" {
				t.Errorf("asked again as %+v", q.Again)
			}
		})
	}
}

// TestWritesFoundAtRunTimeAreShownWithTheirRunbooks: each instance with what its runbook writes.
func TestWritesFoundAtRunTimeAreShownWithTheirRunbooks(t *testing.T) {
	const parent = `
runbook "parent" {}
provider "fake" {}
step "fake_read" "found" { id = "found" }
step "runbook" "in" {
  for_each  = { for n in ["a", "b"] : "${n}${step.found.call}" => n }
  source    = "child.hcl"
  variables = { host = each.value }
}
`
	const child = "runbook \"child\" {}\nvariable \"host\" {}\nprovider \"fake\" {}\nstep \"fake_write\" \"w\" { id = \"on ${var.host}\" }\n"
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.RunFile(t, fake, family(t, parent, child), enginetest.Options{Journal: j})
	out.Pauses(t)
	var got []run.ListedWrite
	for _, w := range asked(t, out, "in").Writes {
		got = append(got, w.Writes...)
	}
	want := []run.ListedWrite{
		{Key: "w", Action: "fake_write", Effect: "write", Target: "fake://", Arguments: []run.ArgumentValue{{Name: "id", Value: `"on a"`}}},
		{Key: "w", Action: "fake_write", Effect: "write", Target: "fake://", Arguments: []run.ArgumentValue{{Name: "id", Value: `"on b"`}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	answer(t, j, out, "in", "true")
	enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j}).Ends(t, 0)
	if fake.Calls("on a") != 1 || fake.Calls("on b") != 1 {
		t.Errorf("%v ran", fake.Log())
	}
}

const undoneChild = `
runbook "child" {}
variable "host" {}
provider "fake" {}
step "fake_write" "w" {
  id = "write"
  undo "fake_write" {
    on = "end"
    id = "back"
  }
}
step "fake_ask" "go" {
  depends_on = [step.w]
  prompt     = "Go on?"
}
`

// TestANoToTheRestOfARunbook: what it did so far has to be taken back, and that is told; an undo that nobody approved does not do it.
func TestANoToTheRestOfARunbook(t *testing.T) {
	fake := &enginetest.Fake{}
	path, opts := family(t, approvedParent, undoneChild), childOptions(t)
	out := enginetest.RunFile(t, fake, path, opts)
	out.Pauses(t)
	answer(t, opts.Journal, out, "in", "true")
	opts.AutoApprove = true
	enginetest.Resume(t, fake, out.Result.RunID, opts).Pauses(t)
	overwrite(t, filepath.Join(filepath.Dir(path), "child.hcl"), strings.Replace(undoneChild, `id = "back"`, `id = "other"`, 1))
	opts.WithChanges = true
	again := enginetest.Resume(t, fake, out.Result.RunID, opts)
	again.Pauses(t)
	answer(t, opts.Journal, again, "in", "false")
	end := enginetest.Resume(t, fake, out.Result.RunID, opts)
	end.Ends(t, 4)
	if diff := cmp.Diff([]string{"write"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(end.Stream, "is not the one that was approved with it") || !strings.Contains(end.Stream, "runbook undo "+out.Result.RunID+" in/w") {
		t.Errorf("what to do is not said:\n%s", end.Stream)
	}
	enginetest.Undo(t, fake, out.Result.RunID, opts, "in/w")
	if fake.Calls("other") != 1 {
		t.Errorf("%v ran", fake.Log())
	}
}

// TestANoToTheRestOfARunbookThatIsUnchanged takes back what it did.
func TestANoToTheRestOfARunbookThatIsUnchanged(t *testing.T) {
	fake := &enginetest.Fake{}
	path, opts := family(t, approvedParent, undoneChild), childOptions(t)
	out := enginetest.RunFile(t, fake, path, opts)
	out.Pauses(t)
	answer(t, opts.Journal, out, "in", "true")
	opts.AutoApprove = true
	waits := enginetest.Resume(t, fake, out.Result.RunID, opts)
	waits.Pauses(t)
	answer(t, opts.Journal, waits, "in/go", "false")
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 1)
	if diff := cmp.Diff([]string{"write", "back"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestApprovalShowsWhatARunbookWouldChange: dry runs of what it writes for sure, with all that they need to know.
func TestApprovalShowsWhatARunbookWouldChange(t *testing.T) {
	var asked []string
	fake := &enginetest.Fake{Previews: func(_ context.Context, id string) error {
		asked = append(asked, id)
		return errors.New("the system is away")
	}}
	out := enginetest.RunFile(t, fake, childFiles(t, approvedChild), childOptions(t))
	out.Pauses(t)
	if diff := cmp.Diff([]string{"one on h1"}, asked); diff != "" {
		t.Error(diff)
	}
	if strings.Count(out.Stream, "the system is away") != 1 {
		t.Errorf("what came of it is not told:\n%s", out.Stream)
	}
}
