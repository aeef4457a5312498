package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"iter"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
)

// The id of a batch is the number of its run, shifted, and the number of its first event.
const (
	seqBits = 32
	seqMask = "4294967295"
)

// eventQueries read a run ?1 by the file's layout, from the batch on that holds the event ?2: a batch's sealed parts come
// before it, so that one statement sees the run at one time. The first column is the batch's first event, or its id.
var eventQueries = []string{
	1: `SELECT first_seq, 1 << 62, events, 0, NULL FROM batches WHERE run = ?1 AND first_seq >= ` + holder + ` ORDER BY first_seq`,
	2: `SELECT batch, seq, data, 0, NULL FROM sealed WHERE run = ?1 AND batch >= ` + holder + ` UNION ALL
		SELECT first_seq, 1 << 62, events, 0, NULL FROM batches WHERE run = ?1 AND first_seq >= ` + holder + ` ORDER BY 1, 2`,
	3: byNumber("NULL"),
	4: byNumber("sum"),
	5: byNumber("sum"),
}

// byNumber reads a run by the numbers of its batches.
func byNumber(sum string) string {
	return `WITH base (id) AS (SELECT number << 32 FROM runs WHERE id = ?1),
		part (first, last) AS (SELECT max(base.id, coalesce((SELECT max(batches.id) FROM batches WHERE batches.id <= base.id + ?2), 0)), base.id + ` + seqMask + ` FROM base)
		SELECT batch, seq, data, 0, NULL FROM sealed WHERE batch BETWEEN (SELECT first FROM part) AND (SELECT last FROM part) UNION ALL
		SELECT id, 1 << 62, events, last_seq, ` + sum + ` FROM batches WHERE id BETWEEN (SELECT first FROM part) AND (SELECT last FROM part) ORDER BY 1, 2`
}

const holder = `(SELECT coalesce(max(first_seq), 0) FROM batches WHERE run = ?1 AND first_seq <= ?2)`

// Events gives a run's events in order.
func (s *store) Events(ctx context.Context, runID string) iter.Seq2[journal.Entry, error] {
	return s.EventsAfter(ctx, runID, 0)
}

var _ journal.Follower = (*store)(nil)

// EventsAfter gives the events behind a sequence number. It reads the batch that holds the next one, and those after it.
func (s *store) EventsAfter(ctx context.Context, runID string, after int64) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		last := after
		err := s.events(ctx, runID, after+1, func(e journal.Entry) bool {
			if e.Event.Seq <= after {
				return true
			}
			last = e.Event.Seq
			return yield(e, nil)
		})
		if errors.Is(err, journal.ErrDamaged) && s.Writer == nil {
			err = s.leftEvents(ctx, runID, last, err, yield)
		}
		if err != nil {
			yield(journal.Entry{}, err)
		}
	}
}

// leftEvents gives the events of a run that SQLite could not get at.
func (s *store) leftEvents(ctx context.Context, runID string, after int64, damage error, yield func(journal.Entry, error) bool) error {
	left, err := s.leftover(ctx, damage)
	if err != nil {
		return errors.Join(damage, err)
	}
	id, err := left.find(runID)
	if err != nil {
		return damage
	}
	return left.events(id, after, func(e journal.Entry) bool { return yield(e, nil) })
}

// events gives a run's events to yield until that wants no more, from the batch on that holds an event.
func (s *store) events(ctx context.Context, runID string, from int64, yield func(journal.Entry) bool) error {
	id, err := s.find(ctx, runID)
	if err != nil {
		return err
	}
	rows, err := s.db.QueryContext(ctx, eventQueries[s.layout], id, from)
	if err != nil {
		return s.readError(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what went wrong in reading
	r, parts := batch.Reader{Run: id}, parts{}
	for rows.Next() {
		k, seq := kept{run: id}, int64(0)
		if err := rows.Scan(&k.id, &seq, &k.events, &k.last, &k.sum); err != nil {
			return s.readError(err)
		}
		if parts.take(k.id, seq, k.events) {
			continue
		}
		k.sealed = parts.of(k.id)
		if k.first = k.id & (1<<seqBits - 1); r.Last == 0 && from > 1 {
			r.Last = k.first - 1
		}
		damage := k.summed()
		if damage != nil {
			k.sealed = nil // nobody takes what has changed for what was sealed with another key
		}
		more, err := r.Read(k.first, k.events, k.sealed, yield)
		if err == nil && more {
			err = damage
		}
		if err != nil {
			return s.readError(err)
		}
		if !more {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return s.readError(err)
	}
	return nil
}

// wholeBatch stands in for a number behind the rows of sealed parts.
const wholeBatch = 1 << 62

// File gives the content of a file of a run.
func (s *store) File(ctx context.Context, runID, hash string) ([]byte, error) {
	id, err := s.find(ctx, runID)
	if err != nil {
		return nil, err
	}
	if s.layout < 2 {
		return nil, batch.Missing(id, hash)
	}
	var content []byte
	err = s.db.QueryRowContext(ctx, "SELECT content FROM files JOIN run_files USING (sha256) WHERE run = ? AND sha256 = ?", id, hash).Scan(&content)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, batch.Missing(id, hash)
	case err != nil:
		return nil, s.readError(err)
	}
	return batch.Intact(id, hash, nonNil(content))
}
