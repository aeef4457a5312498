package cli

import (
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/run"
)

// TestWhatWasSettledIsNotLeft: an undo that broke off, and was settled since, is told as left nowhere any more.
func TestWhatWasSettledIsNotLeft(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	store, id := brokenOffAt(t, tt, tt.file(t, "x.hcl", undoable), []string{"undo"}, run.UndoStarted, `scale["b"]`)
	args := []string{id, "--store", store}
	check := func(status int, command ...string) {
		t.Helper()
		next := tt.again(t, false, "")
		next.does(t, status, nil, append(command, args...)...)
		said := next.out.String()
		last := max(strings.LastIndex(said, "resumed by"), strings.LastIndex(said, "undo by"))
		if last < 0 || strings.Contains(said[last:], "left to look at") {
			t.Errorf("%v: nothing is left:\n%s%s", command, next.out, next.err)
		}
	}
	tt.again(t, false, "").does(t, ExitLeftOver, []string{"left to look at"}, "undo", id, "cordon", "--auto-approve", "--store", store)
	check(ExitPassed, "undo", "--in-doubt", "done", "--auto-approve")
	check(ExitPassed, "show")
	check(ExitPassed, "resume", "--auto-approve")
	check(ExitPassed, "show")
}
