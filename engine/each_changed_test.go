package engine_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const (
	shipChild = `
runbook "child" {}
variable "region" { type = string }
variable "parts" { default = "x" }
provider "fake" {}
step "fake_write" "in" {
  for_each = toset(split(",", var.parts))
  id       = "in ${var.region} ${each.key} v1"
  undo "fake_write" { id = "back ${var.region} ${each.key}" }
}
`
	shipWrite = `
step "fake_write" "ship" {
  for_each = toset(split(",", file("regions.txt")))
  id       = "in ${each.key} x v1"
  undo "fake_write" { id = "back ${each.key} x" }
}
`
	shipRunbook = `
step "runbook" "ship" {
  for_each  = toset(split(",", file("regions.txt")))
  source    = "child.hcl"
  variables = { region = each.key }
}
`
	shipGiven = `
step "runbook" "ship" {
  source    = "child.hcl"
  variables = { region = "eu", parts = file("regions.txt") }
}
`
	shipBoom = `
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.ship]
}
`
)

// changedRun is a run of which boom failed, in a folder with a runbook that step ship may run, and a file that says where to.
type changedRun struct {
	fake   *enginetest.Fake
	file   string
	mended bool
	opts   enginetest.Options
	run    enginetest.Outcome
}

func ship(t *testing.T, text string) *changedRun {
	t.Helper()
	s := &changedRun{file: enginetest.Write(t, planHead+text), opts: enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}}
	s.fake = fails("boom", &s.mended)
	s.put(t, "child.hcl", shipChild)
	s.put(t, "regions.txt", "eu,us")
	s.run = enginetest.RunFile(t, s.fake, s.file, s.opts)
	s.run.Ends(t, 1)
	s.mended = true
	return s
}

func (s *changedRun) put(t *testing.T, name, text string) {
	t.Helper()
	enginetest.Rewrite(t, filepath.Join(filepath.Dir(s.file), name), text)
}

// expected is what the question before a resume with changes says, and the keys of a step in it.
func (s *changedRun) expected(t *testing.T, step string) (said string, keys []string) {
	t.Helper()
	r, diags := enginetest.New(s.fake, nil).Recall(t.Context(), s.run.Result.RunID, engine.RecallOptions{
		RunOptions: engine.RunOptions{Journal: s.opts.Journal}, WithChanges: true,
	})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, p := range r.Remaining() {
		if p.Name == step {
			keys = p.Keys
		}
	}
	said = strings.Join(slices.Concat(r.Again(), r.Instances, r.Repeated), "\n")
	if diags := r.Drop(t.Context()); diags.HasErrors() {
		t.Fatal(diags)
	}
	return said, keys
}

// since runs something, and gives what was done.
func (s *changedRun) since(t *testing.T, do func(testing.TB, *enginetest.Fake, string, enginetest.Options) enginetest.Outcome) []string {
	t.Helper()
	before := len(s.fake.Log())
	out := do(t, s.fake, s.run.Result.RunID, s.opts)
	if out.Diags.HasErrors() || out.Result == nil || out.Result.ExitStatus != 0 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	return s.fake.Log()[before:]
}

func undoAll(t testing.TB, fake *enginetest.Fake, id string, opts enginetest.Options) enginetest.Outcome {
	return enginetest.Undo(t, fake, id, opts)
}

// TestEachHoldsOverChanges: a step that runs again for a change has the instances that it had, whatever a file gives by now, also where the runbook
// that it runs changed: no other was named in the question. All can be undone.
func TestEachHoldsOverChanges(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"a write": shipWrite, "a runbook": shipRunbook, "a variable of a runbook": shipGiven} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := ship(t, text+shipBoom)
			s.put(t, filepath.Base(s.file), strings.ReplaceAll(strings.ReplaceAll(planHead+text+shipBoom, "v1", "v2"), "toset(split", "toset( /* all */ split"))
			s.put(t, "child.hcl", strings.ReplaceAll(shipChild, "v1", "v2"))
			s.put(t, "regions.txt", "ap")
			said, keys := s.expected(t, "ship")
			if strings.Contains(said, "ap") || name != "a variable of a runbook" && !slices.Equal(keys, []string{"eu", "us"}) {
				t.Errorf("%q %q", said, keys)
			}
			first := s.fake.Log()[:2]
			want := []string{strings.Replace(first[0], "v1", "v2", 1), strings.Replace(first[1], "v1", "v2", 1)}
			if diff := cmp.Diff(append(want, "boom"), s.since(t, enginetest.Resume)); diff != "" {
				t.Error(diff)
			}
			if got := s.since(t, undoAll); len(got) != 4 || slices.ContainsFunc(got, func(id string) bool { return strings.Contains(id, "ap") }) {
				t.Error(got)
			}
		})
	}
}

// TestEachThatChanged: where the file writes another for_each, it is evaluated, and the question names the instances that come and go. What those
// did that are gone can be undone.
func TestEachThatChanged(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, from, to string }{
		{"a write", shipWrite, strings.Replace(shipWrite, `file("regions.txt")`, `"eu,ap"`, 1)},
		{"a runbook", shipRunbook, strings.Replace(shipRunbook, `file("regions.txt")`, `"eu,ap"`, 1)},
		{"a local", "locals { all = file(\"regions.txt\") }\n" + strings.Replace(shipRunbook, `file("regions.txt")`, "local.all", 1),
			"locals { all = \"eu,ap\" }\n" + strings.Replace(shipRunbook, `file("regions.txt")`, "local.all", 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := ship(t, tt.from+shipBoom)
			s.put(t, filepath.Base(s.file), planHead+tt.to+shipBoom)
			said, keys := s.expected(t, "ship")
			told := strings.Contains(said, "step ship has other instances: ap new; us gone") && !strings.Contains(said, `ship["us"]/`)
			if !told || !slices.Equal(keys, []string{"ap", "eu"}) {
				t.Errorf("%q %q", said, keys)
			}
			out := enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts)
			out.Ends(t, 0)
			if diff := cmp.Diff([]string{"in ap x v1", "boom"}, s.fake.Log()[3:]); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"back ap x", "back us x", "back eu x"}, s.since(t, undoAll)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestEachThatChangedBeforeACrash: a session that breaks off before it comes to the step leaves that to the next.
func TestEachThatChangedBeforeACrash(t *testing.T) {
	t.Parallel()
	s := ship(t, shipRunbook+shipBoom)
	s.put(t, filepath.Base(s.file), planHead+strings.Replace(shipRunbook, `file("regions.txt")`, `"eu,ap"`, 1)+shipBoom)
	out := enginetest.Resume(t, &enginetest.Fake{}, s.run.Result.RunID, s.opts)
	at := slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.RunResumed })
	s.opts.Journal = enginetest.CutAfter(t, s.opts.Journal, s.run.Result.RunID, int(out.Events[at].Seq))
	s.opts.WithChanges = false
	if diff := cmp.Diff([]string{"in ap x v1", "boom"}, s.since(t, enginetest.Resume)); diff != "" {
		t.Error(diff)
	}
}

// TestEachOfWhatRunsAgain: what a for_each takes from a step that runs again, or from a file that a write before it may have written, is not
// what it was, also by way of the variables of a runbook.
func TestEachOfWhatRunsAgain(t *testing.T) {
	t.Parallel()
	const from = `
step "fake_write" "list" {
  id    = "list"
  value = "eu,us"
}
`
	for name, text := range map[string]string{
		"a result":         strings.Replace(shipWrite, `file("regions.txt")`, `try(step.list.value, env("X"))`, 1),
		"given a runbook":  strings.Replace(shipGiven, `file("regions.txt")`, "step.list.value", 1),
		"a file behind it": strings.Replace(shipWrite, "for_each", "depends_on = [step.list]\n  for_each", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := ship(t, from+text+shipBoom)
			s.put(t, filepath.Base(s.file), planHead+strings.Replace(from, "eu,us", "ap", 1)+text+shipBoom)
			s.put(t, "regions.txt", "ap")
			if said, _ := s.expected(t, "ship"); name == "a file behind it" && !strings.Contains(said, "step ship has other instances: ap new; eu, us gone") {
				t.Error(said)
			}
			got := s.since(t, enginetest.Resume)
			if len(got) != 3 || !strings.Contains(got[1], "ap") {
				t.Error(got)
			}
		})
	}
}

// TestLostInstanceOfARunbook: an instance that is gone, and whose value its runbook was given, is refused as any that its undo needs.
func TestLostInstanceOfARunbook(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer(`toset(split(",", file("regions.txt")))`, `{ a = "eu", b = "us" }`, "each.key", "each.value").Replace(shipRunbook)
	s := ship(t, text+shipBoom)
	s.put(t, filepath.Base(s.file), planHead+strings.Replace(text, `, b = "us"`, "", 1)+shipBoom)
	before := len(s.fake.Log())
	out := enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts)
	const says = `is in a runbook that step ship["b"] runs, which is not among the instances of its for_each any more`
	if !strings.Contains(out.Diags.Error(), says) || len(s.fake.Log()) > before {
		t.Errorf("%v %q", out.Diags, s.fake.Log())
	}
	enginetest.Undo(t, s.fake, s.run.Result.RunID, s.opts).Ends(t, 1)
	if diff := cmp.Diff([]string{"back us x", "back eu x"}, s.fake.Log()[before:]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"in eu x v1", "boom"}, s.since(t, enginetest.Resume)); diff != "" {
		t.Error(diff)
	}
}
