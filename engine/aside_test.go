package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const (
	asideChild = `
runbook "child" {}
variable "k" { type = string }
provider "fake" {}
step "fake_write" "first" {
  id = "first ${var.k}"
  undo "fake_write" { id = "back ${var.k}" }
}
step "fake_write" "w" {
  id         = "w ${var.k}"
  depends_on = [step.first]
  approval { prompt = "${var.k}?" }
}
`
	asideParent = `
step "runbook" "c" {
  for_each  = toset(["a", "b", "c"])
  source    = "child.hcl"
  variables = { k = each.key }
}
`
)

// asksInB is a run that waits for a person in the second instance of a runbook.
func asksInB(t *testing.T) *changedRun {
	t.Helper()
	s := &changedRun{fake: &enginetest.Fake{}, opts: enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true}}
	s.file = enginetest.Write(t, planHead+asideParent)
	s.put(t, "child.hcl", asideChild)
	s.run = enginetest.RunFile(t, s.fake, s.file, s.opts)
	s.run.Pauses(t)
	s.says(t, `c["a"]/w`)
	s.resumes(t)
	s.opts.WithChanges = true
	return s
}

// says gives a yes to the question about a step as it was asked last.
func (s *changedRun) says(t *testing.T, step string) {
	t.Helper()
	for i, e := range slices.Backward(s.run.Events) {
		if e.Type == run.StepWaiting && e.Step == step {
			answer(t, s.opts.Journal, enginetest.Outcome{Events: s.run.Events[i : i+1]}, step, "true")
			return
		}
	}
	t.Fatalf("step %s asks nothing", step)
}

// resumes goes on with the run, whose events stay, and gives what begins the session.
func (s *changedRun) resumes(t *testing.T) *run.Event {
	t.Helper()
	before := s.run.Events
	s.run = enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts)
	s.run.Events = append(before, s.run.Events...)
	return &s.run.Events[len(before)]
}

// waits are the steps that the run waits for at its end.
func (s *changedRun) waits() []string { return s.run.Events[len(s.run.Events)-1].Waits }

// TestAQuestionOfAnInstanceThatIsGone waits for nobody, be it of the step or in the runbook that it ran. What was done there can be undone, and
// an instance that comes back is asked about anew, whatever was answered before.
func TestAQuestionOfAnInstanceThatIsGone(t *testing.T) {
	t.Parallel()
	s := asksInB(t)
	if diff := cmp.Diff([]string{`c["b"]/w`}, s.waits()); diff != "" {
		t.Fatal(diff)
	}
	s.says(t, `c["b"]/w`)
	enginetest.Rewrite(t, s.file, planHead+strings.Replace(asideParent, `"b", `, "", 1))
	begun := s.resumes(t)
	if diff := cmp.Diff([][]string{{`c["b"]/w`}, nil, {`c["c"]/w`}}, [][]string{begun.Gone, begun.AskedAgain, s.waits()}); diff != "" {
		t.Error(diff)
	}
	enginetest.Rewrite(t, s.file, planHead+asideParent)
	s.resumes(t)
	waits := []string{`c["b"]/w`, `c["c"]/w`} // which was asked while the other was gone, and still is
	for i, step := range waits {
		if diff := cmp.Diff(waits[i:], s.waits()); diff != "" {
			t.Errorf("it is back: %s", diff)
		}
		s.says(t, step)
		s.resumes(t)
	}
	s.run.Ends(t, 0)
	did := s.fake.Log()
	slices.Sort(did)
	if diff := cmp.Diff([]string{"first a", "first b", "first c", "w a", "w b", "w c"}, did); diff != "" {
		t.Error(diff)
	}
	if got := s.since(t, undoAll); len(got) != 3 {
		t.Errorf("undone: %q", got)
	}
}

// TestAnInstanceThatIsGoneRunsNot: what failed in the runbook that it ran is among what runs again in no session. It runs again once the instance is back, without what passed there.
func TestAnInstanceThatIsGoneRunsNot(t *testing.T) {
	t.Parallel()
	s := &changedRun{fake: &enginetest.Fake{Do: failsFirst("w b", enginetest.ErrUnreachable())}, opts: enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}}
	s.file = enginetest.Write(t, planHead+asideParent)
	s.put(t, "child.hcl", strings.NewReplacer(`  approval { prompt = "${var.k}?" }`+"\n", "").Replace(asideChild))
	s.run = enginetest.RunFile(t, s.fake, s.file, s.opts)
	s.run.Ends(t, 1)
	enginetest.Rewrite(t, s.file, planHead+strings.Replace(asideParent, `"b", `, "", 1))
	for range 2 {
		begun := s.resumes(t)
		s.run.Ends(t, 0)
		if len(begun.Reset) > 0 {
			t.Errorf("runs again: %q", begun.Reset)
		}
	}
	before := len(s.fake.Log())
	s.fake.Do = nil
	enginetest.Rewrite(t, s.file, planHead+asideParent)
	s.resumes(t)
	s.run.Ends(t, 0)
	if diff := cmp.Diff([]string{"w b"}, s.fake.Log()[before:]); diff != "" {
		t.Errorf("it is back: %s", diff)
	}
}

// TestUndosOfInstancesThatAreGoneAreCounted, in the session that undoes them and in those behind it.
func TestUndosOfInstancesThatAreGoneAreCounted(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"writes": moreEach, "a runbook": shipRunbook + shipBoom} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, from, to := (*changedRun)(nil), `["b", "d"]`, `["c"]`
			if name == "writes" {
				s = moreRun(t, enginetest.Syntaxes[0], text)
			} else {
				s, from, to = ship(t, text), `file("regions.txt")`, `"ap"`
			}
			enginetest.Rewrite(t, s.file, planHead+strings.Replace(text, from, to, 1))
			s.resumes(t)
			s.run.Ends(t, 0)
			out := enginetest.Undo(t, s.fake, s.run.Result.RunID, s.opts)
			out.Ends(t, 0)
			if got := out.Result.Counts[run.Undone]; got != 3 {
				t.Errorf("%d undone of %q", got, s.fake.Log())
			}
			again := enginetest.Undo(t, s.fake, s.run.Result.RunID, s.opts)
			if again.Result != nil && again.Result.Counts[run.Undone] != 3 {
				t.Errorf("%d undone in the end", again.Result.Counts[run.Undone])
			}
		})
	}
}

// TestAnInstanceThatIsGoneVeilsNothing: what systems answer to undos is shown where nothing in the runbook of such an instance is secret, and is
// not where something may be.
func TestAnInstanceThatIsGoneVeilsNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		was, is string
		veiled  bool
	}{
		"nothing is secret": {"", "", false},
		"a variable":        {"type = string", "sensitive = true", true},
		"a secret":          {`id         = "w ${var.k}"`, `id = "w ${secret("env:TOLD_${var.k}")}"`, true},
		"a configuration":   {`provider "fake" {}`, `provider "fake" { password = secret("env:TOLD_${var.k}") }`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			child := strings.Replace(asideChild, "  undo \"fake_write\" { id = \"back ${var.k}\" }\n", "", 1)
			if tc.was != "" {
				child = strings.Replace(child, tc.was, tc.is, 1)
			}
			parent := "step \"fake_write\" \"own\" {\n  id = \"own\"\n  undo \"fake_write\" { id = \"undo\" }\n}\n" + strings.Replace(asideParent, "each.key", "each.value", 1)
			s := &changedRun{fake: &enginetest.Fake{Says: func(string) string { return "undone it is" }}, opts: enginetest.Options{
				Journal: enginetest.Store(t), AutoApprove: true, Env: map[string]string{"TOLD_a": "s3cret-a", "TOLD_b": "s3cret-b", "TOLD_c": "s3cret-c"},
				Seal: plain, Unseal: opened,
			}}
			s.file = enginetest.Write(t, planHead+parent)
			s.put(t, "child.hcl", child)
			s.run = enginetest.RunFile(t, s.fake, s.file, s.opts)
			s.run.Pauses(t)
			enginetest.Rewrite(t, s.file, planHead+strings.Replace(parent, `"a", `, "", 1))
			s.opts.WithChanges = true
			s.resumes(t)
			s.run.Pauses(t)
			out := enginetest.Undo(t, s.fake, s.run.Result.RunID, s.opts, "own")
			for _, e := range out.Events {
				if e.Type == run.UndoFinished && (string(e.Result) == `"(sensitive)"`) != tc.veiled {
					t.Errorf("the undo gave %s", e.Result)
				}
			}
			if s.fake.Calls("undo") != 1 {
				t.Errorf("undone %d times: %v", s.fake.Calls("undo"), out.Diags)
			}
		})
	}
}
