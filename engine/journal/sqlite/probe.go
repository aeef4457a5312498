package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
)

var _ journal.Prober = (*store)(nil)

// Probe holds the batches of runs against their sums, if they have any.
func (s *store) Probe(ctx context.Context, ids []string) ([]string, error) {
	s.leftMu.Lock()
	left := s.left
	s.leftMu.Unlock()
	switch {
	case left != nil:
		return left.Probe(ctx, ids)
	case s.layout < layoutWithSums:
		return nil, nil
	}
	return probe(ctx, ids, func(id string) error { return s.probe(ctx, id) })
}

// probe gives the ids of the runs that a look finds damaged.
func probe(ctx context.Context, ids []string, look func(id string) error) (damaged []string, err error) {
	for _, id := range ids {
		if ctx.Err() != nil {
			return damaged, ctx.Err()
		}
		switch err := look(id); {
		case errors.Is(err, journal.ErrDamaged):
			damaged = append(damaged, id)
		case err != nil:
			return damaged, err
		}
	}
	return damaged, nil
}

// probe holds the batches of a run against their sums, without reading what they say.
func (s *store) probe(ctx context.Context, id string) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return s.readError(err)
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	var last int64
	ended, err := s.eachBatch(ctx, tx, id, 1, func(k *kept) (err error) {
		last, err = k.whole(last)
		return err
	})
	if err != nil {
		return s.readError(err)
	}
	if last > 0 && !ended.Valid {
		return nil
	}
	var listed int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM runs WHERE id = ?", id).Scan(&listed); err != nil || listed == 0 {
		return err // it was pruned
	}
	if err := batch.Ends(id, ended.Int64, last); err != nil {
		return s.readError(err)
	}
	return nil
}
