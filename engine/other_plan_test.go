package engine_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const (
	planHead = "runbook \"test\" {}\nprovider \"fake\" {}\n"
	planEach = `
step "fake_write" "w" {
  for_each = toset(["a", "b"])
  id       = "w ${each.key}"
  undo "fake_write" { id = "back ${try(self.call, "?")}" }
}
`
	planWhole = `
step "fake_write" "w" {
  id = "w"
  undo "fake_write" { id = "back" }
}
`
	planBoom = `
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.w]
}
`
	planNew = `
step "fake_write" "new" { id = "new" }
`
)

// TestOtherPlan: a run goes on with files in which steps, dependencies, instances and questions are others, and what the
// changes don't touch is not repeated.
func TestOtherPlan(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, from, to string
		want           []string
	}{
		{"a step before the one that failed", planEach + planBoom, planEach + planNew + strings.Replace(planBoom, "[step.w]", "[step.w, step.new]", 1),
			[]string{"w a", "w b", "boom", "new", "boom"}},
		{"a write that stands before it in the file", planWhole + planBoom, planWhole + planNew + planBoom, []string{"w", "boom", "new", "boom"}},
		{"a write before all that passed", planEach + planBoom, planNew + planEach + planBoom, []string{"w a", "w b", "boom", "new", "boom"}},
		{"another order", planWhole + planNew + planBoom, planNew + planWhole + planBoom, []string{"w", "new", "boom", "boom"}},
		{"a dependency of what passed", planEach + planBoom, planNew + strings.Replace(planEach, "id ", "depends_on = [step.new]\nid ", 1) + planBoom,
			[]string{"w a", "w b", "boom", "new", "boom"}},
		{"no instances any more", planEach + planBoom, planWhole + planBoom, []string{"w a", "w b", "boom", "w", "boom"}},
		{"instances", planWhole + planBoom, planEach + planBoom, []string{"w", "boom", "w a", "w b", "boom"}},
		{"an approval", planWhole + planBoom, strings.Replace(planWhole, "id ", "approval { prompt = \"Now?\" }\nid ", 1) + planBoom, []string{"w", "boom", "boom"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mended := false
			fake, j := fails("boom", &mended), enginetest.Store(t)
			opts := enginetest.Options{Journal: j, AutoApprove: true, WithChanges: true}
			out := enginetest.Run(t, fake, planHead+tt.from, opts)
			id := out.Events[0].Run
			if err := os.WriteFile(out.Events[0].Files[0].Path, []byte(planHead+tt.to), 0o600); err != nil {
				t.Fatal(err)
			}
			mended = true
			out = enginetest.Resume(t, fake, id, opts)
			if out.Result != nil && out.Result.Paused {
				answer(t, j, out, "w", "true")
				out = enginetest.Resume(t, fake, id, opts)
			}
			if out.Result == nil || out.Result.ExitStatus != 0 {
				t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			if diff := cmp.Diff(tt.want, fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOtherPlanIsUndone: after a step lost its instances, each of the executions has an undo, and no other.
func TestOtherPlanIsUndone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, from, to string
		want           []string
	}{
		{"no instances any more", planEach, planWhole, []string{"back", "back", "back"}},
		{"another action", `step "fake_ask" "w" { prompt = "Done?" }`, planWhole, []string{"back"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mended := false
			fake, j := fails("boom", &mended), enginetest.Store(t)
			opts := enginetest.Options{Journal: j, AutoApprove: true, WithChanges: true, Answers: map[string]string{"w": "yes"}}
			if !strings.Contains(tt.from, "fake_ask") {
				opts.Answers = nil
			}
			out := enginetest.Run(t, fake, planHead+tt.from+planBoom, opts)
			opts.Answers = nil
			id := out.Events[0].Run
			if err := os.WriteFile(out.Events[0].Files[0].Path, []byte(planHead+tt.to+planBoom), 0o600); err != nil {
				t.Fatal(err)
			}
			mended = true
			if out = enginetest.Resume(t, fake, id, opts); out.Result == nil || out.Result.ExitStatus != 0 {
				t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			before := len(fake.Log())
			if out = enginetest.Undo(t, fake, id, opts); out.Result == nil || out.Result.ExitStatus != 0 {
				t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			if diff := cmp.Diff(tt.want, fake.Log()[before:]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDoubtOfAStepThatIsGone: the changes tell what nobody can be asked about any more.
func TestDoubtOfAStepThatIsGone(t *testing.T) {
	t.Parallel()
	whole := enginetest.Store(t)
	opts := enginetest.Options{Journal: whole, AutoApprove: true, WithChanges: true}
	out := enginetest.Run(t, &enginetest.Fake{}, planHead+planEach+planBoom, opts)
	cut := slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.StepStarted && e.Step == `w["a"]` })
	opts.Journal = enginetest.CutAfter(t, whole, out.Events[0].Run, cut+1)
	if err := os.WriteFile(out.Events[0].Files[0].Path, []byte(planHead+planNew), 0o600); err != nil {
		t.Fatal(err)
	}
	out = enginetest.Resume(t, &enginetest.Fake{}, out.Events[0].Run, opts)
	if out.Result == nil || !strings.Contains(out.Stream, `step w[\"a\"] is gone, and its write, sent at`) {
		t.Errorf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
}

// TestOtherActionOfAStepThatWasUndone: what was taken back was done by an action that the step does not have any more.
func TestOtherActionOfAStepThatWasUndone(t *testing.T) {
	t.Parallel()
	mended := false
	fake, j := fails("boom", &mended), enginetest.Store(t)
	opts := enginetest.Options{Journal: j, AutoApprove: true, WithChanges: true}
	text := strings.Replace(planHead, "{}", "{ on_failure = \"stop\" }", 1) + planWhole + planBoom
	out := enginetest.Run(t, fake, text, opts)
	id := out.Events[0].Run
	if err := os.WriteFile(out.Events[0].Files[0].Path, []byte(strings.Replace(text, "fake_write\" \"w", "fake_noted\" \"w", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	mended = true
	if out = enginetest.Resume(t, fake, id, opts); out.Result == nil || out.Result.ExitStatus != 0 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	if diff := cmp.Diff([]string{"w", "boom", "back", "w", "boom"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}
