package journaltest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// keepRun keeps the first events of a run, by a process of its own.
func keepRun(t *testing.T, reopen func() journal.Journal, id string, at time.Time, n int, files ...journal.File) {
	t.Helper()
	all := events(id, "daily", run.Pass, at)
	if id == leftOver {
		status := run.ExitLeftOver
		all[len(all)-1].ExitStatus = &status
	}
	list := entries(t, all)
	list[0].Files, list[1].Sealed = files, []byte(id)
	writer := reopen()
	defer closeIt(t, writer)
	if err := appendAll(t, writer, list[:n]); err != nil {
		t.Fatal(err)
	}
}

// leftOver is the run that ended with something to look at.
const leftOver = "01DOUBT"

// someOld keeps runs of which 01OLD and 01DOUBT are old, and gives the time before which these ended.
func someOld(t *testing.T, j journal.Journal, reopen func() journal.Journal) time.Time {
	t.Helper()
	keepRun(t, reopen, "01OLD", start, 5, file("shared"), file("own"))
	keepRun(t, reopen, "01UNFINISHED", start, 4)
	keepRun(t, reopen, "01LOCKED", start, 5)
	keepRun(t, reopen, leftOver, start, 5)
	keepRun(t, reopen, "01NEW", start.Add(48*time.Hour), 5, file("shared"))
	if err := j.Send(t.Context(), "01OLD", journal.Message{Kind: journal.MessageCancel}); err != nil {
		t.Fatal(err)
	}
	lease, _ := acquire(t, j, "deploy", owner("01LOCKED"), minute)
	if err := lease.Park(t.Context()); err != nil {
		t.Fatal(err)
	}
	return start.Add(24 * time.Hour)
}

func pruning(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	before := someOld(t, j, reopen)
	other := reopen()
	defer closeIt(t, other)
	for _, c := range []struct {
		leftOver bool
		want     int
		kept     []string
	}{
		{false, 1, []string{"01NEW", "01UNFINISHED", "01LOCKED", leftOver}},
		{false, 0, []string{"01NEW", "01UNFINISHED", "01LOCKED", leftOver}},
		{true, 1, []string{"01NEW", "01UNFINISHED", "01LOCKED"}},
	} {
		old := journal.Old{Before: before, LeftOver: c.leftOver}
		if n, err := other.Prunable(t.Context(), old); err != nil || n != c.want {
			t.Errorf("prunable: %d, %v; want %d", n, err, c.want)
		}
		if n, err := other.Prune(t.Context(), old); err != nil || n != c.want {
			t.Errorf("pruned: %d, %v; want %d", n, err, c.want)
		}
		runs, err := j.Runs(t.Context(), journal.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range runs {
			ids = append(ids, r.ID)
		}
		if diff := cmp.Diff(c.kept, ids); diff != "" {
			t.Errorf("kept (-want +got):\n%s", diff)
		}
	}
}

// prunedIsGone: a deleted run leaves nothing, and its id may come back only with nothing of the old one; others keep what is theirs.
func prunedIsGone(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	before := someOld(t, j, reopen)
	if _, err := j.Prune(t.Context(), journal.Old{Before: before}); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t.Context(), j, "01OLD"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("events of a deleted run: %v", err)
	}
	if _, err := j.File(t.Context(), "01NEW", file("shared").SHA256); err != nil {
		t.Errorf("a file that another run has: %v", err)
	}
	if values, err := j.Values(t.Context(), "daily", "disk.used", 10); err != nil || len(values) != 4 {
		t.Errorf("values: %v, %v", values, err)
	}
	list := entries(t, events("01OLD", "daily", run.Pass, start))
	for i := range list { // one by one: other batches than before
		if err := appendAll(t, j, list[i:i+1]); err != nil {
			t.Fatal(err)
		}
	}
	for e, err := range j.Events(t.Context(), "01OLD") {
		if err != nil || e.Sealed != nil {
			t.Errorf("event %+v has something sealed of a deleted run: %q, %v", e.Event, e.Sealed, err)
		}
	}
	if _, err := j.File(t.Context(), "01OLD", file("own").SHA256); err == nil {
		t.Errorf("a file of a deleted run: %v", err)
	}
	if messages, err := j.Messages(t.Context(), "01OLD", 0); err != nil || len(messages) > 0 {
		t.Errorf("messages of a deleted run: %v, %v", messages, err)
	}
}
