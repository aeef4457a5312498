package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/process"
	"github.com/e82355ed/runbook/engine/run"
)

type store struct {
	path string
	db   *sql.DB
	// layout is the file's; older than the present one only for reading.
	layout int
	self   process.ID
	// conn is the writer's own, used by write alone; nil: the store is for reading.
	conn *sql.Conn
	// turn holds a token while a change other than events is made: one connection does for them all.
	turn chan struct{}

	mu      sync.Mutex
	changed *sync.Cond // pending, written, err or closed changed
	pending []batch
	// appended and written count batches; err is the first failure and final.
	appended, written int
	err               error
	closed            bool
	// waiters counts the calls of Sync under way; hurry ends the writer's pause for them.
	waiters int
	hurry   chan struct{}
	done    chan struct{}
	// tails are the ends of the runs that this process writes.
	tails map[string]tail
}

// tail is where a run goes on.
type tail struct {
	runbook string
	// last is the number of the last event that was appended.
	last int64
}

type batch struct {
	run, runbook string
	entries      []journal.Entry
}

func newStore(path string, db *sql.DB, conn *sql.Conn) *store {
	s := &store{
		path: path, db: db, layout: len(layouts), self: process.Self(), conn: conn, turn: make(chan struct{}, 1),
		hurry: make(chan struct{}, 1), done: make(chan struct{}), tails: map[string]tail{},
	}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// Append queues the entries; it fails when an earlier batch could not be written.
func (s *store) Append(ctx context.Context, runID string, entries []journal.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	if s.conn == nil {
		return journal.ErrReadOnly
	}
	end, err := s.tail(ctx, runID, entries[0].Event)
	if err != nil {
		return err
	}
	for i := range entries {
		if got := entries[i].Event.Seq; got != end.last+1 {
			return fmt.Errorf("append to run %s: %w: event %d after event %d", runID, journal.ErrConflict, got, end.last)
		}
		end.last++
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if s.closed {
		return errors.New("the journal is closed")
	}
	s.tails[runID] = end
	s.pending = append(s.pending, batch{runID, end.runbook, entries})
	s.appended++
	s.changed.Broadcast()
	return nil
}

// tail is the end of a run before its next event: what this process appended last, what the file holds, or nothing.
func (s *store) tail(ctx context.Context, runID string, next *run.Event) (tail, error) {
	s.mu.Lock()
	end, known := s.tails[runID]
	s.mu.Unlock()
	switch {
	case known:
		return end, nil
	case next.Type == run.RunStarted && next.Header != nil:
		return tail{runbook: next.Runbook}, nil // commit finds out whether the run is there already
	}
	err := s.db.QueryRowContext(ctx, "SELECT runbook, last_seq FROM runs WHERE id = ?", runID).Scan(&end.runbook, &end.last)
	if errors.Is(err, sql.ErrNoRows) {
		return end, fmt.Errorf("append to run %s: %w", runID, journal.ErrNotFound)
	}
	if err != nil {
		return end, s.readError(err)
	}
	return end, nil
}

// Sync waits until what was appended before it is on disk. It does not end early with ctx: half a write helps nobody.
func (s *store) Sync(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiters++
	defer func() { s.waiters-- }()
	s.hurryUp()
	for target := s.appended; s.written < target && s.err == nil; {
		s.changed.Wait()
	}
	return s.err
}

func (s *store) hurryUp() {
	select {
	case s.hurry <- struct{}{}:
	default: // it has been told
	}
}

// Close writes what is queued and closes the file.
func (s *store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.hurryUp()
	s.changed.Broadcast()
	s.mu.Unlock()
	<-s.done
	if s.conn == nil {
		return s.db.Close()
	}
	return errors.Join(s.conn.Close(), s.db.Close())
}

// linger is how long the writer waits for more while nobody waits for it: what ends within it costs one transaction.
const linger = 25 * time.Millisecond

// pause lets events gather. The lock is free meanwhile.
func (s *store) pause() {
	s.mu.Unlock()
	timer := time.NewTimer(linger)
	select {
	case <-timer.C:
	case <-s.hurry:
		timer.Stop()
	}
	s.mu.Lock()
}

// write is the journal's goroutine: it takes all that is queued, makes it durable in one transaction, and repeats.
func (s *store) write() {
	defer close(s.done)
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for len(s.pending) == 0 && !s.closed {
			s.changed.Wait()
		}
		if s.waiters == 0 && !s.closed {
			s.pause()
		}
		if len(s.pending) == 0 || s.err != nil {
			return
		}
		batches := s.pending
		s.pending = nil
		s.mu.Unlock()
		err := s.commit(batches)
		s.mu.Lock()
		s.written += len(batches)
		if err != nil {
			s.err = s.writeError(err)
		}
		s.changed.Broadcast()
	}
}

func (s *store) commit(batches []batch) error {
	ctx := context.Background() // a cancelled run must still be written
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	return finish(tx, func() error {
		for _, b := range merge(batches) {
			if err := insert(ctx, tx, b); err != nil {
				return err
			}
		}
		return nil
	})
}

// change makes a change other than events in a transaction of its own, durable on return.
func (s *store) change(ctx context.Context, do func(tx *sql.Tx) error) error {
	if s.conn == nil {
		return journal.ErrReadOnly
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.writeError(err)
	}
	return finish(tx, func() error { return do(tx) })
}

// finish ends a transaction, by what is done in it.
func finish(tx *sql.Tx, do func() error) error {
	err := do()
	if err == nil {
		err = tx.Commit()
	}
	if err == nil {
		return nil
	}
	// A full disk has SQLite roll back by itself.
	if rollback := tx.Rollback(); !errors.Is(rollback, sql.ErrTxDone) {
		err = errors.Join(err, rollback)
	}
	return err
}

// merge joins the batches of each run, so that a run's events that came together are one row.
func merge(batches []batch) []batch {
	var out []batch
	at := map[string]int{}
	for _, b := range batches {
		if i, ok := at[b.run]; ok {
			out[i].entries = append(out[i].entries, b.entries...)
			continue
		}
		at[b.run] = len(out)
		out = append(out, batch{b.run, b.runbook, slices.Clip(b.entries)})
	}
	return out
}

func (s *store) readError(err error) error {
	return fmt.Errorf("read the run history %s: %w", s.path, damaged(err))
}

func (s *store) writeError(err error) error {
	return fmt.Errorf("write the run history %s: %w", s.path, damaged(err))
}
