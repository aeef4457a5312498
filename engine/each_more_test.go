package engine_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// moreEach is a runbook of which boom fails, which stands behind instances of a write, a read and a question.
const moreEach = `
locals { hosts = ["b", "d"] }
step "fake_read" "seen" {
  for_each = toset(local.hosts)
  id       = "see ${each.key}"
}
step "fake_ask" "sure" {
  for_each = toset(local.hosts)
  prompt   = "${each.key}?"
}
step "fake_write" "w" {
  for_each   = { for h in local.hosts : h => "v ${h}" }
  id         = "w ${each.key}"
  value      = each.value
  depends_on = [step.seen, step.sure]
  undo "fake_write" { id = "back ${each.key}" }
}
step "fake_write" "other" { id = "other" }
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.w, step.other]
}
`

// TestNewInstancesRunAlone: where changed files give a step one instance more, that one runs, and what the others did is not repeated; nor is
// anybody asked once more. What one did that is gone stays, and can be undone.
func TestNewInstancesRunAlone(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		old, new     string
		does, undoes []string
	}{
		"before the others":  {`["b", "d"]`, `["a", "b", "d"]`, []string{"see a", "w a"}, []string{"w a", "other", "w d", "w b"}},
		"between the others": {`["b", "d"]`, `["b", "c", "d"]`, []string{"see c", "w c"}, []string{"w c", "other", "w d", "w b"}},
		"behind the others":  {`["b", "d"]`, `["b", "d", "e"]`, []string{"see e", "w e"}, []string{"w e", "other", "w d", "w b"}},
		"several":            {`["b", "d"]`, `["a", "b", "d", "e"]`, []string{"see a", "see e", "w a", "w e"}, []string{"w e", "w a", "other", "w d", "w b"}},
		"one less":           {`["b", "d"]`, `["d"]`, nil, []string{"other", "w d", "w b"}},
		"another":            {`["b", "d"]`, `["c", "d"]`, []string{"see c", "w c"}, []string{"w c", "other", "w d", "w b"}},
		"none of them":       {`["b", "d"]`, `["x", "y"]`, []string{"see x", "see y", "w x", "w y"}, []string{"w y", "w x", "other", "w d", "w b"}},
		"a value too":        {`"v ${h}"`, `h == "b" ? "v 2" : "v ${h}"`, []string{"w b"}, []string{"w b", "other", "w d", "w b"}},
	}
	for name, tc := range tests {
		for _, syntax := range enginetest.Syntaxes {
			t.Run(name+" in "+syntax.Ending, func(t *testing.T) {
				t.Parallel()
				s := moreRun(t, syntax, moreEach)
				before := len(s.fake.Log())
				enginetest.Rewrite(t, s.file, syntax.Of(t, planHead+strings.Replace(moreEach, tc.old, tc.new, 1)))
				out := enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts)
				out.Ends(t, 0)
				did := s.fake.Log()[before:]
				slices.SortStableFunc(did, func(a, b string) int { return strings.Compare(readFirst(a), readFirst(b)) })
				if diff := cmp.Diff(append(tc.does, "boom"), did); diff != "" {
					t.Error(diff)
				}
				for _, e := range out.Events {
					if e.Type == run.StepWaiting && strings.Contains(e.Step, `"d"`) {
						t.Errorf("%s asks once more", e.Step)
					}
				}
				s.undoes(t, tc.undoes)
			})
		}
	}
}

// readFirst sorts reads, which run side by side, before writes.
func readFirst(id string) string {
	if strings.HasPrefix(id, "see ") {
		return id
	}
	return "write"
}

// moreRun is a run whose last step failed; everybody says yes.
func moreRun(t *testing.T, syntax enginetest.Syntax, text string) *changedRun {
	t.Helper()
	s := &changedRun{opts: enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true, Asker: secretive{}}}
	s.fake, s.file = fails("boom", &s.mended), enginetest.Write(t, "")
	s.file = strings.TrimSuffix(s.file, ".hcl") + syntax.Ending
	enginetest.Rewrite(t, s.file, syntax.Of(t, planHead+text))
	s.run = enginetest.RunFile(t, s.fake, s.file, s.opts)
	s.run.Ends(t, 1)
	s.mended = true
	return s
}

// undoes has all taken back, and checks of which writes that is, last first.
func (s *changedRun) undoes(t *testing.T, want []string) {
	t.Helper()
	want = slices.DeleteFunc(slices.Clone(want), func(id string) bool { return !strings.HasPrefix(id, "w ") })
	for i := range want {
		want[i] = "back " + strings.TrimPrefix(want[i], "w ")
	}
	if diff := cmp.Diff(want, s.since(t, undoAll)); diff != "" {
		t.Errorf("undone: %s", diff)
	}
}

// TestNewInstancesAreTold by the question before the resume, and the event that begins the session.
func TestNewInstancesAreTold(t *testing.T) {
	t.Parallel()
	s := moreRun(t, enginetest.Syntaxes[0], moreEach)
	enginetest.Rewrite(t, s.file, planHead+strings.Replace(moreEach, `["b", "d"]`, `["b", "c"]`, 1))
	said, keys := s.expected(t, "w")
	if !strings.Contains(said, "step w has other instances: c new; d gone") || strings.Contains(said, "carried out") || !slices.Equal(keys, []string{"b", "c"}) {
		t.Errorf("%q %q", said, keys)
	}
	out := enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts)
	out.Ends(t, 0)
	at := slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.RunResumed })
	want := []run.Instances{{Step: "seen", Keys: []string{"b", "c"}}, {Step: "sure", Keys: []string{"b", "c"}}, {Step: "w", Keys: []string{"b", "c"}}}
	if diff := cmp.Diff(want, out.Events[at].Instances); diff != "" {
		t.Error(diff)
	}
}

// TestNewInstancesOverCrashes: wherever the session breaks off, the next goes on with what is left, and sends no write a second time.
func TestNewInstancesOverCrashes(t *testing.T) {
	t.Parallel()
	begin := moreRun(t, enginetest.Syntaxes[0], moreEach)
	id, first := begin.run.Result.RunID, begin.fake.Log()
	enginetest.Rewrite(t, begin.file, planHead+strings.Replace(moreEach, `["b", "d"]`, `["a", "c", "d"]`, 1))
	from := begin.run.Events[len(begin.run.Events)-1].Seq
	to := from + 1
	for at := from + 1; at <= to; at++ {
		opts := begin.opts
		opts.Journal = enginetest.CutAfter(t, begin.opts.Journal, id, int(from))
		whole := enginetest.Resume(t, &enginetest.Fake{}, id, opts)
		whole.Ends(t, 0)
		to = whole.Events[len(whole.Events)-1].Seq - 1
		opts.Journal, opts.WithChanges = enginetest.CutAfter(t, opts.Journal, id, int(at)), false
		left := map[string]bool{"w a": true, "w c": true, "boom": true}
		for _, e := range whole.Events {
			if e.Seq > from && e.Seq <= at && e.Type == run.StepFinished {
				delete(left, strings.NewReplacer(`["`, " ", `"]`, "").Replace(e.Step))
			}
		}
		fake := &enginetest.Fake{}
		enginetest.Resume(t, fake, id, opts).Ends(t, 0)
		var writes []string
		for _, id := range fake.Log() {
			if !strings.HasPrefix(id, "see ") {
				writes = append(writes, id)
			}
		}
		for _, id := range writes {
			if !left[id] {
				t.Errorf("broken off after %d: %s is sent, after %q", at, id, first)
			}
			delete(left, id)
		}
		if len(left) > 0 {
			t.Errorf("broken off after %d: %v are not sent", at, left)
		}
	}
}

// TestNewInstancesWaitForTheirTurn: what comes before the step fails in the session that gives it others, so that these are blocked; the next
// session goes on with them, and with nothing else.
func TestNewInstancesWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	const text = `
step "fake_write" "first" { id = "first" }
step "fake_write" "w" {
  for_each   = toset(["b", "d"])
  id         = "w ${each.key}"
  depends_on = [step.first]
}
step "fake_write" "after" { id = "after ${length(step.w)}" }
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.after]
}
`
	s := moreRun(t, enginetest.Syntaxes[0], text)
	enginetest.Undo(t, s.fake, s.run.Result.RunID, s.opts)
	changed := planHead + strings.NewReplacer(`"first" }`, `"second" }`, `["b", "d"]`, `["a", "d"]`).Replace(text)
	enginetest.Rewrite(t, s.file, changed)
	broken := s.fake.Do
	s.fake.Do = failsFirst("second", enginetest.ErrUnreachable())
	before := len(s.fake.Log())
	out := enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts)
	out.Ends(t, 1)
	s.fake.Do, s.opts.WithChanges = broken, false
	enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts).Ends(t, 0)
	want := []string{"second", "second", "w a", "w d", "after 2", "boom"} // all that depends on a step that does something else runs again
	if diff := cmp.Diff(want, s.fake.Log()[before:]); diff != "" {
		t.Error(diff)
	}
}

// listedWrites is a runbook of which only the run can tell which writes there are.
const listedWrites = `
step "fake_read" "list" {
  id    = "list"
  value = ["b", "d"]
}
step "fake_write" "w" {
  for_each = toset(concat(step.list.value, []))
  id       = "w ${each.key}"
}
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.w]
}
`

// TestNewInstancesAreAskedAbout, and they alone, where only the run can list them; over pauses too. A no counts for them alone.
func TestNewInstancesAreAskedAbout(t *testing.T) {
	t.Parallel()
	for _, yes := range []bool{true, false} {
		s := &changedRun{file: enginetest.Write(t, planHead+listedWrites), opts: enginetest.Options{Journal: enginetest.Store(t), WithChanges: true}}
		s.fake = fails("boom", &s.mended)
		s.run = enginetest.RunFile(t, s.fake, s.file, s.opts)
		s.run.Ends(t, 3)
		id := s.run.Result.RunID
		answer(t, s.opts.Journal, s.run, "w", "true")
		enginetest.Resume(t, s.fake, id, s.opts).Ends(t, 1)
		s.mended = true
		before := len(s.fake.Log())
		enginetest.Rewrite(t, s.file, planHead+strings.Replace(listedWrites, "value, []", `value, ["a", "e"]`, 1))
		asks := enginetest.Resume(t, s.fake, id, s.opts)
		asks.Ends(t, 3)
		if q := asked(t, asks, "w"); !slices.Equal(q.Items, []string{"a", "e"}) || len(q.Writes) != 2 {
			t.Errorf("it asks about %+v", q)
		}
		s.opts.WithChanges = false
		if !yes {
			answer(t, s.opts.Journal, asks, "w", "false")
			enginetest.Resume(t, s.fake, id, s.opts).Ends(t, 1)
			asks = enginetest.Resume(t, s.fake, id, s.opts)
			asks.Ends(t, 3)
			if q := asked(t, asks, "w"); !slices.Equal(q.Items, []string{"a", "e"}) {
				t.Errorf("after a no it asks about %+v", q)
			}
		}
		answer(t, s.opts.Journal, asks, "w", "true")
		enginetest.Resume(t, s.fake, id, s.opts).Ends(t, 0)
		if diff := cmp.Diff([]string{"w a", "w e", "boom"}, s.fake.Log()[before:]); diff != "" {
			t.Error(diff)
		}
	}
}

// TestDoneInstanceThatIsGone counts as done nowhere: the resume is refused, and what to do instead is said.
func TestDoneInstanceThatIsGone(t *testing.T) {
	t.Parallel()
	s := &changedRun{opts: enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}}
	const text = `
step "fake_write" "w" {
  for_each = toset(["b", "d"])
  id       = "w ${each.key}"
}
`
	s.file = enginetest.Write(t, planHead+text)
	s.fake = &enginetest.Fake{Do: failsFirst("w d", errLost)}
	s.run = enginetest.RunFile(t, s.fake, s.file, s.opts)
	s.run.Ends(t, 4)
	enginetest.Rewrite(t, s.file, planHead+strings.Replace(text, `["b", "d"]`, `["b", "c"]`, 1))
	before := len(s.fake.Log())
	decided := run.DecisionDone
	s.opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
		return run.Resolution{Decision: decided, How: run.HowDeclared, Who: "ann"}
	}
	out := enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts)
	if !strings.Contains(out.Diags.Error(), `w["d"] counts as done, and is not among the instances any more`) || len(s.fake.Log()) > before {
		t.Errorf("%v %q", out.Diags, s.fake.Log())
	}
	decided = run.DecisionRedo
	enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts).Ends(t, 0)
	if diff := cmp.Diff([]string{"w c"}, s.fake.Log()[before:]); diff != "" {
		t.Error(diff)
	}
}

// TestNewInstancesOfAFile: what a changed for_each makes of a file holds from the session on that was told of it, whatever the file says later.
func TestNewInstancesOfAFile(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"a write": shipWrite, "a runbook": shipRunbook} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := ship(t, text+shipBoom)
			s.put(t, "regions.txt", "ap,eu")
			changed := strings.Replace(text, `split(",", file("regions.txt"))`, `concat(split(",", file("regions.txt")), ["zz"])`, 1)
			s.put(t, filepath.Base(s.file), planHead+changed+shipBoom)
			if said, _ := s.expected(t, "ship"); !strings.Contains(said, "step ship has other instances: ap, zz new; us gone") {
				t.Error(said)
			}
			s.mended = false
			before := len(s.fake.Log())
			enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts).Ends(t, 1)
			s.mended, s.opts.WithChanges = true, false
			s.put(t, "regions.txt", "nobody")
			enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts).Ends(t, 0)
			if diff := cmp.Diff([]string{"in ap x v1", "in zz x v1", "boom", "boom"}, s.fake.Log()[before:]); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"back zz x", "back ap x", "back us x", "back eu x"}, s.since(t, undoAll)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAnInstanceThatFailedIsGone: its step has not failed any more without it, and neither has the run.
func TestAnInstanceThatFailedIsGone(t *testing.T) {
	t.Parallel()
	s := moreRun(t, enginetest.Syntaxes[0], `
step "fake_write" "w" {
  for_each = toset(["ok", "sad"])
  id       = each.key == "sad" ? "boom" : each.key
}
step "fake_write" "after" { id = "after ${join(",", keys(step.w))}" }
`)
	s.mended = false // it would fail again
	enginetest.Rewrite(t, s.file, strings.Replace(textOf(t, s.file), `["ok", "sad"]`, `["ok"]`, 1))
	if got := s.since(t, enginetest.Resume); !slices.Equal(got, []string{"after ok"}) {
		t.Errorf("%q", got)
	}
}

// TestASkippedInstanceSeesAnotherEach: its when is decided anew; one that sees the same stays skipped, and what was carried out stays.
func TestASkippedInstanceSeesAnotherEach(t *testing.T) {
	t.Parallel()
	for _, changed := range []string{`d = "yes", e = "no"`, `d = "yes", e = "no", f = "no"`} {
		s := moreRun(t, enginetest.Syntaxes[0], `
step "fake_write" "w" {
  for_each = { b = "yes", d = "no", e = "no" }
  id       = "w ${each.key}"
  when     = each.value == "yes"
}
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.w]
  run_if     = "always"
}
`)
		enginetest.Rewrite(t, s.file, strings.Replace(textOf(t, s.file), `d = "no", e = "no"`, changed, 1))
		if got := s.since(t, enginetest.Resume); !slices.Equal(got, []string{"w d", "boom"}) {
			t.Errorf("%s: %q", changed, got)
		}
	}
}

func textOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
