package cli

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// settledPartly is how a write, or an undo, is settled of which a part took place.
type settledPartly struct {
	args   []string
	types  string
	status int
	does   []string
	says   []string
}

// TestPartOfAnUndo: an undo of which a part took place says how far it came, and is sent again only on somebody's word.
func TestPartOfAnUndo(t *testing.T) {
	far := "The undo of step cordon did something before it erred: " + enginetest.ErrUnreadable.Error()
	for name, tc := range map[string]settledPartly{
		"nobody says it":  {args: []string{"cordon", "--auto-approve"}, status: ExitLeftOver, says: []string{far, "whether all of the undo of cordon took place", "--in-doubt"}},
		"with the others": {args: []string{"--auto-approve"}, status: ExitLeftOver, says: []string{far, "the undo of cordon is not sent again"}, does: []string{"scale b back", "scale a back"}},
		"redo":            {args: []string{"cordon", "--auto-approve", "--in-doubt", "redo"}, says: []string{far, "failed before: is sent again"}, does: []string{"uncordon"}},
		"done":            {args: []string{"cordon", "--in-doubt", "cordon=done"}, says: []string{"counts as done by hand"}},
		"abort":           {args: []string{"cordon", "--in-doubt", "abort"}, status: ExitLeftOver, says: []string{"the undo of cordon stays as it is"}},
		"asked: redo":     {args: []string{"cordon", "--auto-approve"}, types: "redo\n\n", says: []string{far, "A part of the undo of cordon took place"}, does: []string{"uncordon"}},
		"asked: done":     {args: []string{"cordon", "--auto-approve"}, types: "done\nI did it\n", says: []string{"on the word of alice@laptop: I did it"}},
		"asked: abort":    {args: []string{"cordon", "--auto-approve"}, types: "abort\n\n", status: ExitLeftOver, says: []string{"nothing was run"}},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.fake.Do = func(_ context.Context, id string, n int) error {
				if id == "uncordon" && n == 1 {
					return enginetest.ErrUnreadable
				}
				return nil
			}
			tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", undoable), "--auto-approve")
			id := tt.lastRun(t)
			tt.again(t, false, "").does(t, ExitLeftOver, []string{far, "runbook undo " + id + " cordon@4 --in-doubt redo"}, "undo", id, "cordon", "--auto-approve")
			did := slices.Clone(tt.fake.Log())
			next := tt.again(t, tc.types != "", tc.types)
			next.does(t, tc.status, tc.says, append([]string{"undo", id}, tc.args...)...)
			if diff := cmp.Diff(append(did, tc.does...), tt.fake.Log()); diff != "" {
				t.Errorf("%s\n%s%s", diff, next.out, next.err)
			}
		})
	}
}

// TestPartOfAWrite: so does a write.
func TestPartOfAWrite(t *testing.T) {
	far := "took place in part: step pay, fake_write on fake://production, was sent at"
	for name, tc := range map[string]settledPartly{
		"nobody says it": {args: []string{"--auto-approve"}, status: ExitLeftOver, says: []string{far, "and erred: " + enginetest.ErrUnreadable.Error(), "whether all of pay took place"}},
		"redo":           {args: []string{"--in-doubt", "redo", "--auto-approve"}, says: []string{far, "is sent again, all of it"}, does: []string{"pay", "ship"}},
		"done":           {args: []string{"--in-doubt", "pay=done", "--auto-approve"}, says: []string{far, "counts as done"}, does: []string{"ship"}},
		"abort":          {args: []string{"--in-doubt", "abort"}, status: ExitLeftOver, says: []string{"pay stays as it is: a part of it took place"}},
		"asked: redo":    {types: "redo\n\n", args: []string{"--auto-approve"}, says: []string{"A part of pay took place. Is all of it done by now?"}, does: []string{"pay", "ship"}},
		"asked: done":    {types: "done\nI did it\n", args: []string{"--auto-approve"}, says: []string{"on the word of alice@laptop: I did it"}, does: []string{"ship"}},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.fake.Do = func(_ context.Context, id string, n int) error {
				if id == "pay" && n == 1 {
					return enginetest.ErrUnreadable
				}
				return nil
			}
			tt.does(t, ExitFailed, nil, "apply", tt.file(t, "x.hcl", paidAndSent), "--auto-approve")
			did := slices.Clone(tt.fake.Log())
			next := tt.again(t, tc.types != "", tc.types)
			next.does(t, tc.status, tc.says, append([]string{"resume", tt.lastRun(t)}, tc.args...)...)
			if diff := cmp.Diff(append(did, tc.does...), tt.fake.Log()); diff != "" {
				t.Errorf("%s\n%s%s", diff, next.out, next.err)
			}
		})
	}
}

// TestPartOfAWriteThatWouldBeUndoneTwice: it is not sent again before what took place is undone.
func TestPartOfAWriteThatWouldBeUndoneTwice(t *testing.T) {
	text := strings.Replace(paidAndSent, `{ id = "pay" }`, "{\n  id = \"pay\"\n  undo \"fake_write\" { id = \"refund\" }\n}", 1)
	refused := "the undo of pay uses nothing of what its step gave, and takes back all of it: were the step sent again, that would be due twice. " +
		"Undo what took place with: runbook undo ID pay, and resume, which sends all of it; or do the rest by hand, and say done"
	for name, tc := range map[string]settledPartly{
		"nobody says it": {args: []string{"--auto-approve"}, status: ExitLeftOver, says: []string{"whether all of pay took place, and say so with --in-doubt done: "}},
		"redo":           {args: []string{"--in-doubt", "redo", "--auto-approve"}, status: ExitRefused, says: []string{"nothing was run: " + refused}},
		"done":           {args: []string{"--in-doubt", "done", "--auto-approve"}, says: []string{"counts as done"}, does: []string{"ship"}},
		"asked: redo":    {types: "redo\nabort\n\n", args: []string{"--auto-approve"}, status: ExitLeftOver, says: []string{"done: it is, by hand or otherwise; abort", "It is not sent again: the undo of pay uses nothing of what its step gave"}},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.fake.Do = func(_ context.Context, id string, n int) error {
				if id == "pay" && n == 1 {
					return enginetest.ErrUnreadable
				}
				return nil
			}
			tt.does(t, ExitFailed, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
			id, did := tt.lastRun(t), slices.Clone(tt.fake.Log())
			for i := range tc.says {
				tc.says[i] = strings.ReplaceAll(tc.says[i], "ID", id)
			}
			next := tt.again(t, tc.types != "", tc.types)
			next.does(t, tc.status, tc.says, append([]string{"resume", id}, tc.args...)...)
			if diff := cmp.Diff(append(did, tc.does...), tt.fake.Log()); diff != "" {
				t.Errorf("%s\n%s%s", diff, next.out, next.err)
			}
			if tc.status != ExitRefused {
				return
			}
			tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, "pay", "--auto-approve")
			tt.again(t, false, "").does(t, ExitPassed, nil, "resume", id, "--auto-approve")
			if diff := cmp.Diff(append(did, "refund", "pay", "ship"), tt.fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestResumeAfterPartOfAnUndo: before the run goes on on what an undo took back in part, somebody says that the rest is done; then the step
// runs again. It is not sent again by that.
func TestResumeAfterPartOfAnUndo(t *testing.T) {
	const text = `
runbook "w" { on_failure = "stop" }
provider "fake" { name = "production" }
step "fake_write" "w" {
  id = "w"
  undo "fake_write" { id = "w back" }
}
step "fake_read" "z" {
  id         = "z"
  depends_on = [step.w]
}
step "fake_write" "next" {
  id         = "next"
  depends_on = [step.z]
}
`
	far := "took place in part: the undo of w, fake_write on fake://production, was sent at"
	again := []string{"w", "z", "next"}
	for name, tc := range map[string]settledPartly{
		"nobody says it": {args: []string{"--auto-approve"}, status: ExitLeftOver, says: []string{far, enginetest.ErrUnreadable.Error(), "whether all of the undo of w took place, and say so with --in-doubt done: "}},
		"done":           {args: []string{"--in-doubt", "done", "--auto-approve"}, says: []string{far, "counts as done by hand"}, does: again},
		"done, by name":  {args: []string{"--in-doubt", "w=done", "--auto-approve"}, says: []string{far, "counts as done by hand"}, does: again},
		"redo":           {args: []string{"--in-doubt", "redo", "--auto-approve"}, status: ExitRefused, says: []string{"before the run goes on", "runbook undo ID w --in-doubt redo"}},
		"abort":          {args: []string{"--in-doubt", "abort"}, status: ExitLeftOver, says: []string{"the undo of w stays as it is: a part of it took place"}},
		"asked: done":    {types: "done\nI did it\n", args: []string{"--auto-approve"}, says: []string{"A part of the undo of w took place", "on the word of alice@laptop: I did it"}, does: again},
		"asked: abort":   {types: "abort\n\n", args: []string{"--auto-approve"}, status: ExitLeftOver, says: []string{"nothing was run"}},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.fake.Do = func(_ context.Context, id string, n int) error {
				switch {
				case id == "w back" && n == 1:
					return enginetest.ErrUnreadable
				case id == "z" && n == 1:
					return enginetest.ErrUnreachable()
				}
				return nil
			}
			tt.does(t, ExitLeftOver, []string{"an undo of which a part took place is settled with: runbook undo "}, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
			id, did := tt.lastRun(t), slices.Clone(tt.fake.Log())
			for i := range tc.says {
				tc.says[i] = strings.ReplaceAll(tc.says[i], "ID", id)
			}
			next := tt.again(t, tc.types != "", tc.types)
			next.does(t, tc.status, tc.says, append([]string{"resume", id}, tc.args...)...)
			if diff := cmp.Diff(append(did, tc.does...), tt.fake.Log()); diff != "" {
				t.Errorf("%s\n%s%s", diff, next.out, next.err)
			}
		})
	}
}

// TestPartOfAnUndoIsTold: that a part of an undo took place stands in the last line of each session until it is settled, with status 4, whether
// the session had to do with it or not, and in what tells of the run later.
func TestPartOfAnUndoIsTold(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if id == "uncordon" && n == 1 {
			return enginetest.ErrUnreadable
		}
		return nil
	}
	const text, left = "passed, but an undo took place in part: ", `"left":[{"step":"cordon","what":"undo_failed","partial":true,"undoes":`
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", undoable), "--auto-approve")
	id := tt.lastRun(t)
	settled := "an undo of which a part took place is settled with: runbook undo " + id
	told := func(status int, says []string, args ...string) {
		t.Helper()
		next := tt.again(t, false, "")
		next.does(t, status, says, args...)
		if said := next.out.String() + next.err.String(); strings.Contains(said, "try it again") || strings.Contains(said, "tried again") {
			t.Errorf("%q: it is not simply tried again:\n%s", args, said)
		}
	}
	told(ExitLeftOver, []string{text, settled}, "undo", id, "cordon", "--auto-approve")
	told(ExitPassed, []string{text, settled}, "show", id)
	told(ExitPassed, []string{left}, "show", id, "--json")
	told(ExitLeftOver, []string{text, "undo of cordon, by hand: The undo of step cordon did something before it erred", settled}, "undo", id, `scale["b"]`, "--auto-approve")
	told(ExitLeftOver, []string{left}, "undo", id, "scale", "--auto-approve", "--json")
	told(ExitPassed, []string{"undone in part: cordon"}, "runs")
	told(ExitPassed, []string{`"what": "undo_failed",`, `"partial": true`}, "runs", "--json")
	told(ExitPassed, []string{"counts as done by hand"}, "undo", id, "cordon", "--in-doubt", "done")
	tt.again(t, false, "").hasNot(t, "in part", "runs")
}

// TestPartOfAnUndoIsToldAfterAWord: so it is of one that was to be sent again by a session that broke off before.
func TestPartOfAnUndoIsToldAfterAWord(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if id == "uncordon" && n == 1 {
			return enginetest.ErrUnreadable
		}
		return nil
	}
	path := tt.file(t, "x.hcl", undoable)
	tt.does(t, ExitPassed, nil, "apply", path, "--auto-approve")
	tt.again(t, false, "").does(t, ExitLeftOver, nil, "undo", tt.lastRun(t), "cordon", "--auto-approve")
	store, id := cutBehind(t, tt, []string{"undo", "cordon", "--in-doubt", "redo"}, run.StepResolved, "cordon")
	tt.again(t, false, "").does(t, ExitPassed, []string{"left to look at:", "undo of cordon, by hand: The undo of step cordon did something before it erred"}, "show", id, "--store", store)
	tt.again(t, false, "").does(t, ExitPassed, []string{"undone in part: cordon"}, "runs", "--store", store)
	tt.again(t, false, "").does(t, ExitPassed, []string{`"what":"undo_failed","partial":true`}, "show", id, "--json", "--store", store)
}
