package engine_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// TestUndoOfADoubtThatWasElsewhere: a write in doubt counts as done where it was sent, also once the file has its step, or its undo, go through
// another configuration: its undo is not sent there.
func TestUndoOfADoubtThatWasElsewhere(t *testing.T) {
	t.Parallel()
	const text = `
runbook "test" { on_failure = "stop" }
provider "fake" {
  alias = "x"
  name  = "one"
}
provider "fake" {
  alias = "y"
  name  = "two"
}
step "fake_write" "w" {
  provider = provider.fake.x
  id       = "w"
  undo "fake_write" { id = "back" }
}
step "fake_write" "boom" {
  provider   = provider.fake.y
  id         = "boom"
  depends_on = [step.w]
}
`
	own := strings.Replace(text, `undo "fake_write" { id = "back" }`, "undo \"fake_write\" {\n    provider = provider.fake.x\n    id       = \"back\"\n  }", 1)
	atStep := func(s string) string {
		return strings.Replace(s, "provider = provider.fake.x\n  id ", "provider = provider.fake.y\n  id ", 1)
	}
	atUndo := func(s string) string {
		return strings.Replace(s, "provider = provider.fake.x\n    id ", "provider = provider.fake.y\n    id ", 1)
	}
	renamed := func(s, to string) string {
		s = strings.ReplaceAll(s, "provider.fake.x", "provider.fake.z")
		return strings.Replace(s, "alias = \"x\"\n  name  = \"one\"", "alias = \"z\"\n  name  = \""+to+"\"", 1)
	}
	for name, c := range map[string]struct {
		before, after string
		sends         bool
	}{
		"step":                             {text, atStep(text), false},
		"undo":                             {own, atUndo(own), false},
		"both":                             {own, atUndo(atStep(own)), false},
		"only the step":                    {own, atStep(own), true},
		"another name":                     {text, renamed(text, "one"), true},
		"another name, and another system": {text, renamed(text, "three"), false},
		"as it was":                        {text, text + "\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				switch id {
				case "w":
					return errors.New("the answer got lost")
				case "boom":
					return enginetest.ErrUnreachable()
				}
				return nil
			}}
			opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
			file := enginetest.Write(t, c.before)
			out := enginetest.RunFile(t, fake, file, opts)
			out.Ends(t, 4)
			enginetest.Rewrite(t, file, c.after)
			opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
				return run.Resolution{Decision: run.DecisionDone, How: "asked", Who: "me"}
			}
			id, status := out.Result.RunID, map[bool]int{true: 1, false: 4}[c.sends]
			out = enginetest.Resume(t, fake, id, opts)
			out.Ends(t, status)
			if want := map[bool]int{true: 1}[c.sends]; fake.Calls("back") != want {
				t.Errorf("it was sent %d times, want %d\n%s", fake.Calls("back"), want, out.Stream)
			}
			if c.sends {
				return
			}
			if !strings.Contains(out.Stream, "fake_write on fake://one with id") {
				t.Errorf("where it is to be done by hand is not told:\n%s", out.Stream)
			}
			enginetest.Undo(t, fake, id, opts).Ends(t, 4)
			if fake.Calls("back") != 0 {
				t.Errorf("it was sent by hand: %q", fake.Log())
			}
		})
	}
}

// TestUndoThatIsWrittenOtherwise: one that the file has otherwise by now is sent to the system that it had, also where only the run could tell
// that, and to no other.
func TestUndoThatIsWrittenOtherwise(t *testing.T) {
	t.Parallel()
	const (
		parent = planHead + `
step "fake_read" "where" { id = "where" }
step "runbook" "c" {
  source    = "./child.hcl"
  variables = { base = "base ${step.where.call}" }
}
`
		child = `
runbook "child" {}
variable "base" { type = string }
provider "fake" { name = var.base }
provider "fake" {
  alias = "u"
  name  = "${var.base}/u"
  tenant = "t1"
}
step "fake_write" "w" {
  id = "w"
  undo "fake_write" {
    provider = provider.fake.u
    id       = "back"
    at       = "there"
  }
}
`
	)
	const on, whole = "fake_write on fake://base 1/u with", "fake_write on fake://base 1/u, at there with"
	partly, place := strings.NewReplacer("\"${var.base}/u\"", "\"known\"\n  within = var.base"), "\n    at       = \"there\""
	for name, c := range map[string]struct {
		child, was, is string
		byHand         string // empty: it is sent
		older          bool
	}{
		"another place":                    {child, `at       = "there"`, `at       = "here"`, "", false},
		"another place and system":         {child, `"${var.base}/u"`, `"elsewhere"`, on, false},
		"another name of the system":       {child, `alias = "u"`, `alias = "v"`, "", false},
		"another system that is known":     {child, `"${var.base}/u"`, `"${var.base}/other"`, on, false},
		"what the system is a part of":     {child, `"${var.base}/u"`, `"${var.base}"`, on, false},
		"another tenant":                   {child, `"t1"`, `"t2"`, on, false},
		"no tenant":                        {child, `tenant = "t1"`, ``, on, false},
		"a tenant where none was":          {strings.Replace(child, `tenant = "t1"`, "", 1), `"${var.base}/u"`, "\"${var.base}/u\"\n  tenant = \"t2\"", on, false},
		"no place":                         {child, `t1`, `t1`, whole, false},
		"no place, and another system":     {child, `"${var.base}/u"`, `"${var.base}"`, whole, false},
		"another part, known in part":      {partly.Replace(child), "within = var.base", `within = "other"`, "fake_write on fake://known/base 1 with", false},
		"another place in it":              {partly.Replace(child), "alias = \"u\"", "alias = \"u\" // as ever", "", false},
		"a place that could not be told":   {strings.Replace(child, `"there"`, `self.items[9].name`, 1), "alias = \"u\"", "alias = \"u\" // as ever", "", false},
		"such a place and another tenant":  {strings.Replace(child, `"there"`, `self.items[9].name`, 1), `"t1"`, `"t2"`, on, false},
		"older, as it was":                 {child, `alias = "u"`, `alias = "v"`, "", true},
		"older, and another place":         {child, `"there"`, `"here"`, whole, true},
		"older, and another system":        {child, `"${var.base}/u"`, `"${var.base}"`, whole, true},
		"older, of a system that is known": {strings.Replace(child, `"${var.base}/u"`, `"known"`, 1), `"there"`, `"here"`, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mended := false
			fake, opts := fails("boom", &mended), sealing(t, filepath.Join(t.TempDir(), "key"), enginetest.Store(t), "")
			opts.AutoApprove, opts.WithChanges = true, true
			file := enginetest.Write(t, parent+shipBoomBehindC)
			below := filepath.Join(filepath.Dir(file), "child.hcl")
			enginetest.Rewrite(t, below, c.child)
			out := enginetest.RunFile(t, fake, file, opts)
			out.Ends(t, 1)
			leaves := "\x00"
			if c.byHand == whole {
				leaves = place
			}
			id, mend := out.Result.RunID, strings.NewReplacer(c.was, c.is, leaves, "", `"there"`, `"here"`, `self.items[9].name`, `"here"`)
			if c.older {
				opts.Journal, mend = withoutSystems(t, opts.Journal, id), strings.NewReplacer(c.was, c.is)
			}
			changed := mend.Replace(c.child)
			if strings.Contains(c.is, `"v"`) {
				changed = strings.ReplaceAll(changed, "provider.fake.u", "provider.fake.v")
			}
			enginetest.Rewrite(t, below, changed)
			mended = true
			enginetest.Resume(t, fake, id, opts).Ends(t, 0)
			out = enginetest.Undo(t, fake, id, opts, "c/w")
			if want := map[bool]int{true: 1}[c.byHand == ""]; fake.Calls("back") != want || !strings.Contains(out.Stream, c.byHand) {
				t.Errorf("it was sent %d times, want %d; by hand: %q\n%s", fake.Calls("back"), want, c.byHand, out.Stream)
			}
		})
	}
}

// withoutSystems is a history as a version kept it that did not tell which system of the place of an undo its configuration named.
func withoutSystems(t *testing.T, from journal.Journal, id string) journal.Journal {
	t.Helper()
	return enginetest.Retell(t, from, id, func(e *run.Event) {
		if e.UndoAt != nil {
			at := *e.UndoAt
			at.System, e.UndoAt = nil, &at
		}
	})
}

// TestDoneWithinAnInstanceThatIsGone: a write in doubt in the runbook of an instance that for_each does not give any more is not counted as done
// with these files, as its undo would be lost.
func TestDoneWithinAnInstanceThatIsGone(t *testing.T) {
	t.Parallel()
	s := &changedRun{fake: &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		if id == "first b" {
			return errors.New("the answer got lost")
		}
		return nil
	}}, opts: enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}}
	s.file = enginetest.Write(t, planHead+asideParent)
	s.put(t, "child.hcl", strings.Replace(asideChild, "  approval { prompt = \"${var.k}?\" }\n", "", 1))
	s.run = enginetest.RunFile(t, s.fake, s.file, s.opts)
	s.run.Ends(t, 4)
	id := s.run.Result.RunID
	enginetest.Rewrite(t, s.file, planHead+strings.Replace(asideParent, `"b", `, "", 1))
	s.opts.WithChanges = true
	s.opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
		return run.Resolution{Decision: run.DecisionDone, How: "asked", Who: "me"}
	}
	out := enginetest.Resume(t, s.fake, id, s.opts)
	if out.Result != nil || !strings.Contains(out.Diags.Error(), `c["b"]/first counts as done, and is not among the instances any more`) {
		t.Errorf("%v\n%s", out.Diags, out.Stream)
	}
}
