package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/e82355ed/runbook/engine/journal"
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
		if _, err := tx.ExecContext(ctx, "INSERT INTO messages (run, body) VALUES (?, ?)", id, string(body)); err != nil {
			return s.writeError(err)
		}
		return nil
	})
}

// Messages gives the messages of a run after an id.
func (s *store) Messages(ctx context.Context, runID string, after int64) (_ []journal.Message, err error) {
	id, err := s.find(ctx, runID)
	if err != nil || s.layout < 2 {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, "SELECT id, body FROM messages WHERE run = ? AND id > ? ORDER BY id", id, after)
	if err != nil {
		return nil, s.readError(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []journal.Message
	for rows.Next() {
		var number int64
		var body []byte
		if err := rows.Scan(&number, &body); err != nil {
			return nil, s.readError(err)
		}
		var m journal.Message
		if err := json.Unmarshal(body, &m); err != nil {
			return nil, s.readError(errors.Join(journal.ErrDamaged, err))
		}
		m.ID = number
		out = append(out, m)
	}
	if err := rows.Err(); err != nil {
		return nil, s.readError(err)
	}
	return out, nil
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
