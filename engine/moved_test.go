package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

const movable = `
provider "fake" {
  name = env("WHERE")
}
step "fake_write" "w" {
  id = "w"
  undo "fake_write" { id = "back" }
}
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.w]
}
`

func at(j journal.Journal, where string) enginetest.Options {
	return enginetest.Options{Journal: j, AutoApprove: true, Env: map[string]string{"WHERE": where}}
}

// failed is a run on staging whose second write erred.
func failed(t *testing.T, text string) (fake *enginetest.Fake, j journal.Journal, id string) {
	t.Helper()
	mended := false
	fake, j = fails("boom", &mended), enginetest.Store(t)
	out := enginetest.Run(t, fake, text, at(j, "staging"))
	if out.Result == nil || out.Result.ExitStatus == 0 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	mended = true
	return fake, j, out.Result.RunID
}

// TestMovedSystem: a run does not go on with another system than it had, however that is named.
func TestMovedSystem(t *testing.T) {
	t.Parallel()
	several := strings.Replace(movable, `name = env("WHERE")`, "for_each = toset([\"a\", \"b\"])\n  name = \"${each.key} ${env(\"WHERE\")}\"", 1)
	several = strings.Replace(several, `"w" {`, "\"w\" {\n  provider = provider.fake[\"a\"]", 1)
	several = strings.Replace(several, `"boom" {`, "\"boom\" {\n  provider = provider.fake[\"b\"]", 1)
	several = strings.Replace(several, `{ id = "back" }`, "{\n    provider = provider.fake[\"a\"]\n    id = \"back\"\n  }", 1)
	alias := strings.Replace(strings.Replace(movable, `name =`, "alias = \"eu\"\n  name =", 1), `"boom" {`, "\"boom\" {\n  provider = provider.fake.eu", 1)
	alias = "provider \"fake\" { name = \"home\" }\n" + alias
	for name, text := range map[string]string{"one": movable, "several": several, "an alias": alias} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, j, id := failed(t, text)
			before := fake.Log()
			out := enginetest.Resume(t, fake, id, at(j, "production"))
			if out.Result != nil || !out.Diags.HasErrors() {
				t.Fatalf("%+v\n%s", out.Result, out.Stream)
			}
			told := out.Diags.Error()
			for _, want := range []string{"staging", "production", "Set WHERE as it was", "--with-changes"} {
				if !strings.Contains(told, want) {
					t.Errorf("%q is missing in: %s", want, told)
				}
			}
			if diff := cmp.Diff(before, fake.Log()); diff != "" {
				t.Error(diff)
			}
			enginetest.Resume(t, fake, id, at(j, "staging")).Ends(t, 0)
		})
	}
}

// TestMovedOnPurpose: with changes what uses the system runs again there. What was done on the old one is undone there alone.
func TestMovedOnPurpose(t *testing.T) {
	t.Parallel()
	fake, j, id := failed(t, movable)
	opts := at(j, "production")
	opts.WithChanges = true
	out := enginetest.Resume(t, fake, id, opts)
	out.Ends(t, 0)
	if want := "another system: fake was fake://staging, and is fake://production now"; !strings.Contains(out.Stream, want) {
		t.Errorf("%q is not told:\n%s", want, out.Stream)
	}
	if diff := cmp.Diff([]string{"w", "boom", "w", "boom"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
	opts.WithChanges = false
	out = enginetest.Undo(t, fake, id, opts)
	out.Ends(t, 4)
	if want := "fake was fake://staging then, and is fake://production now"; !strings.Contains(out.Stream, want) || !strings.Contains(out.Stream, "fake_write on fake://staging with") {
		t.Errorf("%q is not told:\n%s", want, out.Stream)
	}
	if diff := cmp.Diff([]string{"w", "boom", "w", "boom", "back"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
	enginetest.Undo(t, fake, id, at(j, "staging")).Ends(t, 0)
	if diff := cmp.Diff([]string{"w", "boom", "w", "boom", "back", "back"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestMovedUndo: nothing is undone on another system.
func TestMovedUndo(t *testing.T) {
	t.Parallel()
	fake, j, id := failed(t, movable)
	out := enginetest.Undo(t, fake, id, at(j, "production"))
	out.Ends(t, 4)
	if fake.Calls("back") != 0 {
		t.Errorf("it was undone there:\n%s", out.Stream)
	}
}

// TestMovedDoubt: a write in doubt was sent to the system that it was sent to, and no other is asked about it.
func TestMovedDoubt(t *testing.T) {
	t.Parallel()
	_, whole, id := failed(t, movable)
	var n int
	for entry, err := range whole.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; entry.Event.Type == run.StepStarted && entry.Event.Step == "w" {
			break
		}
	}
	j := enginetest.CutAfter(t, whole, id, n)
	fake := &enginetest.Fake{}
	e := enginetest.New(fake, map[string]string{"WHERE": "production"})
	opts := engine.RecallOptions{RunOptions: engine.RunOptions{Journal: j}, WithChanges: true}
	r, diags := e.Recall(t.Context(), id, opts)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	defer func() {
		if diags := r.Drop(t.Context()); diags.HasErrors() {
			t.Error(diags)
		}
	}()
	doubts := r.Past.Doubts()
	if len(doubts) != 1 {
		t.Fatal(doubts)
	}
	if _, target := r.Past.SentBy(doubts[0]); target.Target != "fake://staging" {
		t.Errorf("it was sent to %+v", target)
	}
	if !slices.ContainsFunc(r.Changes, func(c string) bool { return strings.Contains(c, "fake://production") }) {
		t.Error(r.Changes)
	}
}
