package sqlite

import (
	"context"
	"iter"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
)

var _ journal.Follower = (*store)(nil)

// EventsAfter gives the events behind a sequence number. It reads the batch that holds the next one, and those after it.
func (s *store) EventsAfter(ctx context.Context, runID string, after int64) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		err := s.eventsAfter(ctx, runID, after, func(e journal.Entry) bool { return e.Event.Seq <= after || yield(e, nil) })
		if err != nil {
			yield(journal.Entry{}, err)
		}
	}
}

func (s *store) eventsAfter(ctx context.Context, runID string, after int64, yield func(journal.Entry) bool) error {
	id, err := s.find(ctx, runID)
	if err != nil {
		return err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT first_seq, events FROM batches WHERE run = ?1 AND first_seq >=
		(SELECT coalesce(max(first_seq), 0) FROM batches WHERE run = ?1 AND first_seq <= ?2) ORDER BY first_seq`, id, after+1)
	if err != nil {
		return s.readError(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what went wrong in reading
	r := batch.Reader{Run: id}
	for rows.Next() {
		var first int64
		var lines []byte
		if err := rows.Scan(&first, &lines); err != nil {
			return s.readError(err)
		}
		if r.Last == 0 {
			r.Last = first - 1
		}
		if more, err := r.Read(first, lines, nil, yield); err != nil || !more {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.readError(err)
	}
	return nil
}
