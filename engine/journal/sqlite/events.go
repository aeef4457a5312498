package sqlite

import (
	"bytes"
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
// before it, so that one statement sees the run at one time. The first column is the batch's first event, or its id, the last one the
// run's last event as the file tells it apart.
var eventQueries = []string{
	1: `SELECT first_seq, 1 << 62, events, 0, NULL, NULL FROM batches WHERE run = ?1 AND first_seq >= ` + holder + ` ORDER BY first_seq`,
	2: `SELECT batch, seq, data, 0, NULL, NULL FROM sealed WHERE run = ?1 AND batch >= ` + holder + ` UNION ALL
		SELECT first_seq, 1 << 62, events, 0, NULL, NULL FROM batches WHERE run = ?1 AND first_seq >= ` + holder + ` ORDER BY 1, 2`,
	3: byNumber("NULL", "NULL"),
	4: byNumber("sum", "NULL"),
	5: byNumber("sum", "NULL"),
	6: byNumber("sum", "coalesce((SELECT last_seq FROM ends WHERE number = (SELECT number FROM runs WHERE id = ?1)), 0)"),
}

// byNumber reads a run by the numbers of its batches.
func byNumber(sum, end string) string {
	return `WITH base (id) AS (SELECT number << 32 FROM runs WHERE id = ?1),
		part (first, last) AS (SELECT max(base.id, coalesce((SELECT max(batches.id) FROM batches WHERE batches.id <= base.id + ?2), 0)), base.id + ` + seqMask + ` FROM base)
		SELECT batch, seq, data, 0, NULL, NULL FROM sealed WHERE batch BETWEEN (SELECT first FROM part) AND (SELECT last FROM part) UNION ALL
		SELECT id, 1 << 62, events, last_seq, ` + sum + `, ` + end + ` FROM batches WHERE id BETWEEN (SELECT first FROM part) AND (SELECT last FROM part) ORDER BY 1, 2`
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

// leftEvents gives the events of a run that SQLite could not get at, if there are any.
func (s *store) leftEvents(ctx context.Context, runID string, after int64, damage error, yield func(journal.Entry, error) bool) error {
	left, err := s.leftover(ctx, damage)
	if err != nil {
		return errors.Join(damage, err)
	}
	id, err := left.find(runID)
	if err != nil {
		return damage
	}
	found := false
	err = left.events(id, after, func(e journal.Entry) bool {
		found = true
		return yield(e, nil)
	})
	if !found {
		return damage
	}
	return err
}

// events gives a run's events to yield until that wants no more, from the batch on that holds an event.
func (s *store) events(ctx context.Context, runID string, from int64, yield func(journal.Entry) bool) error {
	id, err := s.find(ctx, runID)
	if err != nil {
		return err
	}
	r, more := batch.Reader{Run: id}, true
	ended, err := s.eachBatch(ctx, s.db, id, from, func(k *kept) error {
		if r.Last == 0 && from > 1 {
			r.Last = k.first - 1
		}
		damage := k.summed()
		if damage != nil {
			k.sealed = nil // nobody takes what has changed for what was sealed with another key
		}
		if more, err = r.Read(k.first, bytes.Clone(k.events), k.sealed, yield); err != nil {
			return err
		}
		if !more {
			return errEnough
		}
		return damage
	})
	switch {
	case errors.Is(err, errEnough):
		return nil
	case err == nil:
		err = s.ends(ctx, id, ended, r.Last)
	}
	if err != nil {
		return s.readError(err)
	}
	return nil
}

// errEnough ends a look at batches of which nobody wants more.
var errEnough = errors.New("enough")

// eachBatch gives the batches of a run to do, from the one on that holds an event, and the run's last event as the file tells it apart; it is
// not valid where that tells nothing.
func (s *store) eachBatch(ctx context.Context, db preparer, id string, from int64, do func(*kept) error) (last sql.NullInt64, err error) {
	var parts parts
	var data sql.RawBytes
	err = each(ctx, db, eventQueries[s.layout], func(rows *sql.Rows) error {
		k, seq, end := kept{run: id}, int64(0), sql.NullInt64{}
		if err := rows.Scan(&k.id, &seq, &data, &k.last, &k.sum, &end); err != nil {
			return err
		}
		if parts.take(k.id, seq, data) {
			return nil
		}
		last = end
		k.first, k.events, k.sealed = k.id&(1<<seqBits-1), data, parts.of(k.id)
		return do(&k)
	}, id, from)
	return last, err
}

// ends holds the last event that was read of a run against its end.
func (s *store) ends(ctx context.Context, id string, end sql.NullInt64, read int64) error {
	switch {
	case read == 0:
		if _, err := s.find(ctx, id); err != nil { // it was pruned
			return err
		}
		return batch.Ends(id, end.Int64, 0)
	case !end.Valid:
		return nil
	}
	return batch.Ends(id, end.Int64, read)
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
