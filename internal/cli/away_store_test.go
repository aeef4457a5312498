package cli

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/journal"
)

// unreachable is a journal whose server is away when events are read.
type unreachable struct {
	journal.Journal
	reads int
}

func (u *unreachable) Events(context.Context, string) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		u.reads++
		yield(journal.Entry{}, fmt.Errorf("it does not answer (%w)", journal.ErrAway))
	}
}

// TestListsBesideAStoreThatIsAway: nothing is called damaged that nobody could read, and the server is not waited for once a run.
func TestListsBesideAStoreThatIsAway(t *testing.T) {
	for _, command := range [][]string{{"runs"}, {"runs", "check"}} {
		tt := newTerminal(t, false, nil, nil)
		for range 2 {
			tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "x.hcl", askedBeside), "--auto-approve")
		}
		u := &unreachable{}
		tt.OpenHistory = func(ctx context.Context, path string) (_ journal.Journal, err error) {
			u.Journal, err = tt.OpenJournal(ctx, path)
			return u, err
		}
		tt.err.b.Reset()
		tt.out.b.Reset()
		status := tt.run(command...)
		said := tt.out.String() + tt.err.String()
		if status != ExitRefused || !strings.Contains(said, "Error: it does not answer") || strings.Contains(said, "damaged") || u.reads != 1 {
			t.Errorf("%v: exit status %d after %d reads\n%s", command, status, u.reads, said)
		}
	}
}
