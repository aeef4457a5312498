package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
	"github.com/e82355ed/runbook/engine/journal/process"
)

type store struct {
	// name is the address without the password, which is secret.
	name, secret string
	pool         *pgxpool.Pool
	// layout is the schema's; zero only for reading.
	layout int
	self   process.ID
	// patience is how long a batch is sent again to a server that is away.
	patience time.Duration
	// writer is nil where the store is for reading.
	writer *batch.Writer
}

const patience = 30 * time.Second

// Append queues the entries; it fails when an earlier batch could not be written.
func (s *store) Append(ctx context.Context, runID string, entries []journal.Entry) error {
	if s.writer == nil {
		return journal.ErrReadOnly
	}
	return s.writer.Append(ctx, runID, entries)
}

// Sync waits until what was appended before it is committed.
func (s *store) Sync(ctx context.Context) error {
	if s.writer == nil {
		return nil
	}
	return s.writer.Sync(ctx)
}

// Close writes what is queued and closes the connections.
func (s *store) Close() error {
	if s.writer != nil {
		s.writer.Close()
	}
	s.pool.Close()
	return nil
}

// Tail is the end of a run, for the writer.
func (s *store) Tail(ctx context.Context, runID string) (end batch.Tail, err error) {
	err = s.again(ctx, func() error {
		return s.pool.QueryRow(ctx, "SELECT runbook, last_seq FROM runbook.runs WHERE id = $1", runID).Scan(&end.Runbook, &end.Last)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return end, journal.ErrNotFound
	}
	if err != nil {
		return end, s.readError(err)
	}
	return end, nil
}

// Commit makes batches durable in one transaction, for the writer. When the connection breaks nobody knows whether the
// transaction was committed; another attempt then meets its own events.
func (s *store) Commit(batches []batch.Batch) error {
	ctx := context.Background() // a cancelled run must still be written
	attempts := 0
	err := s.again(ctx, func() error {
		attempts++
		err := s.commit(ctx, batches)
		if attempts > 1 && errors.Is(err, journal.ErrConflict) {
			if kept, lookErr := s.keeps(ctx, &batches[0]); lookErr != nil || kept {
				return lookErr
			}
		}
		return err
	})
	if err != nil {
		return s.writeError(err)
	}
	return nil
}

// keeps reports whether a batch is there as it was sent. Nobody else can have written it: events hold who and when.
func (s *store) keeps(ctx context.Context, b *batch.Batch) (bool, error) {
	var same bool
	err := s.pool.QueryRow(ctx, "SELECT events = $3 FROM runbook.batches WHERE run = $1 AND first_seq = $2", b.Run, b.First(), b.Lines()).Scan(&same)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return same, err
}

// commit sends all in one go: what the server is sent before it is told to answer is one transaction.
func (s *store) commit(ctx context.Context, batches []batch.Batch) error {
	queue := &pgx.Batch{}
	for i := range batches {
		if err := enqueue(queue, &batches[i]); err != nil {
			return err
		}
	}
	return s.pool.SendBatch(ctx, queue).Close()
}

// again repeats what failed because the server was away, for the store's patience. It must do no harm twice.
func (s *store) again(ctx context.Context, do func() error) error {
	deadline := time.Now().Add(s.patience)
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := do()
		if err == nil || !passing(err) || time.Now().Add(wait).After(deadline) {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

// passingCodes are the server's words for a state that passes, see the appendix on error codes of its manual.
var passingCodes = map[string]bool{
	"57P01": true, // admin_shutdown
	"57P02": true, // crash_shutdown
	"57P03": true, // cannot_connect_now
	"53300": true, // too_many_connections
	"40001": true, // serialization_failure
	"40P01": true, // deadlock_detected
	"25006": true, // read_only_sql_transaction: a standby that is about to take over
}

// passing reports whether an error may be gone in a moment: the server's refusals are final but for some.
func passing(err error) bool {
	var e *pgconn.PgError
	switch {
	case errors.As(err, &e):
		return passingCodes[e.Code]
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded) && !isConnect(err):
		return false
	case errors.Is(err, pgx.ErrNoRows), errors.Is(err, journal.ErrConflict), errors.Is(err, journal.ErrNotFound),
		errors.Is(err, journal.ErrLocked), errors.Is(err, journal.ErrLeaseLost), errors.Is(err, journal.ErrDamaged):
		return false
	}
	return true // the connection
}

// isConnect reports whether an error is one of connecting, whose timeout is its own.
func isConnect(err error) bool {
	var e *pgconn.ConnectError
	return errors.As(err, &e)
}
