package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

type store struct {
	// The mailbox and the locks follow with the next layout of the file.
	journal.Mailbox
	journal.Locker

	path string
	db   *sql.DB
	// conn is the writer's own; only write uses it.
	conn *sql.Conn

	mu      sync.Mutex
	changed *sync.Cond // pending, written, err or closed changed
	pending []batch
	// appended and written count batches; err is the first failure and final.
	appended, written int
	err               error
	closed            bool
	// waiters counts the calls of Sync under way; hurry ends the writer's pause for them.
	waiters  int
	hurry    chan struct{}
	done     chan struct{}
	runbooks map[string]string // of the runs that this process writes
}

type batch struct {
	run     string
	entries []journal.Entry
}

func newStore(path string, db *sql.DB, conn *sql.Conn) *store {
	s := &store{path: path, db: db, conn: conn, hurry: make(chan struct{}, 1), done: make(chan struct{}), runbooks: map[string]string{}}
	s.changed = sync.NewCond(&s.mu)
	go s.write()
	return s
}

// Append queues the entries; it fails when an earlier batch could not be written.
func (s *store) Append(_ context.Context, runID string, entries []journal.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if s.closed {
		return errors.New("the journal is closed")
	}
	s.pending = append(s.pending, batch{runID, entries})
	s.appended++
	s.changed.Broadcast()
	return nil
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
			s.err = fmt.Errorf("write the run history %s: %w", s.path, err)
		}
		s.changed.Broadcast()
	}
}

func (s *store) commit(batches []batch) (err error) {
	ctx := context.Background() // a cancelled run must still be written
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		// A full disk has SQLite roll back by itself.
		if rollback := tx.Rollback(); !errors.Is(rollback, sql.ErrTxDone) {
			err = errors.Join(err, rollback)
		}
	}()
	for _, b := range merge(batches) {
		if err := s.insert(ctx, tx, b); err != nil {
			return err
		}
	}
	return tx.Commit()
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
		out = append(out, batch{b.run, slices.Clip(b.entries)})
	}
	return out
}

func (s *store) insert(ctx context.Context, tx *sql.Tx, b batch) error {
	size := 0
	for i := range b.entries {
		size += len(b.entries[i].JSON) + 1
	}
	lines := make([]byte, 0, size)
	for i := range b.entries {
		lines = append(append(lines, b.entries[i].JSON...), '\n')
		if err := s.index(ctx, tx, b.run, b.entries[i].Event); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO batches (run, first_seq, events) VALUES (?, ?, ?)", b.run, b.entries[0].Event.Seq, lines)
	return err
}

// index keeps what is looked up without reading events: the list of runs and the thresholds' values.
func (s *store) index(ctx context.Context, tx *sql.Tx, runID string, e *run.Event) error {
	switch {
	case e.Type == run.RunStarted && e.Header != nil:
		s.runbooks[runID] = e.Runbook
		_, err := tx.ExecContext(ctx, "INSERT INTO runs (id, runbook, file, environment, user, started_at) VALUES (?, ?, ?, ?, ?, ?)",
			runID, e.Runbook, e.File, e.Environment, e.User, e.Time.UnixMicro())
		return err
	case e.Type == run.RunFinished:
		counts, err := json.Marshal(e.Counts)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE runs SET outcome = ?, duration_ms = ?, exit_status = ?, counts = ? WHERE id = ?",
			string(e.Outcome), e.DurationMS, e.ExitStatus, counts, runID)
		return err
	case e.Type == run.CheckEvaluated && e.Check != nil && e.Kind == run.KindThreshold && e.Value != nil:
		_, err := tx.ExecContext(ctx, "INSERT INTO vals (runbook, name, at, run, value, unit, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)",
			s.runbooks[runID], e.Step+"."+e.Name, e.Time.UnixMicro(), runID, *e.Value, e.Unit, string(e.Outcome))
		return err
	}
	return nil
}

// File and Prune follow with the next layout of the file.
func (s *store) File(context.Context, string, string) ([]byte, error) {
	return nil, journal.ErrNotFound
}

// Prune deletes nothing yet.
func (s *store) Prune(context.Context, time.Time) (int, error) { return 0, nil }
