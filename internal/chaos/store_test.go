package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/stores"
	"github.com/e82355ed/runbook/engine/run"
)

// gatedBook ends with a write that waits for an answer, and for a file that tells it that all crashes are over.
const gatedBook = `
step "manual_confirm" "go" {
  prompt = "Go on?"
}
step "local_files" "gate" {
  pattern = "GATE"
  poll {
    until    = self.count > 0
    interval = "50ms"
    timeout  = "100s"
  }
}
step "local_write_file" "last" {
  depends_on = [step.go, step.gate]
  path       = "GATE"
  content    = "it went on"
}
`

// TestStoreRestarts kills the PostgreSQL that keeps the history, again and again under one run that somebody watches, and
// starts it anew. The run goes on, with each write seen once; and so does who lists runs, or answers meanwhile.
func TestStoreRestarts(t *testing.T) {
	t.Parallel()
	server, l, gate := ownPostgres(t), newLedger(t), filepath.Join(t.TempDir(), "gate")
	others, err := stores.Open(t.Context(), server.url())
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, others)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var wg sync.WaitGroup
	var applied, watched ended
	apply := command(ctx, t, "apply", write(t, "killed.hcl", killBook(l)+fill(gatedBook, "GATE", gate)), "--auto-approve", "--store", server.url())
	wg.Go(func() { applied = await(t, apply) })
	eventually(t, "a write is seen", func(context.Context) error { return l.atLeast(1) })
	id, digest := asking(ctx, t, others)
	watching := &firstWrite{seen: make(chan struct{})}
	watch := command(ctx, t, "watch", id, "--store", server.url())
	wg.Go(func() { watched = awaitTo(t, watch, watching) })
	<-watching.seen
	for i, writes := range []int{2, 3, 5, 7} {
		eventually(t, fmt.Sprintf("%d writes are seen", writes), func(context.Context) error { return l.atLeast(writes) })
		server.kill()
		used := make(chan struct{})
		go func() {
			defer close(used)
			useMeanwhile(ctx, t, others, id, digest, i)
		}()
		server.start()
		<-used
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if applied.status != cli0 {
		t.Errorf("the run ended with status %d:\n%s%s", applied.status, applied.stdout, applied.stderr)
	}
	if watched.status != cli0 || !strings.Contains(watched.stdout, "last") {
		t.Errorf("watch ended with status %d:\n%s%s", watched.status, watched.stdout, watched.stderr)
	}
	events := eventsOf(t, server.url(), id)
	judgeCounts(t, l.counts(), events, true)
	wholeStream(t, server.url(), id)
	if end := events[len(events)-1]; end.Outcome != run.Pass {
		t.Errorf("the run's outcome is %s", end.Outcome)
	}
	// The answer was taken in, and its message deleted; the others are there once each.
	if sent, err := others.Messages(ctx, id, 0); err != nil || len(sent) != 3 {
		t.Errorf("3 messages are not taken in, these are kept: %+v, %v", sent, err)
	}
}

// firstWrite tells of the first write.
type firstWrite struct {
	once sync.Once
	seen chan struct{}
}

func (f *firstWrite) Write(b []byte) (int, error) {
	f.once.Do(func() { close(f.seen) })
	return len(b), nil
}

// useMeanwhile uses the store as other commands do, while its server is away.
func useMeanwhile(ctx context.Context, t *testing.T, j journal.Journal, id, digest string, n int) {
	step := "nothing"
	if n == 1 {
		step = "go"
	}
	err := j.Send(ctx, id, journal.Message{
		Kind: journal.MessageAnswer, Step: step, At: time.Now(), By: fmt.Sprintf("person %d", n),
		Answer: &run.Answer{Value: []byte("true"), By: "somebody", Via: run.ViaCommand, Digest: digest},
	})
	runs, listErr := j.Runs(ctx, journal.Filter{})
	locks, locksErr := j.Locks(ctx)
	_, pruneErr := j.Prune(ctx, journal.Old{Before: time.Now().Add(-time.Hour)})
	if err := errors.Join(err, listErr, locksErr, pruneErr); err != nil {
		t.Errorf("while the server was away: %v", err)
	}
	if len(runs) != 1 || len(locks) != 1 {
		t.Errorf("%d runs and %d locks are listed", len(runs), len(locks))
	}
	mine := fmt.Sprintf("lock %d", n)
	lease, _, err := j.Acquire(ctx, mine, journal.Owner{Run: "01A"}, time.Minute, nil)
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := j.Unlock(ctx, mine, true); err != nil {
		t.Error(err)
	}
	if err := lease.Renew(ctx); !errors.Is(err, journal.ErrLeaseLost) {
		t.Errorf("renewing a lock that was freed: %v", err)
	}
}

// asking gives the store's only run, and what its question is known by.
func asking(ctx context.Context, t *testing.T, j journal.Journal) (id, digest string) {
	t.Helper()
	runs, err := j.Runs(ctx, journal.Filter{})
	if err != nil || len(runs) != 1 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	for e, err := range j.Events(ctx, runs[0].ID) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Event.Type == run.StepWaiting && e.Event.Question != nil {
			return runs[0].ID, e.Event.Question.Digest
		}
	}
	t.Fatal("nobody is asked")
	return "", ""
}

// atLeast reports an error until the server has seen so many writes.
func (l *ledger) atLeast(n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.seen) < n {
		return fmt.Errorf("%d are", len(l.seen))
	}
	return nil
}
