package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
	"github.com/e82355ed/runbook/engine/journal/process"
)

type store struct {
	// Writer is nil where the store is for reading.
	*batch.Writer
	// name is the address without the password, which is secret.
	name, secret string
	pool         *pgxpool.Pool
	lines        *lines
	// layout is the schema's; zero only for reading.
	layout int
	self   process.ID
	// patience is how long it waits for a server that is away.
	patience time.Duration
	away     outage
}

var _ journal.Named = (*store)(nil)

// Name is the address without the password and settings.
func (s *store) Name() string { return s.name }

// Close writes what is queued and closes the connections.
func (s *store) Close() error {
	if s.Writer != nil {
		s.Finish()
	}
	s.hangUp()
	return nil
}

// hangUp closes the connections. A server that hears it takes a moment for that; one that is silent is not waited for.
func (s *store) hangUp() {
	cut := time.AfterFunc(time.Second, s.lines.cut)
	defer cut.Stop()
	s.pool.Close()
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
