package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
	"github.com/e82355ed/runbook/engine/run"
)

const defaultLimit = 50

// Runs lists runs, newest first.
func (s *store) Runs(ctx context.Context, f journal.Filter) ([]journal.Summary, error) {
	if s.layout == 0 {
		return nil, nil
	}
	limit := f.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	return query(ctx, s, func(row pgx.CollectableRow) (r journal.Summary, err error) {
		var counts []byte
		err = row.Scan(&r.ID, &r.Runbook, &r.File, &r.Environment, &r.User, &r.StartedAt, &r.Status, &r.Outcome, &r.DurationMS, &r.ExitStatus, &counts)
		if err != nil {
			return r, err
		}
		r.StartedAt = r.StartedAt.UTC()
		return r, json.Unmarshal(counts, &r.Counts)
	}, `SELECT id, runbook, file, environment, "user", started_at, status, outcome, duration_ms, exit_status, counts FROM runbook.runs
		WHERE ($1 = '' OR runbook = $1) AND ($2 = '' OR outcome = $2) AND started_at >= $3
		ORDER BY started_at DESC, id DESC LIMIT $4`, f.Runbook, string(f.Outcome), f.Since, limit)
}

// find completes a run's id from a prefix.
func (s *store) find(ctx context.Context, prefix string) (string, error) {
	l, err := s.listed(ctx, prefix)
	return l.id, err
}

// listed is what the list of runs has of one.
type listed struct {
	id string
	// last is the number of its last event.
	last int64
	// changed says that the row is not as it was written; stray is an event that is not there and of which something is sealed, if there is one.
	changed bool
	stray   *int64
}

// listed completes a run's id from a prefix.
func (s *store) listed(ctx context.Context, prefix string) (listed, error) {
	prefix = strings.ToUpper(prefix)
	if s.layout == 0 || prefix == "" {
		_, err := batch.Complete(prefix, nil)
		return listed{}, err
	}
	found, err := query(ctx, s, func(r pgx.CollectableRow) (l listed, err error) {
		return l, r.Scan(&l.id, &l.last, &l.changed, &l.stray)
	}, "SELECT id, last_seq, "+rowChanged(s.layout, runSum)+", "+stray+" FROM runbook.runs WHERE id >= $1 AND id < $1 || '~' ORDER BY id LIMIT 2", prefix)
	if err != nil {
		return listed{}, err
	}
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = found[i].id
	}
	if _, err = batch.Complete(prefix, ids); err != nil {
		return listed{}, err
	}
	return found[0], nil
}

// Events gives a run's events in order.
func (s *store) Events(ctx context.Context, runID string) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		if err := s.events(ctx, runID, 0, func(e journal.Entry) bool { return yield(e, nil) }); err != nil {
			yield(journal.Entry{}, s.damaged(err))
		}
	}
}

var _ journal.Follower = (*store)(nil)

// EventsAfter gives the events behind a sequence number. It reads the batch that holds the next one, and those after it.
func (s *store) EventsAfter(ctx context.Context, runID string, after int64) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		err := s.events(ctx, runID, after+1, func(e journal.Entry) bool { return e.Event.Seq <= after || yield(e, nil) })
		if err != nil {
			yield(journal.Entry{}, s.damaged(err))
		}
	}
}

// damaged names the history whose run is damaged.
func (s *store) damaged(err error) error {
	if errors.Is(err, journal.ErrDamaged) {
		return s.readError(err)
	}
	return err
}

// page is how many batches are read at once. Between pages no connection is held, whatever the reader does meanwhile.
const page = 200

// row is a batch from its first event on, or what is sealed of one event.
type row struct {
	first int64
	data  []byte
	// changed says that the batch is not as it was written.
	changed bool
}

// events reads a run from the batch that holds an event on; zero: all of it.
func (s *store) events(ctx context.Context, runID string, from int64, yield func(journal.Entry) bool) error {
	l, err := s.listed(ctx, runID)
	if err != nil {
		return err
	}
	id := l.id
	r := batch.Reader{Run: id}
	for {
		batches, sealed, err := s.page(ctx, id, from)
		if err != nil {
			return err
		}
		if r.Last == 0 && from > 0 && len(batches) > 0 {
			r.Last = batches[0].first - 1
		}
		for _, b := range batches {
			parts := sealed
			if b.changed {
				parts = nil // nobody takes what has changed for what was sealed with another key
			}
			more, err := r.Read(b.first, b.data, parts, yield)
			if err == nil && more && b.changed {
				err = batch.Changed(id, b.first, r.Last)
			}
			if err != nil || !more {
				return err
			}
		}
		if len(batches) < page {
			return s.ends(ctx, &l, r.Last)
		}
		from = r.Last + 1
	}
}

// page reads batches from an event on, then what is sealed of them: it was committed with them.
func (s *store) page(ctx context.Context, id string, from int64) ([]row, map[int64][]byte, error) {
	rowOf := func(r pgx.CollectableRow) (b row, err error) { return b, r.Scan(&b.first, &b.data, &b.changed) }
	batches, err := query(ctx, s, rowOf, `SELECT first_seq, events, `+s.changed()+` FROM runbook.batches WHERE run = $1 AND first_seq >=
		(SELECT coalesce(max(first_seq), 0) FROM runbook.batches WHERE run = $1 AND first_seq <= $2) ORDER BY first_seq LIMIT $3`, id, from, page)
	if err != nil || len(batches) == 0 {
		return nil, nil, err
	}
	parts, err := query(ctx, s, rowOf, `SELECT seq, data, false FROM runbook.sealed WHERE run = $1 AND seq >= $2 AND seq < coalesce(
		(SELECT min(first_seq) FROM runbook.batches WHERE run = $1 AND first_seq > $3), 9223372036854775807)`,
		id, batches[0].first, batches[len(batches)-1].first)
	sealed := map[int64][]byte{}
	for _, p := range parts {
		sealed[p.first] = p.data
	}
	return batches, sealed, err
}

// File gives the content of a file of a run.
func (s *store) File(ctx context.Context, runID, hash string) ([]byte, error) {
	id, err := s.find(ctx, runID)
	if err != nil {
		return nil, err
	}
	found, err := query(ctx, s, pgx.RowTo[[]byte],
		"SELECT content FROM runbook.files JOIN runbook.run_files USING (sha256) WHERE run = $1 AND sha256 = $2", id, hash)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, batch.Missing(id, hash)
	}
	return batch.Intact(id, hash, found[0])
}

// Values gives the history of a threshold, newest first.
func (s *store) Values(ctx context.Context, runbook, name string, limit int) ([]journal.Value, error) {
	if s.layout == 0 {
		return nil, nil
	}
	if limit == 0 {
		limit = defaultLimit
	}
	return query(ctx, s, func(row pgx.CollectableRow) (journal.Value, error) {
		var v journal.Value
		var at time.Time
		var outcome string
		err := row.Scan(&v.Run, &at, &v.Value, &v.Unit, &outcome)
		v.At, v.Outcome = at.UTC(), run.Outcome(outcome)
		return v, err
	}, `SELECT run, at, value, unit, outcome FROM runbook.vals WHERE runbook = $1 AND name = $2
		ORDER BY at DESC LIMIT $3`, runbook, name, limit)
}
