package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lostUndo is a run of which the answer to the undo of cordon got lost.
func lostUndo(t *testing.T) (*terminal, string) {
	t.Helper()
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if id == "uncordon" && n == 1 {
			return errors.New("the answer got lost")
		}
		return nil
	}
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", undoable), "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitLeftOver, []string{
		"nobody knows whether it took place", "Look whether this took place: fake_write on fake://production with id = \"uncordon\"",
		"an undo in doubt is settled with: runbook undo " + id,
	}, "undo", id, "cordon", "--auto-approve")
	return tt, id
}

// TestUndoInDoubtByHand: it is sent again only when somebody says so, who is asked by its name; what else was asked for is undone.
func TestUndoInDoubtByHand(t *testing.T) {
	others := []string{"scale b back", "scale a back"}
	left := []string{"the undo of cordon", "was sent at", "the undo stays in doubt, and is not sent again", "fake_write on fake://production with id = \"uncordon\""}
	tests := map[string]struct {
		args   []string
		types  string
		status int
		does   []string
		says   []string
	}{
		"nobody there":         {args: []string{"cordon"}, status: ExitLeftOver, says: append(left, "nothing was run", "runbook undo ID cordon --in-doubt")},
		"approved":             {args: []string{"cordon", "--auto-approve"}, status: ExitLeftOver, says: append(left, "nothing was run")},
		"approved, and others": {args: []string{"--auto-approve"}, status: ExitLeftOver, does: others, says: append(left, "left to look at", "undo of cordon, by hand: Look whether")},
		"done":                 {args: []string{"--auto-approve", "--in-doubt", "done"}, does: others, says: []string{"counts as done", "undo cordon"}},
		"redo":                 {args: []string{"cordon", "--auto-approve", "--in-doubt", "redo"}, does: []string{"uncordon"}, says: []string{"? undo cordon", "✓ undo cordon"}},
		"redo, nobody there":   {args: []string{"cordon", "--in-doubt", "redo"}, status: ExitRefused, says: []string{"--auto-approve runs it without a question"}},
		"abort":                {args: []string{"--auto-approve", "--in-doubt", "abort"}, status: ExitLeftOver, says: []string{"nothing was run, and the undo of cordon stays in doubt"}},
		"misspelt":             {args: []string{"--in-doubt", "redoo"}, status: ExitRefused, says: []string{`did you mean "redo"?`}},
		"asked: redo":          {args: []string{"cordon", "--auto-approve"}, types: "redo\nlooked\n", does: []string{"uncordon"}, says: []string{"? the undo of cordon", "Look whether the undo of cordon took place"}},
		"asked: done":          {args: []string{"cordon", "--auto-approve"}, types: "done\n\n", says: []string{"counts as done: on the word of alice@laptop"}},
		"asked: abort":         {args: []string{"cordon", "--auto-approve"}, types: "abort\n\n", status: ExitLeftOver, says: []string{"the undo of cordon stays in doubt"}},
		"another step":         {args: []string{`scale["a"]`, "--auto-approve"}, status: ExitLeftOver, does: []string{"scale a back"}, says: []string{"this session leaves the undo of cordon in doubt; settle it with: runbook undo ID cordon@"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt, id := lostUndo(t)
			did := slices.Clone(tt.fake.Log())
			for i := range tc.says {
				tc.says[i] = strings.ReplaceAll(tc.says[i], "ID", id)
			}
			next := tt.again(t, tc.types != "", tc.types)
			next.does(t, tc.status, tc.says, append([]string{"undo", id}, tc.args...)...)
			if diff := cmp.Diff(append(did, tc.does...), tt.fake.Log()); diff != "" {
				t.Errorf("%s\n%s%s", diff, next.out, next.err)
			}
			if said := next.out.String() + next.err.String(); strings.Contains(said, "✗") || strings.Contains(said, "--read-only") {
				t.Errorf("nothing failed, and there is no --read-only:\n%s", said)
			}
		})
	}
}

// TestAllThatIsInDoubtIsListed: who decides for all writes in doubt at once is told of all of them.
func TestAllThatIsInDoubtIsListed(t *testing.T) {
	const text = `
runbook "doubtful" {}
provider "fake" { name = "production" }
step "fake_write" "pay" { id = "pay" }
step "fake_write" "ship" { id = "ship" }
`
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(context.Context, string, int) error { return errors.New("the answer got lost") }
	tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
	tt.again(t, false, "").does(t, ExitLeftOver, []string{"nobody knows whether pay, ship took place", "and so what there is to undo; look, and say so with --in-doubt done or --in-doubt redo (it did not): runbook undo "}, "undo", tt.lastRun(t), "--auto-approve")
	tt.again(t, false, "").does(t, ExitLeftOver, []string{
		"in doubt: step pay, fake_write on fake://production, was sent at", "in doubt: step ship, fake_write on fake://production, was sent at",
		"look whether pay, ship took place", "counts for all of them",
	}, "resume", tt.lastRun(t))
}
