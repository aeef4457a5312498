package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// readers is a runbook whose steps have read files of their folder when it waits for a person. AFTER is what comes behind that.
const readers = `
runbook "parent" {}
locals { text = file("in.txt") }
step "fake_write" "w" {
  id    = "w"
  value = local.text
  undo "fake_write" { id = "back ${file("in.txt")}" }
}
step "runbook" "child" {
  source     = "./child.hcl"
  variables  = { word = file("in.txt") }
  depends_on = [step.w]
}
step "fake_ask" "calm" {
  prompt     = "Is it calm?"
  depends_on = [step.w, step.child]
}
AFTER
`

const readersChild = `
runbook "child" {}
variable "word" { type = string }
step "fake_write" "ch" {
  id    = "ch"
  value = templatefile("in.tpl", { word = "x" })
  undo "fake_write" { id = "back ch ${var.word}" }
}
BEHIND
`

// waitsWithoutFiles runs it until it waits, and takes the files away.
func waitsWithoutFiles(t *testing.T, fake *enginetest.Fake, after, behind string) (path, id string, opts enginetest.Options) {
	t.Helper()
	path = family(t, strings.Replace(readers, "AFTER", after, 1), strings.Replace(readersChild, "BEHIND", behind, 1))
	files := []string{filepath.Join(filepath.Dir(path), "in.txt"), filepath.Join(filepath.Dir(path), "in.tpl")}
	for _, f := range files {
		enginetest.Rewrite(t, f, "text")
	}
	opts = enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}
	out := enginetest.RunFile(t, fake, path, opts)
	out.Pauses(t)
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	return path, out.Result.RunID, opts
}

// TestAFileOfWhatHasEndedIsGone: what has ended is not evaluated again, so that the run goes on without the files that it read, and is undone
// with what stood then.
func TestAFileOfWhatHasEndedIsGone(t *testing.T) {
	const after = `step "fake_write" "after" {
  id         = "after"
  depends_on = [step.calm]
}`
	t.Run("undo", func(t *testing.T) {
		fake := &enginetest.Fake{}
		_, id, opts := waitsWithoutFiles(t, fake, after, "")
		out := enginetest.Undo(t, fake, id, opts)
		if out.Result == nil || out.Result.ExitStatus != 0 {
			t.Fatalf("%v\n%s", out.Diags, out.Stream)
		}
		if diff := cmp.Diff([]string{"back ch text", "back text"}, fake.Log()[2:]); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		fake := &enginetest.Fake{}
		_, id, opts := waitsWithoutFiles(t, fake, after, "")
		if out := enginetest.Cancel(t, fake, id, opts); out.Result == nil {
			t.Fatalf("%v\n%s", out.Diags, out.Stream)
		}
	})
	t.Run("resume", func(t *testing.T) {
		fake := &enginetest.Fake{}
		_, id, opts := waitsWithoutFiles(t, fake, after, "")
		opts.Answers = map[string]string{"calm": "yes"}
		enginetest.Resume(t, fake, id, opts).Ends(t, 0)
		if diff := cmp.Diff([]string{"w", "ch", "after"}, fake.Log()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("resume with changes", func(t *testing.T) {
		fake := &enginetest.Fake{}
		path, id, opts := waitsWithoutFiles(t, fake, after, "")
		enginetest.Rewrite(t, path, strings.Replace(strings.Replace(readers, "AFTER", after, 1), `"after"`+"\n", `"later"`+"\n", 1))
		opts.Answers, opts.WithChanges = map[string]string{"calm": "yes"}, true
		enginetest.Resume(t, fake, id, opts).Ends(t, 0)
		if diff := cmp.Diff([]string{"w", "ch", "later"}, fake.Log()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestAFileOfASystemIsGone: what names the system of an undo can't be known without the file. That is said, and that undo alone is not done.
func TestAFileOfASystemIsGone(t *testing.T) {
	const elsewhere = `step "fake_write" "away" {
  provider = provider.fake.away
  id       = "away"
  undo "fake_write" {
    provider = provider.fake.away
    id       = "back away"
  }
}
provider "fake" {
  alias = "away"
  name  = var.word
}`
	fake := &enginetest.Fake{}
	path, id, opts := waitsWithoutFiles(t, fake, "", elsewhere)
	out := enginetest.Undo(t, fake, id, opts, "child/away")
	if out.Result != nil || !strings.Contains(out.Diags.Error(), "there is no file "+filepath.Join(filepath.Dir(path), "in.txt")) {
		t.Fatalf("%v\n%s", out.Diags, out.Stream)
	}
	if out := enginetest.Undo(t, fake, id, opts, "child/ch", "w"); out.Result == nil || out.Result.ExitStatus != 0 {
		t.Errorf("%v\n%s", out.Diags, out.Stream)
	}
	if fake.Calls("back away") != 0 {
		t.Error("it was sent")
	}
}

// TestAFileOfWhatIsLeftIsGone: a run that is yet to read a file that is gone is not gone on with. It says which step reads it, and can be undone
// and given up.
func TestAFileOfWhatIsLeftIsGone(t *testing.T) {
	for name, c := range map[string]struct{ after, behind, step, file string }{
		"step": {`step "fake_write" "after" {
  id         = "after ${file("in.txt")}"
  depends_on = [step.calm]
}`, "", "after", "in.txt"},
		"local": {`step "fake_write" "after" {
  id         = "after ${local.text}"
  depends_on = [step.calm]
}`, "", "after", "in.txt"},
		"undo of it": {`step "fake_write" "after" {
  id         = "after"
  depends_on = [step.calm]
  undo "fake_write" { id = file("in.txt") }
}`, "", "after", "in.txt"},
		"runbook that has begun": {"", `step "fake_ask" "calm" { prompt = "Is it calm there?" }
step "fake_write" "late" {
  id         = templatefile("in.tpl", { word = "x" })
  depends_on = [step.calm]
}`, "child/late", "in.tpl"},
		"runbook that has not": {`step "runbook" "again" {
  source     = "./child.hcl"
  variables  = { word = "x" }
  depends_on = [step.calm]
}`, "", "again/ch", "in.tpl"},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{}
			path, id, opts := waitsWithoutFiles(t, fake, c.after, c.behind)
			opts.Answers = map[string]string{"calm": "yes"}
			out := enginetest.Resume(t, fake, id, opts)
			if !out.Diags.HasErrors() || out.Result != nil {
				t.Fatalf("it went on: %s", out.Stream)
			}
			text := ""
			for _, d := range out.Diags {
				text += d.Detail + "\n"
			}
			for _, word := range []string{"tep " + c.step + " ", "there is no file " + filepath.Join(filepath.Dir(path), c.file), "Nothing was run", "Bring"} {
				if !strings.Contains(text, word) {
					t.Errorf("%q is not in: %s", word, text)
				}
			}
			if out := enginetest.Undo(t, fake, id, opts); out.Result == nil || out.Result.ExitStatus != 0 {
				t.Errorf("%v\n%s", out.Diags, out.Stream)
			}
			if out := enginetest.Cancel(t, fake, id, opts); out.Result == nil {
				t.Errorf("%v\n%s", out.Diags, out.Stream)
			}
		})
	}
}
