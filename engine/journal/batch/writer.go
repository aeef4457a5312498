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

// Writer gathers the events of runs and has a store commit them. It is safe for concurrent use.
type Writer struct {
	store Store

	mu      sync.Mutex
	changed *sync.Cond // pending, written, err or closed changed
	pending []Batch
	// appended and written count batches; err is the first failure and final.
	appended, written int
	err               error
	closed            bool
	// waiters counts the calls of Sync under way; hurry ends the writer's pause for them.
	waiters int
	hurry   chan struct{}
	done    chan struct{}
	// tails are the ends of the runs that this process writes.
	tails map[string]Tail
}

// NewWriter starts a writer, which ends with Close.
func NewWriter(store Store) *Writer {
	w := &Writer{store: store, hurry: make(chan struct{}, 1), done: make(chan struct{}), tails: map[string]Tail{}}
	w.changed = sync.NewCond(&w.mu)
	go w.write()
	return w
}

// Append queues the entries; it fails when an earlier batch could not be written, and when they do not follow.
func (w *Writer) Append(ctx context.Context, runID string, entries []journal.Entry) error {
	if len(entries) == 0 {
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
	w.pending = append(w.pending, Batch{runID, end.Runbook, entries})
	w.appended++
	w.changed.Broadcast()
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
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiters++
	defer func() { w.waiters-- }()
	w.hurryUp()
	for target := w.appended; w.written < target && w.err == nil; {
		w.changed.Wait()
	}
	return w.err
}

func (w *Writer) hurryUp() {
	select {
	case w.hurry <- struct{}{}:
	default: // it has been told
	}
}

// Close has what is queued written and ends the writer. What could not be written is told by Append and Sync.
func (w *Writer) Close() {
	w.mu.Lock()
	w.closed = true
	w.hurryUp()
	w.changed.Broadcast()
	w.mu.Unlock()
	<-w.done
}

// linger is how long the writer waits for more while nobody waits for it: what ends within it costs one commit.
const linger = 25 * time.Millisecond

// pause lets events gather. The lock is free meanwhile. A token from a Sync that was served without a pause would end this
// one at once, and its events would cost a commit of their own.
func (w *Writer) pause() {
	select {
	case <-w.hurry:
	default:
	}
	w.mu.Unlock()
	timer := time.NewTimer(linger)
	select {
	case <-timer.C:
	case <-w.hurry:
		timer.Stop()
	}
	w.mu.Lock()
}

// write is the writer's goroutine: it takes all that is queued, has it committed, and repeats.
func (w *Writer) write() {
	defer close(w.done)
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for len(w.pending) == 0 && !w.closed {
			w.changed.Wait()
		}
		if w.waiters == 0 && !w.closed {
			w.pause()
		}
		if len(w.pending) == 0 || w.err != nil {
			return
		}
		batches := w.pending
		w.pending = nil
		w.mu.Unlock()
		err := w.store.Commit(merge(batches))
		w.mu.Lock()
		w.written += len(batches)
		w.err = err
		w.changed.Broadcast()
	}
}
