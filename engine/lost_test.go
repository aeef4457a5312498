package engine_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const (
	planEnd = `
step "fake_write" "w" {
  id = "w"
  undo "fake_write" {
    id = "back"
    on = "end"
  }
}
`
	planValues = `
step "fake_write" "w" {
  for_each = { a = "eu", b = "us" }
  id       = "w ${each.value}"
  undo "fake_write" { id = "back ${each.value}" }
}
`
	planChild = `
step "runbook" "w" { source = "child.hcl" }
`
	lostChild = `
runbook "child" {}
provider "fake" {}
step "fake_write" "in" {
  id = "in"
  undo "fake_write" { id = "back in" }
}
`
)

// lostRun is a run of which step w took effect and boom broke, as a crash before its end leaves it, with other files by now.
func lostRun(t *testing.T, fake *enginetest.Fake, from, to string) (enginetest.Options, string) {
	t.Helper()
	whole := enginetest.Store(t)
	file := enginetest.Write(t, planHead+from+planBoom)
	enginetest.Rewrite(t, filepath.Join(filepath.Dir(file), "child.hcl"), lostChild)
	out := enginetest.RunFile(t, fake, file, enginetest.Options{Journal: whole, AutoApprove: true})
	cut := slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.StepFinished && e.Step == "boom" })
	if cut < 0 {
		t.Fatalf("%v\n%s", out.Diags, out.Stream)
	}
	enginetest.Rewrite(t, file, planHead+to)
	id := out.Result.RunID
	// As an older version kept it, which told nothing of what the undo refers to.
	j := enginetest.Retell(t, enginetest.CutAfter(t, whole, id, cut+1), id, func(e *run.Event) { e.UndoWith = nil })
	return enginetest.Options{Journal: j, AutoApprove: true, WithChanges: true}, id
}

// TestLostUndo: files that have no place for what a step did and can be taken back are refused, whatever became of the step; once it
// is undone the run goes on with them.
func TestLostUndo(t *testing.T) {
	t.Parallel()
	renamed := strings.Replace(planWhole, `"w" {`, `"x" {`, 1) + strings.ReplaceAll(planBoom, "step.w]", "step.x]")
	tests := []struct {
		name, from, to, says string
		undone, then         []string
	}{
		{"removed", planWhole, planNew, "step w was carried out at", []string{"back"}, []string{"new"}},
		{"renamed", planWhole, renamed, "is not in the file any more", []string{"back"}, []string{"w", "boom"}},
		{"another action", planWhole, strings.Replace(planWhole, `"fake_write" "w"`, `"fake_noted" "w"`, 1) + planBoom,
			"is another action in the file by now, fake_noted", []string{"back"}, []string{"w", "boom"}},
		{"a question", planWhole, `step "fake_ask" "w" { prompt = "Done?" }` + planBoom, "fake_ask", []string{"back"}, nil},
		{"its undo, due at the end", planEnd, `step "fake_write" "w" { id = "w" }` + planBoom,
			"has no undo in the file any more", []string{"back"}, []string{"w", "boom"}},
		{"the key of an instance", planValues, strings.Replace(planValues, `a = "eu", `, "", 1) + planBoom,
			`step w["a"] was carried out at`, []string{"back us", "back eu"}, []string{"w us", "boom"}},
		{"instances", planWhole, planValues + planBoom, "has instances in the file by now, and its undo needs the key of one", []string{"back"},
			[]string{"w eu", "w us", "boom"}},
		{"a runbook", planChild, planNew, "step w/in was carried out at", []string{"back in"}, []string{"new"}},
		{"moved into a runbook", planWhole, planChild + planBoom, "is another action in the file by now, runbook", []string{"back"}, []string{"in", "boom"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mended := false
			fake := fails("boom", &mended)
			opts, id := lostRun(t, fake, tt.from, tt.to)
			mended = true
			did := fake.Log()
			out := enginetest.Resume(t, fake, id, opts)
			if !out.Diags.HasErrors() || !strings.Contains(out.Diags.Error(), tt.says) || out.Stream != "" {
				t.Fatalf("%v\n%s", out.Diags, out.Stream)
			}
			if out = enginetest.Undo(t, fake, id, opts); out.Diags.HasErrors() {
				t.Fatalf("%v\n%s", out.Diags, out.Stream)
			}
			out = enginetest.Resume(t, fake, id, opts)
			if out.Diags.HasErrors() || out.Result == nil || out.Result.ExitStatus != 0 && !out.Result.Paused {
				t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			if diff := cmp.Diff(slices.Concat(did, tt.undone, tt.then), fake.Log()[:min(len(fake.Log()), len(did)+len(tt.undone)+len(tt.then))]); diff != "" {
				t.Errorf("%s\n%s", diff, out.Stream)
			}
		})
	}
}

// TestWhatStaysIsTold: what a step did that can't be undone by itself stays, and the changes say so.
func TestWhatStaysIsTold(t *testing.T) {
	t.Parallel()
	bare := "\nstep \"fake_write\" \"w\" { id = \"w\" }\n"
	tests := []struct{ name, from, to, says string }{
		{"it never had an undo", bare, planNew, "is not in the file any more: what it did stays"},
		{"another action", bare, `step "fake_read" "w" { id = "look" }` + planBoom, "is another action in the file by now, fake_read: what it did stays"},
		{"its undo on failure", planWhole, bare + planBoom, "has no undo in the file any more: what it did stays"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mended := false
			fake := fails("boom", &mended)
			opts, id := lostRun(t, fake, tt.from, tt.to)
			mended = true
			out := enginetest.Resume(t, fake, id, opts)
			out.Ends(t, 0)
			if !strings.Contains(out.Stream, "step w was carried out at ") || !strings.Contains(out.Stream, tt.says) {
				t.Errorf("%q is not told:\n%s", tt.says, out.Stream)
			}
		})
	}
}
