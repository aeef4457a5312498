package journaltest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// followed: what is behind a number comes, wherever batches begin and end.
func followed(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	all := events("01FOLLOW", "daily", run.Pass, start)
	if err := appendAll(t, j, entries(t, all[:2])); err != nil {
		t.Fatal(err)
	}
	write(t, j, all[2:])
	other := reopen()
	defer closeIt(t, other)
	for after := range len(all) + 2 {
		var got []int64
		for e, err := range journal.EventsAfter(t.Context(), other, "01FOLLOW", int64(after)) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Event.Seq)
		}
		var want []int64
		for _, e := range all[min(after, len(all)):] {
			want = append(want, e.Seq)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %d: %s", after, diff)
		}
	}
	for _, err := range journal.EventsAfter(t.Context(), other, "01NOBODY", 0) {
		if !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("an unknown run: %v", err)
		}
	}
}
