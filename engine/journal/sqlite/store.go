package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
	"github.com/e82355ed/runbook/engine/journal/process"
)

type store struct {
	// Writer is nil where the store is for reading.
	*batch.Writer
	path string
	// file is what was at path when it was opened.
	file os.FileInfo
	db   *sql.DB
	// layout is the file's; older than the present one only for reading.
	layout int
	self   process.ID
	// now is the wall clock, which anybody may set.
	now func() time.Time
	// conn and insert are Commit's own.
	conn   *sql.Conn
	insert *inserter
	// turn holds a token while a change other than events is made: one connection does for them all.
	turn chan struct{}
	// look is under way at a file of more than lookFirst bytes; nil: there is none.
	look *look
	// left is what is left of a damaged file that is open for reading; nil: nobody needed it.
	leftMu sync.Mutex
	left   *leftover
}

func newStore(path string, db *sql.DB) *store {
	return &store{path: path, db: db, layout: len(layouts), self: process.Self(), now: time.Now, turn: make(chan struct{}, 1)}
}

// Close writes what is queued and closes the file.
func (s *store) Close() error {
	if s.Writer == nil {
		return errors.Join(s.left.Close(), s.db.Close())
	}
	s.Finish()
	return errors.Join(s.look.end(), s.insert.close(), s.conn.Close(), s.db.Close())
}

// Tail is the end of a run, for the writer.
func (s *store) Tail(ctx context.Context, runID string) (batch.Tail, error) {
	var end batch.Tail
	err := s.db.QueryRowContext(ctx, `SELECT runbook, last_seq FROM runs JOIN batches ON batches.id BETWEEN number << 32 AND (number << 32) + `+seqMask+`
		WHERE runs.id = ? ORDER BY batches.id DESC LIMIT 1`, runID).Scan(&end.Runbook, &end.Last)
	if errors.Is(err, sql.ErrNoRows) {
		return end, journal.ErrNotFound
	}
	if err != nil {
		return end, s.readError(err)
	}
	return end, nil
}

// moved tells that path is no longer the file that is open: nobody else would find there what is written from now on, neither
// the events nor the locks.
func (s *store) moved() error {
	info, err := os.Stat(s.path)
	if err == nil && os.SameFile(info, s.file) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.writeError(err)
	}
	return s.writeError(fmt.Errorf("%w while it was in use", journal.ErrMoved))
}

// Commit makes batches durable in one transaction, for the writer.
func (s *store) Commit(batches []batch.Batch) error {
	if err := s.moved(); err != nil {
		return err
	}
	if err := s.commit(context.Background(), batches); err != nil { // a cancelled run must still be written
		return s.writeError(err)
	}
	return nil
}

func (s *store) commit(ctx context.Context, batches []batch.Batch) error {
	if s.insert == nil {
		var err error
		if s.insert, err = newInserter(ctx, s.conn); err != nil {
			return err
		}
	}
	if len(batches) == 1 && alone(&batches[0]) {
		_, err := s.insert.add(ctx, &batches[0])
		return err
	}
	if _, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	var err error
	for i := range batches {
		if err = s.insert.batch(ctx, &batches[i]); err != nil {
			break
		}
	}
	if err == nil {
		_, err = s.conn.ExecContext(ctx, "COMMIT")
	}
	if err == nil {
		return nil
	}
	// A full disk has SQLite roll back by itself; there is then nothing to roll back. The writer ends with the first error.
	_, rollback := s.conn.ExecContext(ctx, "ROLLBACK")
	if rollback != nil && strings.Contains(rollback.Error(), "no transaction is active") {
		rollback = nil
	}
	return errors.Join(err, rollback)
}

// change makes a change other than events in a transaction of its own, durable on return.
func (s *store) change(ctx context.Context, do func(tx *sql.Tx) error) error {
	if s.Writer == nil {
		return journal.ErrReadOnly
	}
	if err := errors.Join(s.look.damaged(), s.moved()); err != nil {
		return err
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
	return orRollback(tx, func() error {
		if err := do(tx); err != nil {
			return err
		}
		if err := tx.Commit(); err != nil {
			return s.writeError(err)
		}
		return nil
	})
}

// orRollback does what ends with the commit of a transaction, and rolls it back where that fails.
func orRollback(tx *sql.Tx, do func() error) error {
	err := do()
	if err == nil {
		return nil
	}
	// A full disk has SQLite roll back by itself.
	if rollback := tx.Rollback(); !errors.Is(rollback, sql.ErrTxDone) {
		err = errors.Join(err, rollback)
	}
	return err
}

func (s *store) readError(err error) error {
	return fmt.Errorf("read the run history %s: %w", s.path, inWords(err))
}

func (s *store) writeError(err error) error {
	return fmt.Errorf("write the run history %s: %w", s.path, inWords(err))
}
