package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
)

// Send leaves a message for a run.
func (s *store) Send(ctx context.Context, runID string, m journal.Message) error {
	id, err := s.find(ctx, runID)
	if err != nil {
		return err
	}
	m.ID = 0
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		var number int64
		err := tx.QueryRowContext(ctx, "INSERT INTO messages (run, body) VALUES (?, ?) RETURNING id", id, string(body)).Scan(&number)
		if err == nil {
			err = messageRows.sum(ctx, tx, number)
		}
		if err != nil {
			return s.writeError(err)
		}
		return nil
	})
}

// Messages gives the messages of a run after an id.
func (s *store) Messages(ctx context.Context, runID string, after int64) (out []journal.Message, err error) {
	id, err := s.find(ctx, runID)
	if err != nil || s.layout < layoutWithFiles {
		return nil, err
	}
	err = each(ctx, s.db, messageRows.query(s.layout)+" WHERE run = ? AND id > ? ORDER BY id", func(rows *sql.Rows) error {
		m, err := message(rows)
		out = append(out, m)
		return err
	}, id, after)
	if err != nil {
		return nil, s.readError(err)
	}
	return out, nil
}

// message reads a row.
func message(rows *sql.Rows) (m journal.Message, err error) {
	var number int64
	var run string
	var body []byte
	var sum any
	if err := rows.Scan(&number, &run, &body, &sum); err != nil {
		return m, err
	}
	if _, changed, err := rowSum(rows); err != nil || changed {
		return m, errors.Join(err, batch.Sent(run))
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, errors.Join(batch.Sent(run), err)
	}
	m.ID = number
	return m, nil
}

// Discard deletes messages of a run, so that nothing is left of them.
func (s *store) Discard(ctx context.Context, runID string, ids ...int64) error {
	id, err := s.find(ctx, runID)
	if err != nil {
		return err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		for _, number := range ids {
			if _, err := tx.ExecContext(ctx, "DELETE FROM messages WHERE run = ? AND id = ?", id, number); err != nil {
				return s.writeError(err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.forget(ctx)
}
