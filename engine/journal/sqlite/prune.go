package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/e82355ed/runbook/engine/journal"
)

// prunable selects the runs of a [journal.Old], by its time and [journal.Old.But].
const prunable = "FROM runs WHERE status = 'ended' AND ended_at < ?1 AND exit_status IS NOT ?2 AND NOT EXISTS (SELECT 1 FROM locks WHERE run = runs.id)"

// Prunable counts the runs that Prune would delete.
func (s *store) Prunable(ctx context.Context, old journal.Old) (int, error) {
	var n int
	if s.layout == 0 {
		return 0, nil
	}
	if err := s.whole(ctx); err != nil {
		return 0, err
	}
	query := "SELECT count(*) " + prunable
	if s.layout < 2 {
		query = "SELECT count(*) FROM runs WHERE exit_status IS NOT NULL AND started_at + CAST(duration_ms * 1000 AS INTEGER) < ?1 AND exit_status IS NOT ?2"
	}
	if err := s.db.QueryRowContext(ctx, query, old.Before.UnixMicro(), old.But()).Scan(&n); err != nil {
		return 0, s.readError(err)
	}
	return n, nil
}

// pruneAtOnce bounds a transaction of Prune, for which the runs that go on have to wait.
const pruneAtOnce = 100

// Prune deletes old runs, so that nothing is left of them.
func (s *store) Prune(ctx context.Context, old journal.Old) (int, error) {
	if s.Writer == nil {
		return 0, journal.ErrReadOnly
	}
	if err := s.whole(ctx); err != nil {
		return 0, err
	}
	total := 0
	for {
		n := 0
		err := s.change(ctx, func(tx *sql.Tx) (err error) {
			n, err = pruneSome(ctx, tx, old)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("after %d deleted runs: %w", total, s.writeError(err))
		}
		total += n
		if n < pruneAtOnce {
			return total, s.forget(ctx)
		}
	}
}

// pruneSome deletes some runs with all that is theirs, and the files that no run has any more.
func pruneSome(ctx context.Context, tx *sql.Tx, old journal.Old) (int, error) {
	const (
		ids     = "(SELECT id FROM doomed)"
		batches = "(SELECT batches.id FROM doomed JOIN runs USING (id) JOIN batches ON batches.id BETWEEN number << 32 AND (number << 32) + " + seqMask + ")"
	)
	statements := []string{
		"DELETE FROM files WHERE sha256 IN (SELECT sha256 FROM run_files WHERE run IN " + ids + ") AND NOT EXISTS " +
			"(SELECT 1 FROM run_files AS other WHERE other.sha256 = files.sha256 AND other.run NOT IN " + ids + ")",
		"DELETE FROM run_files WHERE run IN " + ids,
		"DELETE FROM sealed WHERE batch IN " + batches,
		"DELETE FROM messages WHERE run IN " + ids,
		"DELETE FROM vals WHERE run IN " + ids,
		"DELETE FROM batches WHERE id IN " + batches,
		"DELETE FROM ends WHERE number IN (SELECT number FROM runs WHERE id IN " + ids + ")",
		"DELETE FROM runs WHERE id IN " + ids,
	}
	// Temporary tables are the connection's own and not in the file.
	if _, err := tx.ExecContext(ctx, "CREATE TEMP TABLE IF NOT EXISTS doomed (id TEXT PRIMARY KEY); DELETE FROM doomed"); err != nil {
		return 0, err
	}
	done, err := tx.ExecContext(ctx, "INSERT INTO doomed SELECT id "+prunable+" LIMIT ?3", old.Before.UnixMicro(), old.But(), pruneAtOnce)
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	if err != nil || n == 0 {
		return 0, err
	}
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return 0, err
		}
	}
	return int(n), nil
}
