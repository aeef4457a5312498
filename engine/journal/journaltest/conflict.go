package journaltest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// eventsFollow demands that a run's events come without gap or overlap.
func eventsFollow(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	want := events("01A", "daily", run.Pass, start)
	list := entries(t, want)
	if err := j.Append(t.Context(), "01A", list[1:2]); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("a run that was not started: %v", err)
	}
	if err := appendAll(t, j, list[:2]); err != nil {
		t.Fatal(err)
	}
	for name, batch := range map[string][]journal.Entry{
		"a gap": list[3:4], "an event again": list[1:2], "the start again": list[:1], "the start again, with more": list[:3],
		"a gap within": {list[2], list[4]}, "twice within": {list[2], list[2]},
	} {
		for store, s := range map[string]journal.Journal{"the writer": j, "another": reopen()} {
			err := s.Append(t.Context(), "01A", batch)
			if err == nil {
				err = s.Sync(t.Context())
			}
			if !errors.Is(err, journal.ErrConflict) {
				t.Errorf("%s, by %s: %v", name, store, err)
			}
			if s != j {
				s.Close() //nolint:errcheck // it may have failed for good
			}
		}
	}
	if err := appendAll(t, j, list[2:]); err != nil {
		t.Errorf("after refused ones: %v", err)
	}
	got, err := read(t.Context(), j, "01A")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// oneAppends lets many append the same next events: one does, the others are told, and nobody believes it wrongly.
func oneAppends(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	list := entries(t, events("01A", "daily", run.Pass, start))
	if err := appendAll(t, j, list[:1]); err != nil {
		t.Fatal(err)
	}
	var wrote atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		s := reopen()
		wg.Go(func() {
			err := s.Append(t.Context(), "01A", list[1:3])
			if err == nil {
				err = s.Sync(t.Context())
			}
			switch {
			case err == nil:
				wrote.Add(1)
			case !errors.Is(err, journal.ErrConflict):
				t.Error(err)
			}
			s.Close() //nolint:errcheck // it may have failed for good
		})
	}
	wg.Wait()
	if wrote.Load() != 1 {
		t.Errorf("%d appended the same events", wrote.Load())
	}
	got, err := read(t.Context(), j, "01A")
	if err != nil || len(got) != 3 {
		t.Errorf("%d of 3 events, %v", len(got), err)
	}
}

// nothingAfterAFailure: what was not kept is followed by nothing, and what was is told also then, and after Close.
func nothingAfterAFailure(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	list := entries(t, events("01A", "daily", run.Pass, start))
	if err := appendAll(t, j, list[:1]); err != nil {
		t.Fatal(err)
	}
	late := reopen()
	if err := appendAll(t, late, list[1:2]); err != nil {
		t.Fatal(err)
	}
	if err := appendAll(t, j, list[1:3]); !errors.Is(err, journal.ErrConflict) {
		t.Errorf("events that another process has appended: %v", err)
	}
	other := entries(t, events("01B", "daily", run.Pass, start))
	if err := j.Append(t.Context(), "01B", other); err == nil {
		t.Error("an append after a sync that failed is taken")
	}
	if err := j.Sync(t.Context()); err == nil {
		t.Error("a sync after one that failed tells nothing")
	}
	if _, err := read(t.Context(), late, "01B"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("what was appended after a failure: %v", err)
	}
	if n := j.Kept("01A"); n != 1 {
		t.Errorf("after a failure, %d events are kept, want 1", n)
	}
	closeIt(t, late)
	if n := late.Kept("01A"); n != 2 {
		t.Errorf("after Close, %d events are kept, want 2", n)
	}
	if err := late.Append(t.Context(), "01A", list[2:]); err == nil {
		t.Error("an append after Close is taken")
	}
}

// closeKeeps has what was appended kept where nobody waited for it before Close.
func closeKeeps(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	want := events("01A", "daily", run.Pass, start)
	other := reopen()
	if err := other.Append(t.Context(), "01A", entries(t, want)); err != nil {
		t.Fatal(err)
	}
	closeIt(t, other)
	got, err := read(t.Context(), j, "01A")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
