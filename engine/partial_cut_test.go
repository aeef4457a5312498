package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// toSettle are what a resume of a run asks about, as "step part" of a write of which a part took place, "step undo part" of such an undo, and
// without "part" of what is in doubt; "as said" stands behind what was decided before.
func toSettle(t *testing.T, fake *enginetest.Fake, j journal.Journal, id string) []string {
	t.Helper()
	r, diags := enginetest.New(fake, nil).Recall(t.Context(), id, engine.RecallOptions{RunOptions: engine.RunOptions{Journal: j}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	out := []string{}
	for _, d := range r.Doubts() {
		text := d.Address
		if d.Undo {
			text += " undo"
		}
		if d.Partly != "" {
			text += " part"
		}
		if d.Resolution != nil {
			text += " as said"
		}
		out = append(out, text)
	}
	if diags := r.Drop(t.Context()); diags.HasErrors() {
		t.Error(diags)
	}
	return out
}

// asSaid keeps what was decided before, and decides about the rest.
func asSaid(decision string) func(run.Doubt, *provider.Found) run.Resolution {
	return func(d run.Doubt, _ *provider.Found) run.Resolution {
		if d.Resolution != nil {
			return *d.Resolution
		}
		return run.Resolution{Decision: decision, How: "flag", Who: "alice@ops", Failed: d.Failed}
	}
}

// tells reports whether events tell something of a step.
func tells(events []run.Event, typ run.Type, step string) bool {
	return slices.ContainsFunc(events, func(e run.Event) bool { return e.Type == typ && e.Step == step })
}

// TestPartSettledFromEveryEvent: wherever a session breaks off that settles a write of which a part took place, the next keeps what was said, or
// asks again, and as what it is; the write is sent again only where that was said, and what the run did of it is undone once.
func TestPartSettledFromEveryEvent(t *testing.T) {
	t.Parallel()
	for _, first := range []string{run.DecisionDone, run.DecisionRedo} {
		broken := true
		fake, whole := partly("change", &broken), enginetest.Store(t)
		opts := enginetest.Options{Journal: whole, AutoApprove: true}
		out := enginetest.Run(t, fake, halfDone, opts)
		out.Ends(t, 1)
		id, before := out.Result.RunID, len(out.Events)
		broken = false
		opts.Settle = asSaid(first)
		resumed := enginetest.Resume(t, fake, id, opts)
		resumed.Ends(t, 0)
		for cut := range resumed.Events {
			for _, then := range []string{run.DecisionDone, run.DecisionRedo} {
				t.Run(fmt.Sprintf("%s, cut after %d, %s", first, cut, then), func(t *testing.T) {
					goesOnAfterPart(t, enginetest.CutAfter(t, whole, id, before+cut), id, first, then, resumed.Events[:cut])
				})
			}
		}
	}
}

func goesOnAfterPart(t *testing.T, j journal.Journal, id, first, then string, told []run.Event) {
	t.Helper()
	want, sends := []string{}, 0
	undos := []string{"back 1"}
	switch {
	case tells(told, run.StepFinished, "change") && first == run.DecisionDone:
	case tells(told, run.StepFinished, "change"):
		undos = []string{"back 2", "back 1"}
	case tells(told, run.StepStarted, "change"):
		want = []string{"change"}
		undos = nil // where it counts as done, its result is not known, and its undo errs
		if then == run.DecisionRedo {
			sends, undos = 1, []string{"back 1", "back 1"}
		}
	case first == run.DecisionRedo && len(told) > 0: // it runs again, as was said
		sends, undos = 1, []string{"back 1", "back 1"}
	case tells(told, run.StepResolved, "change"):
		want = []string{"change part as said"}
	default:
		want = []string{"change part"}
		if then == run.DecisionRedo {
			sends, undos = 1, []string{"back 1", "back 1"}
		}
	}
	if tells(told, run.StepStarted, "after") && !tells(told, run.StepFinished, "after") {
		want = append(want, "after")
	}
	fake := &enginetest.Fake{}
	if diff := cmp.Diff(want, toSettle(t, fake, j, id)); diff != "" {
		t.Error(diff)
	}
	opts := enginetest.Options{Journal: j, AutoApprove: true, Settle: asSaid(then)}
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)
	if n := fake.Calls("change"); n != sends {
		t.Errorf("it was sent %d times, not %d", n, sends)
	}
	did := len(fake.Log())
	status := 0
	if undos == nil {
		status = run.ExitLeftOver
	}
	enginetest.Undo(t, fake, id, opts).Ends(t, status)
	if diff := cmp.Diff(append([]string{}, undos...), append([]string{}, fake.Log()[did:]...)); diff != "" {
		t.Error(diff)
	}
}

// TestPartOfAnUndoSettledFromEveryEvent: so it is with an undo. A word that has it sent again counts for the session that it was said in: one that
// breaks off before it was sent leaves it as it was, for a run that goes on would stand on what is only half there.
func TestPartOfAnUndoSettledFromEveryEvent(t *testing.T) {
	t.Parallel()
	for _, first := range []string{run.DecisionDone, run.DecisionRedo} {
		broken := true
		fake, whole := partly("back", &broken), enginetest.Store(t)
		opts := enginetest.Options{Journal: whole, AutoApprove: true, Settle: asSaid(first)}
		out := enginetest.Run(t, fake, halfUndone, opts)
		out.Ends(t, run.ExitLeftOver)
		id, before := out.Result.RunID, len(out.Events)
		broken = false
		undone := enginetest.Undo(t, fake, id, opts, "change")
		undone.Ends(t, 1)
		for cut := range undone.Events {
			told := undone.Events[:cut]
			var want string
			switch {
			case tells(told, run.UndoFinished, "change"):
			case tells(told, run.UndoStarted, "change"):
				want = "change undo"
			case tells(told, run.StepResolved, "change") && first == run.DecisionDone:
				want = "change undo part as said"
			default:
				want = "change undo part"
			}
			for _, does := range []string{"resume", "undo, done", "undo, redo", "undo"} {
				t.Run(fmt.Sprintf("%s, cut after %d, %s", first, cut, does), func(t *testing.T) {
					goesOnAfterPartOfAnUndo(t, enginetest.CutAfter(t, whole, id, before+cut), id, does, want)
				})
			}
		}
	}
}

func goesOnAfterPartOfAnUndo(t *testing.T, j journal.Journal, id, does, want string) {
	t.Helper()
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		if id == "break" {
			return enginetest.ErrUnreachable()
		}
		return nil
	}}
	if got := strings.Join(toSettle(t, fake, j, id), ", "); got != want {
		t.Errorf("asks about %q, not %q", got, want)
	}
	opts := enginetest.Options{Journal: j, AutoApprove: true}
	switch does {
	case "resume":
		opts.Settle = asSaid(run.DecisionDone)
		enginetest.Resume(t, fake, id, opts).Ends(t, 1)
		if diff := cmp.Diff([]string{"change", "break", "back"}, fake.Log()); diff != "" {
			t.Error(diff)
		}
		return
	case "undo, done":
		opts.Settle = asSaid(run.DecisionDone)
	case "undo, redo":
		opts.Settle = asSaid(run.DecisionRedo)
	}
	sends, status := 0, 1
	switch {
	case want == "":
		return // nothing is left to undo
	case does == "undo" && !strings.HasSuffix(want, "as said"), does == "undo, done":
	case does == "undo, redo" && !strings.HasSuffix(want, "as said"):
		sends = 1
	}
	if does == "undo" {
		status = run.ExitLeftOver
	}
	enginetest.Undo(t, fake, id, opts, "change").Ends(t, status)
	if n := fake.Calls("back"); n != sends {
		t.Errorf("it was sent %d times, not %d", n, sends)
	}
}
