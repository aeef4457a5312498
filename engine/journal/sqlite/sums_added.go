package sqlite

import (
	"context"
	"database/sql"
)

// addRowSums gives messages and locks their sums in a file of an older layout.
func addRowSums(ctx context.Context, tx *sql.Tx) error {
	for _, rows := range []summedRows{messageRows, lockRows} {
		if err := rows.sumAll(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// sumAll gives all rows of a table their sums.
func (s summedRows) sumAll(ctx context.Context, tx *sql.Tx) error {
	var keys []any
	err := each(ctx, tx, "SELECT "+s.key+" FROM "+s.table, func(rows *sql.Rows) error {
		var key any
		err := rows.Scan(&key)
		keys = append(keys, key)
		return err
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := s.sum(ctx, tx, key); err != nil {
			return err
		}
	}
	return nil
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
	return runRows.sumAll(ctx, tx)
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

// addSums gives the batches of a file of an older layout their sums, once it is sure of them.
func addSums(ctx context.Context, tx *sql.Tx) error {
	const some = 256
	var run string
	var at, id int64
	for {
		var read []kept
		err := each(ctx, tx, "SELECT id, id & "+seqMask+", run, last_seq, events, NULL FROM batches WHERE id > ? ORDER BY id LIMIT ?", func(rows *sql.Rows) error {
			var k kept
			err := rows.Scan(&k.id, &k.first, &k.run, &k.last, &k.events, &k.sum)
			read = append(read, k)
			return err
		}, id, some)
		if err != nil || len(read) == 0 {
			return err
		}
		for _, k := range read {
			if k.run != run {
				run, at = k.run, 0
			}
			if at, err = k.whole(at); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE batches SET sum = ? WHERE id = ?", sum(k.id, k.run, k.last, k.events, nil), k.id); err != nil {
				return err
			}
		}
		id = read[len(read)-1].id
	}
}
