package engine_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// TestInstancesThatComeBack: one that a changed file took away, and that the next gives back, has not to be carried out again: what it did is still
// there, unless it was undone, or would be sent otherwise now.
func TestInstancesThatComeBack(t *testing.T) {
	t.Parallel()
	const text = `
step "fake_write" "w" {
  for_each = { b = "v1", d = "v1" }
  id       = "w ${each.key} ${each.value}"
  undo "fake_write" { id = "back ${each.key} ${each.value}" }
}
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.w]
}
`
	const all = `{ b = "v1", d = "v1" }`
	for name, tc := range map[string]struct {
		between, last string
		undo          bool
		does          []string
	}{
		"as it was":           {`{ d = "v1" }`, all, false, []string{"boom", "boom"}},
		"all of them":         {`{}`, all, false, []string{"boom", "boom"}},
		"otherwise":           {`{ d = "v1" }`, `{ b = "v2", d = "v1" }`, false, []string{"boom", "w b v2", "boom"}},
		"with others":         {`{ c = "v1" }`, `{ b = "v1", c = "v1", e = "v1" }`, false, []string{"w c v1", "boom", "w e v1", "boom"}},
		"undone in between":   {`{ d = "v1" }`, all, true, []string{"boom", "back d v1", "back b v1", "w b v1", "w d v1", "boom"}},
		"otherwise, and back": {`{ b = "v2", d = "v1" }`, all, false, []string{"w b v2", "boom", "w b v1", "boom"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := moreRun(t, enginetest.Syntaxes[0], text)
			before := len(s.fake.Log())
			s.mended = false
			enginetest.Rewrite(t, s.file, planHead+strings.Replace(text, all, tc.between, 1))
			enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts).Ends(t, 1)
			if tc.undo {
				s.since(t, undoAllFailed)
			}
			s.mended = true
			enginetest.Rewrite(t, s.file, planHead+strings.Replace(text, all, tc.last, 1))
			if said, _ := s.expected(t, "w"); strings.Contains(said, "carried out") != (name == "otherwise" || name == "otherwise, and back") {
				t.Error(said)
			}
			out := enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts)
			out.Ends(t, 0)
			if diff := cmp.Diff(tc.does, s.fake.Log()[before:]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// undoAllFailed is undoAll of a run that stays failed.
func undoAllFailed(t testing.TB, fake *enginetest.Fake, id string, opts enginetest.Options) enginetest.Outcome {
	out := enginetest.Undo(t, fake, id, opts)
	out.Ends(t, 1)
	out.Result.ExitStatus = 0
	return out
}

// TestInstancesOfAFileHoldBeforeTheirTurn: what was told of a changed for_each over a file holds also where the run pauses before the step's turn.
func TestInstancesOfAFileHoldBeforeTheirTurn(t *testing.T) {
	t.Parallel()
	const text = `
step "fake_ask" "gate" { prompt = "go?" }
step "fake_write" "ship" {
  for_each   = jsondecode(file("regions.txt"))
  id         = "in ${each.key} ${each.value}"
  depends_on = [step.gate]
}
`
	s := &changedRun{opts: enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true, Asker: secretive{}}}
	s.fake, s.file = fails("boom", &s.mended), enginetest.Write(t, "")
	s.put(t, "regions.txt", `{"eu": "v1", "us": "v1"}`)
	enginetest.Rewrite(t, s.file, planHead+text+shipBoom)
	s.run = enginetest.RunFile(t, s.fake, s.file, s.opts)
	s.run.Ends(t, 1)
	before := len(s.fake.Log())
	s.opts.Asker = nil
	enginetest.Rewrite(t, s.file, planHead+strings.NewReplacer(`"go?"`, `"go on?"`,
		`jsondecode(file("regions.txt"))`, `merge(jsondecode(file("regions.txt")), { zz = "v1" })`).Replace(text)+shipBoom)
	out := enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts)
	out.Ends(t, 3)
	s.opts.WithChanges, s.mended = false, true
	s.put(t, "regions.txt", `{"eu": "v2", "qq": "v2"}`)
	answer(t, s.opts.Journal, out, "gate", "true")
	enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts).Ends(t, 0)
	if diff := cmp.Diff([]string{"in zz v1", "boom"}, s.fake.Log()[before:]); diff != "" {
		t.Error(diff)
	}
}

// TestNothingIsLeftToAskAbout: a change takes away all that an open question about writes is for. Nobody is asked about none.
func TestNothingIsLeftToAskAbout(t *testing.T) {
	t.Parallel()
	s := &changedRun{file: enginetest.Write(t, planHead+listedWrites), opts: enginetest.Options{Journal: enginetest.Store(t), WithChanges: true}}
	s.fake = fails("boom", &s.mended)
	s.run = enginetest.RunFile(t, s.fake, s.file, s.opts)
	id := s.run.Result.RunID
	answer(t, s.opts.Journal, s.run, "w", "true")
	enginetest.Resume(t, s.fake, id, s.opts).Ends(t, 1)
	s.mended = true
	enginetest.Rewrite(t, s.file, planHead+strings.Replace(listedWrites, "value, []", `value, ["a", "e"]`, 1))
	enginetest.Resume(t, s.fake, id, s.opts).Ends(t, 3)
	enginetest.Rewrite(t, s.file, planHead+listedWrites)
	if got := s.since(t, enginetest.Resume); len(got) != 1 || got[0] != "boom" {
		t.Errorf("%q", got)
	}
}

// TestTheKeyOfAnInstanceThatComesBack is that of the write that did not take place, as somebody said, while it was away.
func TestTheKeyOfAnInstanceThatComesBack(t *testing.T) {
	t.Parallel()
	const text = `
step "fake_write" "w" {
  for_each = toset(["b", "d"])
  id       = "w ${each.key}"
}
`
	s := &changedRun{opts: enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}}
	s.file = enginetest.Write(t, planHead+text)
	s.fake = &enginetest.Fake{Do: failsFirst("w b", errLost)}
	s.run = enginetest.RunFile(t, s.fake, s.file, s.opts)
	s.run.Ends(t, 4)
	s.opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
		return run.Resolution{Decision: run.DecisionRedo, How: "flag", Who: "ann"}
	}
	enginetest.Rewrite(t, s.file, planHead+strings.Replace(text, `["b", "d"]`, `["c", "d"]`, 1))
	s.fake.Do = failsFirst("w c", enginetest.ErrUnreachable())
	enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts).Ends(t, 1)
	enginetest.Rewrite(t, s.file, planHead+text)
	out := enginetest.Resume(t, s.fake, s.run.Result.RunID, s.opts)
	out.Ends(t, 0)
	keys := map[string]bool{}
	for _, e := range append(s.run.Events, out.Events...) {
		if e.Type == run.StepStarted && e.Step == `w["b"]` {
			keys[e.Key] = true
		}
	}
	if len(keys) != 1 || s.fake.Calls("w b") != 2 {
		t.Errorf("sent %d times, as %v", s.fake.Calls("w b"), keys)
	}
}
