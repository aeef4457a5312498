package journaltest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// messagesAtOnce: of all who send at the same moment and then look, everybody sees the same message first.
func messagesAtOnce(t *testing.T, j journal.Journal, _ func() journal.Journal) {
	write(t, j, events("01A", "daily", run.Pass, start))
	if err := j.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	for round := range 10 {
		first := make([]int64, 8)
		var wg sync.WaitGroup
		for i := range first {
			wg.Go(func() {
				m := journal.Message{Kind: journal.MessageAnswer, Step: fmt.Sprint("round ", round), At: start, By: fmt.Sprint("person ", i)}
				if err := j.Send(t.Context(), "01A", m); err != nil {
					t.Error(err)
					return
				}
				seen, err := j.Messages(t.Context(), "01A", 0)
				if at := slices.IndexFunc(seen, func(s journal.Message) bool { return s.Step == m.Step }); err == nil && at >= 0 {
					first[i] = seen[at].ID
					return
				}
				t.Errorf("what was sent is not there: %v", err)
			})
		}
		wg.Wait()
		if slices.Min(first) != slices.Max(first) {
			t.Fatalf("these were seen first: %v", first)
		}
	}
}
