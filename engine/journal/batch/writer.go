package batch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// Tail is where a run goes on.
type Tail struct {
	Runbook string
	// Last is the number of the last event.
	Last int64
}

// Store keeps batches.
type Store interface {
	// Tail is the end of a run as it is kept; journal.ErrNotFound for an unknown one.
	Tail(ctx context.Context, runID string) (Tail, error)
	// Commit makes batches durable, one a run, all or none. It has to find out that a run ends elsewhere by now
	// (journal.ErrConflict). It is called by one goroutine at a time.
	Commit(batches []Batch) error
}

// Writer gathers the events of runs and has a store commit them. Who waits for events commits them himself, with all that
// others have queued by then, unless a commit is under way. It is safe for concurrent use. Nil is the writer of a store that
// was opened for reading.
type Writer struct {
	store Store

	mu    sync.Mutex
	ended *sync.Cond // a commit
	// committing is true while a commit is under way, without mu.
	committing bool
	pending    []Batch
	// since is when the oldest of pending was appended; timer has it committed if nobody waits for it. timed: the timer runs.
	since time.Time
	timer *time.Timer
	timed bool
	// appended and written count batches; err is the first failure and final.
	appended, written int
	err               error
	closed            bool
	// tails are the ends of the runs that this process writes.
	tails map[string]Tail
	// kept are the numbers of the last events of theirs that are durable.
	kept map[string]int64
}

// NewWriter makes a writer, which ends with Finish.
func NewWriter(store Store) *Writer {
	w := &Writer{store: store, tails: map[string]Tail{}, kept: map[string]int64{}}
	w.ended = sync.NewCond(&w.mu)
	w.timer = time.AfterFunc(time.Hour, w.lingered)
	w.timer.Stop()
	return w
}

// Append queues the entries; it fails when an earlier batch could not be written, and when they do not follow.
func (w *Writer) Append(ctx context.Context, runID string, entries []journal.Entry) error {
	switch {
	case w == nil:
		return journal.ErrReadOnly
	case len(entries) == 0:
		return nil
	}
	end, err := w.tail(ctx, runID, entries[0].Event)
	if err != nil {
		return err
	}
	for i := range entries {
		if got := entries[i].Event.Seq; got != end.Last+1 {
			return fmt.Errorf("append to run %s: %w: event %d after event %d", runID, journal.ErrConflict, got, end.Last)
		}
		end.Last++
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	if w.closed {
		return errors.New("the journal is closed")
	}
	w.tails[runID] = end
	if len(w.pending) == 0 {
		w.since = time.Now()
		w.linger(linger)
	}
	w.pending = append(w.pending, Batch{runID, end.Runbook, entries})
	w.appended++
	return nil
}

// tail is the end of a run before its next event: what this process appended last, what the store holds, or nothing.
func (w *Writer) tail(ctx context.Context, runID string, next *run.Event) (Tail, error) {
	w.mu.Lock()
	end, known := w.tails[runID]
	w.mu.Unlock()
	switch {
	case known:
		return end, nil
	case starts(next):
		return Tail{Runbook: next.Runbook}, nil // Commit finds out whether the run is there already
	}
	end, err := w.store.Tail(ctx, runID)
	if err != nil {
		return end, fmt.Errorf("append to run %s: %w", runID, err)
	}
	return end, nil
}

// Sync waits until what was appended before it is durable. It does not end early with ctx: half a write helps nobody.
func (w *Writer) Sync(context.Context) error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sync()
}

func (w *Writer) sync() error {
	for target := w.appended; w.written < target && w.err == nil; {
		if w.committing {
			w.ended.Wait()
			continue
		}
		w.commit()
	}
	return w.err
}

// commit has the store commit what is queued. The lock is free meanwhile.
func (w *Writer) commit() {
	batches := w.pending
	w.pending, w.committing = nil, true
	w.mu.Unlock()
	merged := merge(batches)
	err := w.store.Commit(merged)
	w.mu.Lock()
	for i := range merged {
		if err == nil {
			w.kept[merged[i].Run] = merged[i].Last()
		}
	}
	w.committing = false
	w.written += len(batches)
	if w.err == nil {
		w.err = err
	}
	w.ended.Broadcast()
}

// linger is how long events wait for more while nobody waits for them: what ends within it costs one commit.
const linger = 25 * time.Millisecond

// linger starts the timer unless it runs: setting a timer that is being waited for wakes a thread.
func (w *Writer) linger(d time.Duration) {
	if !w.timed {
		w.timed = true
		w.timer.Reset(d)
	}
}

// lingered commits what has waited long enough. What went wrong is told by the next Append or Sync.
func (w *Writer) lingered() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timed = false
	if len(w.pending) == 0 || w.err != nil {
		return
	}
	if left := linger - time.Since(w.since); left > 0 && !w.closed {
		w.linger(left)
		return
	}
	_ = w.sync()
}

// Kept is the number of the last event of a run that was committed.
func (w *Writer) Kept(runID string) int64 {
	if w == nil {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.kept[runID]
}

// Fail has nothing more committed, as after a commit that failed.
func (w *Writer) Fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
}

// Finish has what is queued committed and takes no more. What could not be is told by Append and Sync.
func (w *Writer) Finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.timer.Stop()
	_ = w.sync()
}
