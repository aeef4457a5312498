package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
)

const undoable = `
runbook "undoable" {}
provider "fake" { name = "production" }
step "fake_write" "cordon" {
  id = "cordon"
  undo "fake_write" { id = "uncordon" }
}
step "fake_write" "scale" {
  for_each   = { a = 1, b = 2 }
  id         = "scale ${each.key}"
  depends_on = [step.cordon]
  undo "fake_write" { id = "scale ${each.key} back" }
}
`

func TestUndoByHand(t *testing.T) {
	did := []string{"cordon", "scale a", "scale b"}
	tests := map[string]struct {
		args   []string
		yes    string
		status int
		does   []string
		says   []string
	}{
		"all":            {args: []string{"--auto-approve"}, does: []string{"scale b back", "scale a back", "uncordon"}},
		"a step":         {args: []string{"cordon", "--auto-approve"}, does: []string{"uncordon"}},
		"an instance":    {args: []string{`scale["a"]`, "--auto-approve"}, does: []string{"scale a back"}},
		"its instances":  {args: []string{"scale", "--auto-approve"}, does: []string{"scale b back", "scale a back"}},
		"misspelt":       {args: []string{"cordn", "--auto-approve"}, status: ExitRefused, says: []string{`did you mean "cordon"?`, "What can be undone: "}},
		"too many":       {args: []string{"a", "b"}, status: ExitRefused, says: []string{`"b" is too many`}},
		"nobody there":   {status: ExitRefused, says: []string{"fake://production", "undo of cordon", "--auto-approve"}},
		"asked":          {args: []string{"cordon"}, yes: "yes\n", does: []string{"uncordon"}, says: []string{"undo of cordon", "fake://production", `id = "uncordon"`, "undo by alice@laptop at "}},
		"asked in vain":  {args: []string{"cordon"}, yes: "no\n", status: ExitRefused, says: []string{"nothing was run"}},
		"in JSON":        {args: []string{"cordon", "--auto-approve", "--json"}, does: []string{"uncordon"}, says: []string{`"undo":["cordon"]`, `"type":"undo_finished","step":"cordon"`}},
		"no such switch": {args: []string{"--read-only"}, status: ExitRefused, says: []string{"there is no flag"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", undoable), "--auto-approve")
			next := tt.again(t, tc.yes != "", tc.yes)
			next.does(t, tc.status, tc.says, append([]string{"undo", tt.lastRun(t)}, tc.args...)...)
			if diff := cmp.Diff(append(append([]string{}, did...), tc.does...), tt.fake.Log()); diff != "" {
				t.Errorf("%s\n%s%s", diff, next.out, next.err)
			}
		})
	}
}

// TestUndoHidesSecrets: the question shows what the undos are called with, without what is sensitive.
func TestUndoHidesSecrets(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", strings.Replace(undoable, `"uncordon"`, `sensitive("hunter2")`, 1)), "--auto-approve")
	next := tt.again(t, true, "no\n")
	next.does(t, ExitRefused, []string{`undo of scale["a"]`, `id = "scale a back"`, "id = (sensitive)"}, "undo", tt.lastRun(t))
	if said := next.out.String() + next.err.String(); strings.Contains(said, "hunter2") {
		t.Error(said)
	}
}

// TestCommandsBelowOthers are named by those who leave out what they stand below.
func TestCommandsBelowOthers(t *testing.T) {
	newTerminal(t, false, nil, nil).does(t, ExitRefused, []string{`there is no command "prune"; did you mean "runs prune"?`}, "prune")
}

// TestCompleteUndo offers what can be undone.
func TestCompleteUndo(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", undoable), "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, `scale["a"]`, "--auto-approve")
	got := tt.again(t, false, "").complete(t, "undo", id, "")
	if !strings.HasPrefix(got, "scale[\"b\"]\ncordon\n:") {
		t.Errorf("completion gives %s", got)
	}
	if got := tt.again(t, false, "").complete(t, "undo", ""); !strings.Contains(got, id) {
		t.Errorf("completion gives %s", got)
	}
}

// TestUndoTwice: what was undone has nothing to undo, until a resume has done it again.
func TestUndoTwice(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", undoable), "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, "--auto-approve")
	tt.again(t, false, "").does(t, ExitRefused, []string{"has nothing to undo"}, "undo", id, "--auto-approve")
	tt.again(t, false, "").does(t, ExitRefused, []string{"has no step cordn", `did you mean "cordon"?`}, "undo", id, "cordn", "--auto-approve")
	tt.again(t, false, "").does(t, ExitRefused, []string{"step cordon has nothing to undo"}, "undo", id, "cordon", "--auto-approve")
	tt.again(t, false, "").does(t, ExitPassed, []string{"passed"}, "resume", id)
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, "cordon", "--auto-approve")
	want := []string{"cordon", "scale a", "scale b", "scale b back", "scale a back", "uncordon", "cordon", "scale a", "scale b", "uncordon"}
	if diff := cmp.Diff(want, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
	tt.again(t, false, "").does(t, ExitRefused, []string{`there is no run "01NOBODY"`}, "undo", "01NOBODY")
}

// TestUndoThatFails says what a person has to do, in words, and the run can be undone once more.
func TestUndoThatFails(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	broken := true
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if broken && id == "uncordon" {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", undoable), "--auto-approve")
	id := tt.lastRun(t)
	next := tt.again(t, false, "")
	next.does(t, ExitLeftOver, []string{
		"Take the effect of step cordon back by hand: fake_write on fake://production", `id = "uncordon"`, "runbook undo " + id + " cordon",
	}, "undo", id, "--auto-approve")
	if !strings.Contains(next.out.String(), "connection refused") {
		t.Errorf("it does not say why:\n%s", next.out)
	}
	broken = false
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, "cordon", "--auto-approve")
}

// TestLeftByAnEarlierSession: a session that does not try a failed undo again, and so does not show it, names it at its end.
func TestLeftByAnEarlierSession(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if id == "break" || id == "scale a back" {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	text := strings.Replace(undoable, "{}", "{ on_failure = \"stop\" }", 1) + "step \"fake_write\" \"break\" {\n id = \"break\"\n depends_on = [step.scale]\n}\n"
	tt.does(t, ExitLeftOver, []string{"try it again with: runbook undo ", ` 'scale["a"]@`}, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
	id := tt.lastRun(t)
	next := tt.again(t, false, "")
	next.does(t, ExitLeftOver, []string{
		`undo of scale["a"], by hand: Take the effect`, `try it again with: runbook undo ` + id + ` 'scale["a"]@`, "an undo is tried again with: runbook undo " + id,
	}, "resume", id, "--auto-approve")
	if strings.Contains(next.out.String(), "in doubt") {
		t.Errorf("nothing is in doubt:\n%s", next.out)
	}
}

// TestResumeOfAnUndoInDoubt: a run that goes on sends an undo in doubt at its end alone, where it runs there in any case. Of another it says that
// only an undo sends it, and is not run; one of which its system tells that it did not take place is nothing to look at once the run has passed.
func TestResumeOfAnUndoInDoubt(t *testing.T) {
	const refused = "nothing was run: the undo of cordon would have to be sent before the run goes on. To send it again: runbook undo ID cordon --in-doubt redo, and then resume"
	for name, tc := range map[string]struct {
		on, types string
		found     provider.State
		flag      string
		status    int
		says      []string
		does      []string
	}{
		"on failure":          {on: "failure", flag: "redo", status: ExitRefused, says: []string{refused}},
		"on failure, by name": {on: "failure", flag: "cordon=redo", status: ExitRefused, says: []string{refused}},
		"on failure, asked":   {on: "failure", types: "redo\nabort\n\n", status: ExitLeftOver, says: []string{"abort: leave everything as it is", "It is not sent again: the undo of cordon would have to be sent before"}},
		"on failure, declared": {on: "failure", found: provider.Repeatable, status: ExitLeftOver,
			says: []string{"The run goes on before the undo would be sent again", "look whether the undo of cordon took place, and say so with --in-doubt done: "}},
		"on failure, told": {on: "failure", found: provider.NotDone,
			says: []string{"counts as not done: what cordon did is there, and the run goes on with that", "? undo cordon", "in doubt: counts as not done, as the system told"}, does: []string{"scale a", "scale b", "break"}},
		"at the end":           {on: "end", flag: "redo", says: []string{"counts as not done, and is sent again at the end of the run", "✓ undo cordon"}, does: []string{"break", "uncordon"}},
		"at the end, declared": {on: "end", found: provider.Repeatable, status: ExitLeftOver, says: []string{"The run goes on before the undo would be sent again"}},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.fake.Inquire = func(string) (provider.State, string, error) { return tc.found, "", nil }
			tt.fake.Do = func(_ context.Context, id string, n int) error {
				switch {
				case n == 1 && id == "break":
					return enginetest.ErrUnreachable()
				case n == 1 && id == "uncordon":
					return errors.New("the answer got lost")
				}
				return nil
			}
			text := strings.Replace(undoable, "{}", "{ on_failure = \"stop\" }", 1) + "step \"fake_write\" \"break\" {\n id = \"break\"\n depends_on = [step.scale]\n}\n"
			text = strings.Replace(text, `id = "uncordon"`, "\non = \""+tc.on+"\"\nid = \"uncordon\"\n", 1)
			if tc.on == "end" { // what depends on it stays
				text = strings.ReplaceAll(text, `undo "fake_write" { id = "scale ${each.key} back" }`, "")
			}
			tt.does(t, ExitLeftOver, []string{"an undo in doubt is settled with: runbook undo"}, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
			id, did := tt.lastRun(t), slices.Clone(tt.fake.Log())
			for i := range tc.says {
				tc.says[i] = strings.ReplaceAll(tc.says[i], "ID", id)
			}
			args := []string{"resume", id, "--auto-approve"}
			if tc.flag != "" {
				args = append(args, "--in-doubt", tc.flag)
			}
			next := tt.again(t, tc.types != "", tc.types)
			next.does(t, tc.status, tc.says, args...)
			if diff := cmp.Diff(append(did, tc.does...), tt.fake.Log()); diff != "" {
				t.Errorf("%s\n%s%s", diff, next.out, next.err)
			}
			if tc.status == ExitPassed && strings.Contains(next.out.String(), "left to look at") {
				t.Errorf("something is left:\n%s", next.out)
			}
		})
	}
}

// TestUndoOfWhatChangedNothing says that there is nothing to take back, and why.
func TestUndoOfWhatChangedNothing(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Unchanged = func(id string) bool { return id == "cordon" }
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", undoable), "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitRefused, []string{"nothing was run: cordon changed nothing, so there is nothing to take back", "What can be undone: scale"},
		"undo", id, "cordon", "--auto-approve")
	tt.again(t, false, "").does(t, ExitPassed, []string{"undo scale"}, "undo", id, "--auto-approve")
	tt.again(t, false, "").does(t, ExitRefused, []string{"nothing was run: cordon changed nothing, so there is nothing to take back"}, "undo", id, "--auto-approve")
}

// TestUndoThatChangedNothing counts, with a warning: by then somebody else may have changed what the step did. One that is sent a second time found
// what it did itself.
func TestUndoThatChangedNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		undo  string
		first error
		warns bool
	}{
		"nothing there to take back": {undo: `id = "uncordon"`, warns: true},
		"an attempt before got lost": {undo: "id = \"uncordon\"\nretry {\nattempts = 2\ndelay = \"1ms\"\nwrites = true\n}", first: errors.New("connection lost")},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.fake.Unchanged = func(id string) bool { return id == "uncordon" }
			tt.fake.Do = func(_ context.Context, id string, n int) error {
				if id == "uncordon" && n == 1 {
					return tc.first
				}
				return nil
			}
			tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", strings.Replace(undoable, `{ id = "uncordon" }`, "{\n"+tc.undo+"\n}", 1)), "--auto-approve")
			id := tt.lastRun(t)
			for _, args := range [][]string{{"undo", id, "cordon", "--auto-approve"}, {"show", id}, {"show", id, "--report", "markdown=/dev/stdout"}} {
				next := tt.again(t, false, "")
				next.does(t, ExitPassed, []string{"cordon"}, args...)
				if said := next.out.String() + next.err.String(); strings.Contains(said, "it changed nothing: what the step did was taken back before") != tc.warns {
					t.Errorf("%v says:\n%s", args, said)
				}
			}
			tt.again(t, false, "").does(t, ExitRefused, []string{"has nothing to undo"}, "undo", id, "cordon", "--auto-approve")
		})
	}
}

// TestFailedUndoDoneByHand: who did by hand what an undo failed to do says so, and it counts as undone, with who said it and when.
func TestFailedUndoDoneByHand(t *testing.T) {
	told := []string{"undo cordon", "counts as done by hand, decided by alice@laptop"}
	tests := map[string]struct {
		args   []string
		types  string
		status int
		does   []string
		says   []string
		// settled is whether it counts as undone in the end, without having been sent again.
		settled bool
	}{
		"by its name":        {args: []string{"cordon", "--auto-approve", "--in-doubt", "cordon=done"}, says: told, settled: true},
		"by what it did":     {args: []string{"cordon@4", "--auto-approve", "--in-doubt", "cordon@4=done"}, says: told, settled: true},
		"what it did not":    {args: []string{"cordon@3", "--auto-approve"}, status: ExitRefused, says: []string{"has no cordon@3 to undo", "What can be undone: cordon"}},
		"as the only one":    {args: []string{"cordon", "--in-doubt", "done"}, says: told, settled: true},
		"asked: done":        {args: []string{"cordon"}, types: "done\nI did it\n", says: append(told, "on the word of alice@laptop: I did it"), settled: true},
		"asked: redo":        {args: []string{"cordon"}, types: "redo\n\n", status: ExitRefused, says: []string{"undo of cordon  fake_write", "Run it?"}},
		"asked: abort":       {args: []string{"cordon"}, types: "abort\n\n", status: ExitLeftOver, says: []string{"nothing was run, and the undo of cordon stays as it is: it failed"}},
		"redo":               {args: []string{"cordon", "--auto-approve", "--in-doubt", "redo"}, does: []string{"uncordon"}},
		"abort":              {args: []string{"cordon", "--in-doubt", "abort"}, status: ExitLeftOver, says: []string{"nothing was run, and the undo of cordon"}},
		"nobody says it":     {args: []string{"cordon", "--auto-approve"}, does: []string{"uncordon"}},
		"of a step that did": {args: []string{"--auto-approve", "--in-doubt", "scale=done"}, status: ExitRefused, says: []string{"nothing of that step is in doubt", "In doubt: cordon"}},
		"with the others":    {args: []string{"--auto-approve", "--in-doubt", "cordon=done"}, says: told, settled: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.fake.Do = func(_ context.Context, id string, n int) error {
				if id == "uncordon" && n == 1 {
					return enginetest.ErrUnreachable()
				}
				return nil
			}
			tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", undoable), "--auto-approve")
			id := tt.lastRun(t)
			tt.again(t, false, "").does(t, ExitLeftOver, []string{
				"say that it is done with: runbook undo " + id + " cordon@4 --in-doubt done; or try it again with: runbook undo " + id + " cordon@4",
				"one that you did by hand is settled with --in-doubt STEP=done",
			}, "undo", id, "--auto-approve")
			did := slices.Clone(tt.fake.Log())
			next := tt.again(t, tc.types != "", tc.types)
			next.does(t, tc.status, tc.says, append([]string{"undo", id}, tc.args...)...)
			if diff := cmp.Diff(append(did, tc.does...), tt.fake.Log()); diff != "" {
				t.Errorf("%s\n%s%s", diff, next.out, next.err)
			}
			if !tc.settled {
				return
			}
			tt.again(t, false, "").does(t, ExitPassed, append(told, "3 undone"), "show", id)
			tt.again(t, false, "").does(t, ExitRefused, []string{"has nothing to undo"}, "undo", id, "cordon")
		})
	}
}

// TestAWordForAllIsAboutWhatIsLeft: of two undos that failed the run went on without one, which nothing tells any more. A word for all
// does not count it as done.
func TestAWordForAllIsAboutWhatIsLeft(t *testing.T) {
	const text = `
runbook "left" { on_failure = "stop" }
provider "fake" { name = "production" }
step "fake_write" "stands" {
  id = "stands"
  undo "fake_write" { id = "unstand" }
}
step "fake_write" "due" {
  id = "due"
  undo "fake_write" {
    id = "undue"
    on = "end"
  }
}
step "fake_write" "break" {
  id         = "break"
  depends_on = [step.stands, step.due]
}
`
	tests := map[string]struct {
		args   []string
		status int
		does   []string
		says   []string
	}{
		"for all":      {args: []string{"--in-doubt", "done", "--auto-approve"}, does: []string{"unstand"}, says: []string{"the undo of due, which failed at"}},
		"abort":        {args: []string{"stands", "--in-doubt", "abort", "--auto-approve"}, status: ExitLeftOver, says: []string{"the undo of stands stays as it is"}},
		"by its name":  {args: []string{"--in-doubt", "stands=done", "--in-doubt", "done"}, says: []string{"the undo of stands, which failed at", "the undo of due, which failed at"}},
		"undo of it":   {args: []string{"stands", "--in-doubt", "done"}, status: ExitLeftOver, says: []string{"the undo of stands, which failed at"}},
		"a word apart": {args: []string{"--in-doubt", "due=done", "--auto-approve"}, does: []string{"unstand"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			broken := true
			tt.fake.Do = func(_ context.Context, id string, _ int) error {
				if broken && slices.Contains([]string{"break", "unstand", "undue"}, id) {
					return enginetest.ErrUnreachable()
				}
				return nil
			}
			tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
			broken = false
			id := tt.lastRun(t)
			next := tt.again(t, false, "")
			next.does(t, ExitLeftOver, []string{"undo of due, by hand"}, "resume", id, "--auto-approve")
			did := slices.Clone(tt.fake.Log())
			next = tt.again(t, false, "")
			next.does(t, tc.status, tc.says, append([]string{"undo", id}, tc.args...)...)
			if diff := cmp.Diff(append(did, tc.does...), tt.fake.Log()); diff != "" {
				t.Errorf("%s\n%s%s", diff, next.out, next.err)
			}
		})
	}
}
