package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/run"
)

// breaking is a store that takes no event of a type any more, and nothing after it.
type breaking struct {
	journal.Journal
	at   run.Type
	step string
	with error
	// late has the failure be told by Sync, as that of a commit is: what is appended until then is lost.
	late, lost bool
}

func (b *breaking) Append(ctx context.Context, id string, entries []journal.Entry) error {
	if slices.ContainsFunc(entries, func(e journal.Entry) bool { return e.Event.Type == b.at && e.Event.Step == b.step }) {
		if !b.late {
			return fmt.Errorf("write the run history: %w", b.with)
		}
		b.lost = true
	}
	if b.lost {
		return nil
	}
	return b.Journal.Append(ctx, id, entries)
}

func (b *breaking) Sync(ctx context.Context) error {
	if b.lost {
		return fmt.Errorf("write the run history: %w", b.with)
	}
	return b.Journal.Sync(ctx)
}

// TestStoreBreaksMidway: what may have taken place without its end being kept is named, and how to go on.
func TestStoreBreaksMidway(t *testing.T) {
	const undone = `
runbook "undone" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  undo "fake_write" { id = "back" }
}
step "fake_read" "after" {
  id         = "after"
  depends_on = [step.change]
}
`
	nested := strings.Replace(doubtful, `step "fake_read" "after"`, `step "runbook" "inner" { source = "inner.hcl" }
step "fake_read" "after"`, 1)
	const two = `
runbook "two" {}
provider "fake" {}
step "fake_read" "look" { id = "look" }
step "fake_write" "one" {
  id         = "one"
  depends_on = [step.look]
}
step "fake_write" "two" {
  id         = "two"
  depends_on = [step.one]
}
`
	inDoubt := func(name string) string {
		return "in doubt: " + name + " was under way, and its end could not be kept: it may or may not have taken place\n"
	}
	const resume = " with: runbook resume RUN --store STORE\n"
	for name, c := range map[string]struct {
		book   string
		store  breaking
		fails  string // the action that errs
		status int
		says   []string
		hides  string
	}{
		"a full disk": {
			doubtful, breaking{at: run.StepFinished, step: "change", with: journal.ErrNoSpace}, "", ExitLeftOver,
			[]string{"the disk is full, or fails", inDoubt("step change"), "\nFree space on the disk of STORE, then go on" + resume}, "",
		},
		"a server that is away": {
			doubtful, breaking{at: run.StepFinished, step: "change", with: journal.ErrAway}, "", ExitLeftOver,
			[]string{inDoubt("step change"), "\nOnce STORE can be reached again, go on" + resume}, "",
		},
		"a read alone is under way": {
			doubtful, breaking{at: run.StepFinished, step: "after", with: errors.New("it broke")}, "", ExitFailed,
			[]string{"it broke", "\nOnce STORE can be written again, go on" + resume}, "in doubt",
		},
		"nothing was run": {
			doubtful, breaking{at: run.StepReady, step: "look", with: journal.ErrNoSpace}, "", ExitRefused,
			[]string{"the disk is full, or fails"}, "resume",
		},
		"an undo": {
			undone, breaking{at: run.UndoFinished, step: "change", with: journal.ErrNoSpace}, "after", ExitLeftOver,
			[]string{
				inDoubt("the undo of step change"),
				"then go on:\nits undos were under way; to run those that are left: runbook cancel RUN --store STORE, or, with what is in doubt: runbook undo RUN --store STORE\n" +
					"to go on with the run, which does again what was undone: runbook resume RUN --store STORE\n",
			}, "",
		},
		"an undo that was not sent": {
			undone, breaking{at: run.UndoStarted, step: "change", with: journal.ErrNoSpace}, "after", ExitFailed,
			[]string{"then go on" + resume}, "in doubt",
		},
		"a runbook within a runbook": {
			nested, breaking{at: run.StepFinished, step: "inner/change", with: journal.ErrNoSpace}, "", ExitLeftOver,
			[]string{inDoubt("step inner/change")}, "in doubt: step inner was",
		},
		"an end that was shown, and not kept": {
			two, breaking{at: run.StepFinished, step: "one", with: journal.ErrNoSpace, late: true}, "", ExitLeftOver,
			[]string{"in doubt: step one ended, as shown above, but that could not be kept: for the history it may or may not have taken place\n"}, "step two",
		},
		"the end of a read that was shown, and not kept": {
			two, breaking{at: run.StepFinished, step: "look", with: journal.ErrNoSpace, late: true}, "", ExitFailed,
			[]string{"not kept: step look ended, as shown above, and the history does not know; it runs again\n"}, "in doubt",
		},
		"damage": {
			doubtful, breaking{at: run.StepFinished, step: "change", with: journal.ErrDamaged}, "", ExitLeftOver,
			[]string{inDoubt("step change"), "\nPut STORE in safety as it is. What can be read of it is told by: runbook runs check --store STORE\n"}, "resume",
		},
		"a file that was moved": {
			doubtful, breaking{at: run.StepFinished, step: "change", with: journal.ErrMoved}, "", ExitLeftOver,
			[]string{inDoubt("step change"), "\nBring the file that was STORE, with those beside it (-wal, -shm), back there, then go on" + resume}, "",
		},
		"another process": {
			doubtful, breaking{at: run.StepFinished, step: "change", with: journal.ErrConflict}, "", ExitLeftOver,
			[]string{inDoubt("step change"), "\nGo on" + resume, "it is followed with: runbook watch RUN --store STORE\n"}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.fake.Do = func(_ context.Context, id string, _ int) error {
				if id == c.fails {
					return errors.New("no")
				}
				return nil
			}
			tt.OpenJournal = func(ctx context.Context, path string) (journal.Journal, error) {
				j, err := sqlite.Open(ctx, path)
				c.store.Journal = j
				return &c.store, err
			}
			tt.file(t, "inner.hcl", doubtful)
			store := tt.file(t, "runs.db", "")
			if got := tt.run("apply", tt.file(t, "book.hcl", c.book), "--auto-approve", "--store", store); got != c.status {
				t.Errorf("exit status %d, want %d", got, c.status)
			}
			said := strings.ReplaceAll(idPattern.ReplaceAllString(tt.err.String(), "RUN"), store, "STORE")
			for _, text := range c.says {
				if !strings.Contains(said, text) {
					t.Errorf("%q is not in\n%s", text, said)
				}
			}
			if c.hides != "" && strings.Contains(said, c.hides) {
				t.Errorf("%q is in\n%s", c.hides, said)
			}
		})
	}
}

// TestStoreBreaksInAnUndo: what goes on then is the undo, not the run that it takes back.
func TestStoreBreaksInAnUndo(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	store := tt.file(t, "runs.db", "")
	book := tt.file(t, "book.hcl", `
runbook "undone" {}
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  undo "fake_write" { id = "back" }
}
`)
	for with, says := range map[error]string{
		journal.ErrAway:     "Once " + store + " can be reached again, go on with: runbook undo ",
		journal.ErrConflict: "Go on with: runbook undo ",
	} {
		applies := tt.again(t, false, "")
		applies.does(t, ExitPassed, nil, "apply", book, "--auto-approve", "--store", store)
		undoes, id := tt.again(t, false, ""), applies.lastRun(t)
		undoes.OpenJournal = func(ctx context.Context, path string) (journal.Journal, error) {
			j, err := sqlite.Open(ctx, path)
			return &breaking{Journal: j, at: run.UndoFinished, step: "change", with: with}, err
		}
		undoes.does(t, ExitLeftOver, []string{says + id}, "undo", id, "--auto-approve", "--store", store)
	}
}
