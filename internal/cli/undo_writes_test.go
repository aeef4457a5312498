package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// rollBack is a run whose last write nobody knows of.
const rollBack = `
runbook "back" {}
provider "fake" { name = "production" }
step "fake_write" "cordon" {
  id = "cordon"
  undo "fake_write" { id = "uncordon" }
}
step "fake_write" "scale" {
  for_each   = toset(["a"])
  id         = "scale"
  depends_on = [step.cordon]
  undo "fake_write" { id = "scale back" }
}
step "fake_read" "look" {
  id         = "look"
  depends_on = [step.scale]
}
`

// TestUndoSettlesWrites: a run is taken back as a whole, with a write of which nobody knew whether it took place; nothing is sent again, and the
// run is closed then.
func TestUndoSettlesWrites(t *testing.T) {
	const lookAt = "this session leaves scale[\"a\"] in doubt; settle it with: runbook undo ID 'scale[\"a\"]'"
	all, rest := []string{"scale back", "uncordon"}, []string{"uncordon"}
	tests := map[string]struct {
		args   []string
		types  string
		found  provider.State
		status int
		does   []string
		says   []string
		open   bool
	}{
		"done":                     {args: []string{"--auto-approve", "--in-doubt", "done"}, does: all, says: []string{"took place: on the word of alice@laptop", "settled by alice@laptop"}},
		"not done":                 {args: []string{"--auto-approve", "--in-doubt", "redo"}, does: rest, says: []string{"counts as not done: there is nothing of it to take back"}},
		"by name":                  {args: []string{`scale["a"]`, "--auto-approve", "--in-doubt", `scale["a"]=done`}, does: all[:1], says: []string{"took place"}},
		"by name, not done":        {args: []string{"scale", "--in-doubt", "redo"}, says: []string{"counts as not done"}},
		"another step":             {args: []string{"cordon", "--auto-approve"}, status: ExitLeftOver, does: rest, says: []string{lookAt}, open: true},
		"nobody says it":           {args: []string{"--auto-approve"}, status: ExitLeftOver, does: rest, says: []string{lookAt, "which takes back what took place"}, open: true},
		"that step, nobody says":   {args: []string{"scale"}, status: ExitLeftOver, says: []string{"nobody knows whether scale[\"a\"] took place"}, open: true},
		"the system tells: it did": {args: []string{"--auto-approve"}, found: provider.Done, does: all, says: []string{"took place: it is there"}},
		"it did not":               {args: []string{"--auto-approve"}, found: provider.NotDone, does: rest, says: []string{"counts as not done"}},
		"a key is no word":         {args: []string{"--auto-approve"}, found: provider.Repeatable, status: ExitLeftOver, does: rest, says: []string{lookAt}, open: true},
		"asked: done":              {args: []string{"--auto-approve"}, types: "done\nlooked\n", does: all, says: []string{"Did it?", "took place: on the word of alice@laptop: looked"}},
		"asked: leave":             {args: []string{"--auto-approve"}, types: "leave\n\n", status: ExitLeftOver, does: rest, says: []string{lookAt}, open: true},
		"asked: abort":             {types: "abort\n\n", status: ExitLeftOver, says: []string{"nothing was run, and scale[\"a\"] stays in doubt"}, open: true},
	}
	for name, tc := range tests {
		for _, how := range []string{"killed", "lost"} {
			t.Run(name+", "+how, func(t *testing.T) {
				tt := newTerminal(t, false, nil, nil)
				tt.fake.Do = func(_ context.Context, id string, _ int) error {
					if id == "scale" {
						return errors.New("the answer got lost")
					}
					return nil
				}
				tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", rollBack), "--auto-approve")
				id := tt.lastRun(t)
				var on []string
				if how == "killed" {
					store, _ := cutBehind(t, tt, nil, run.StepStarted, `scale["a"]`)
					on = []string{"--store", store}
				}
				tt.fake.Do, tt.fake.Inquire = nil, nil
				if tc.found != provider.Unknown {
					tt.fake.Inquire = func(string) (provider.State, string, error) { return tc.found, "it is there", nil }
				}
				did := slices.Clone(tt.fake.Log())
				says := slices.Clone(tc.says)
				for i := range says {
					says[i] = strings.ReplaceAll(says[i], "ID", id)
				}
				next := tt.again(t, tc.types != "", tc.types)
				next.does(t, tc.status, says, slices.Concat([]string{"undo", id}, tc.args, on)...)
				if diff := cmp.Diff(append(did, tc.does...), tt.fake.Log()); diff != "" {
					t.Errorf("%s\n%s%s", diff, next.out, next.err)
				}
				tt.fake.Inquire = nil
				if tc.open {
					tt.again(t, false, "").does(t, ExitPassed, []string{"took place"}, append([]string{"undo", id, "--auto-approve", "--in-doubt", "done"}, on...)...)
				} else if name != "by name" && name != "by name, not done" {
					tt.again(t, false, "").does(t, ExitRefused, []string{"has nothing to undo"}, append([]string{"undo", id, "--auto-approve"}, on...)...)
				}
				tt.again(t, false, "").does(t, ExitPassed, nil, append([]string{"resume", id, "--auto-approve"}, on...)...)
			})
		}
	}
}

// TestUndoWaitsForADoubt: what a step did before is not taken back beside its last write that is left in doubt, as that would bring back what was in between; who names it
// alone knows that.
func TestUndoWaitsForADoubt(t *testing.T) {
	const text = `
runbook "test" {}
provider "fake" {}
step "fake_write" "pay" {
  id = "pay"
  assert { condition = self.call > 1 }
  undo "fake_write" { id = "refund ${self.call}" }
}
`
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if id == "pay" && n == 2 {
			return errors.New("the answer got lost")
		}
		return nil
	}
	tt.does(t, ExitFailed, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitLeftOver, nil, "resume", id, "--auto-approve")
	did := tt.fake.Log()
	tt.again(t, false, "").does(t, ExitLeftOver, []string{"this session leaves pay in doubt", "undo of pay: it did not run"}, "undo", id, "--auto-approve")
	if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, "--auto-approve", "--in-doubt", "redo")
	if diff := cmp.Diff(append(did, "refund 1"), tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestWordAboutNothing: an undo that is neither in doubt nor failed is not sent on the word that it was done by hand.
func TestWordAboutNothing(t *testing.T) {
	for _, words := range [][]string{{"done"}, {"redo"}, {"abort"}, {"redo", "cordon"}, {"abort", "cordon"}} {
		tt := newTerminal(t, false, nil, nil)
		tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", rollBack), "--auto-approve")
		did := tt.fake.Log()
		tt.again(t, false, "").does(t, ExitRefused, []string{"--in-doubt " + words[0] + ": nothing of what is to be undone is in doubt"},
			append([]string{"undo", tt.lastRun(t), "--auto-approve", "--in-doubt"}, words...)...)
		if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
			t.Error(diff)
		}
	}
}

// TestNothingIsSettledBeforeTheQuestion: who says no to the undos has settled nothing.
func TestNothingIsSettledBeforeTheQuestion(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if id == "scale" {
			return errors.New("the answer got lost")
		}
		return nil
	}
	tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", rollBack), "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitRefused, []string{"undo of scale[\"a\"]", "undo of cordon", "nothing was run"}, "undo", id, "--in-doubt", "done")
	tt.again(t, true, "no\n").does(t, ExitRefused, []string{"the answer was not \"yes\""}, "undo", id, "--in-doubt", "done")
	tt.again(t, false, "").does(t, ExitPassed, []string{"in doubt: scale[\"a\"]"}, "runs")
	tt.again(t, true, "yes\n").does(t, ExitPassed, []string{"settled by", "undo scale[\"a\"]", "undo cordon"}, "undo", id, "--in-doubt", "done")
}

// TestWordAboutAnotherStep: what is in doubt beside what is to be undone is not settled on the way, and the error says how it is.
func TestWordAboutAnotherStep(t *testing.T) {
	tt, id := doubtBeside(t, "scale")
	did := tt.fake.Log()
	undo := func(says string, args ...string) {
		t.Helper()
		tt.again(t, false, "").does(t, ExitRefused, []string{says}, append([]string{"undo", id, "--auto-approve"}, args...)...)
	}
	undo(`scale["a"] is not among the steps to be undone; it is settled with: runbook undo `+id+` 'scale["a"]' --in-doubt done`, "cordon", "--in-doubt", `scale["a"]=done`)
	undo("cordon is not among the steps to be undone", "scale", "--in-doubt", "cordon=done", "--in-doubt", `scale["a"]=done`)
	if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestNothingIsSent: where a write counts as not done, and the undo in doubt as done, there is nothing to say yes to; what is sent is asked about
// without what is done.
func TestNothingIsSent(t *testing.T) {
	tt, id := doubtBeside(t, "scale", "uncordon")
	did := tt.fake.Log()
	next := tt.again(t, false, "")
	next.does(t, ExitRefused, []string{"undo of scale[\"a\"]"}, "undo", id, "--in-doubt", `scale["a"]=done`, "--in-doubt", "cordon=done")
	if said := next.err.String(); strings.Contains(said, "undo of cordon  fake_write") {
		t.Errorf("it is done, and asked about:\n%s", said)
	}
	tt.again(t, false, "").does(t, ExitPassed, []string{"counts as not done", "counts as done"}, "undo", id, "--in-doubt", `scale["a"]=redo`, "--in-doubt", "cordon=done")
	if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// doubtBeside is a run of which some answers got lost, that of the undo of cordon among them where that is in doubt.
func doubtBeside(t *testing.T, lost ...string) (*terminal, string) {
	t.Helper()
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if slices.Contains(lost, id) {
			return errors.New("the answer got lost")
		}
		return nil
	}
	tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", rollBack), "--auto-approve")
	id := tt.lastRun(t)
	if slices.Contains(lost, "uncordon") {
		tt.again(t, false, "").does(t, ExitLeftOver, nil, "undo", id, "cordon", "--auto-approve")
	}
	return tt, id
}

// TestUndoOfAStepOfARunThatBrokeOff: what the end of the run has undone is not lost with that.
func TestUndoOfAStepOfARunThatBrokeOff(t *testing.T) {
	text := strings.Replace(rollBack, `{ id = "uncordon" }`, "{\n on = \"end\"\n id = \"uncordon\"\n}", 1)
	tt := newTerminal(t, false, nil, nil)
	store, id := brokenOffAt(t, tt, tt.file(t, "x.hcl", text), nil, run.StepFinished, `scale["a"]`)
	tt.again(t, false, "").does(t, ExitLeftOver, []string{"undo scale[\"a\"]", "undo of cordon: it did not run; run it with: runbook undo " + id + " cordon"},
		"undo", id, "scale", "--auto-approve", "--store", store)
	tt.again(t, false, "").does(t, ExitPassed, []string{"undo cordon"}, "undo", id, "cordon", "--auto-approve", "--store", store)
}
