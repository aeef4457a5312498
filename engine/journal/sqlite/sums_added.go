package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/e82355ed/runbook/engine/journal"
)

// runColumns are those that the sum of a run's row is of, the first three by which it is looked at.
const runColumns = "number, ended_at, sum, " + summaryColumns

// rowSum is the sum of the runColumns of a row, without the sum itself.
func rowSum(rows *sql.Rows) (int64, error) {
	names, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return 0, err
	}
	h := crc32.New(castagnoli)
	for i, v := range values {
		if names[i] == "sum" {
			continue
		}
		if text, ok := v.([]byte); ok {
			v = string(text)
		}
		fmt.Fprintf(h, "%v\x00", v) // it never fails
	}
	return int64(h.Sum32()), nil
}

// listChanged says that the row of a run in the list is not as it was written.
func listChanged(runID string) error {
	return fmt.Errorf("run %s: %w: what the list of runs says of it is not as it was written", runID, journal.ErrDamaged)
}

// preparer is a connection or a transaction.
type preparer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// sumRun gives the row of a run its sum, once it was changed.
func sumRun(ctx context.Context, db preparer, runID string) error {
	rows, err := db.QueryContext(ctx, "SELECT "+runColumns+" FROM runs WHERE id = ?", runID)
	if err != nil {
		return err
	}
	var is int64
	for rows.Next() {
		if is, err = rowSum(rows); err != nil {
			break
		}
	}
	if err := errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "UPDATE runs SET sum = ? WHERE id = ?", is, runID)
	return err
}

// addAllSums gives the batches with sealed parts, and the list of runs, their sums in a file of an older layout.
func addAllSums(ctx context.Context, tx *sql.Tx) error {
	var batches []int64
	err := each(ctx, tx, "SELECT DISTINCT batch FROM sealed JOIN batches ON batches.id = batch ORDER BY batch", func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		batches = append(batches, id)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range batches {
		if err := sumSealed(ctx, tx, id); err != nil {
			return err
		}
	}
	var ids []string
	err = each(ctx, tx, "SELECT id FROM runs", func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := sumRun(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// sumSealed gives a batch whose sum is that of its events one that covers its sealed parts, once it is sure of the events.
func sumSealed(ctx context.Context, tx *sql.Tx, id int64) error {
	k := kept{id: id, first: id & (1<<seqBits - 1), sealed: map[int64][]byte{}}
	err := tx.QueryRowContext(ctx, "SELECT run, last_seq, events, sum FROM batches WHERE id = ?", id).Scan(&k.run, &k.last, &k.events, &k.sum)
	if err != nil {
		return err
	}
	if err := k.summed(); err != nil {
		return err
	}
	err = each(ctx, tx, "SELECT seq, data FROM sealed WHERE batch = ?", func(rows *sql.Rows) error {
		var seq int64
		var data []byte
		err := rows.Scan(&seq, &data)
		k.sealed[seq] = data
		return err
	}, id)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE batches SET sum = ? WHERE id = ?", sum(k.id, k.run, k.last, k.events, k.sealed), id)
	return err
}
