package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
)

// Send leaves a message for a run.
func (s *store) Send(ctx context.Context, runID string, m journal.Message) error {
	if s.Writer == nil {
		return journal.ErrReadOnly
	}
	id, err := s.find(ctx, runID)
	if err != nil {
		return err
	}
	m.ID = 0
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	err = s.again(ctx, func() error {
		// A message tells who sent it and when: one that is there is that of an attempt whose answer was lost. Who sends holds
		// the run's row, so that messages of a run show up in the order of their ids: of two answers, both see the same first.
		queue := &pgx.Batch{}
		queue.Queue(`WITH run AS (SELECT id FROM runbook.runs WHERE id = $1 FOR NO KEY UPDATE)
			INSERT INTO runbook.messages (run, body) SELECT id, $2::json FROM run
			WHERE NOT EXISTS (SELECT 1 FROM runbook.messages WHERE run = $1 AND body::text = $2::json::text)`, id, string(body))
		queue.Queue("UPDATE runbook.messages SET sum = "+messageSum+" WHERE run = $1 AND body::text = $2::json::text AND sum IS NULL", id, string(body))
		return s.pool.SendBatch(ctx, queue).Close()
	})
	if err != nil {
		return s.writeError(err)
	}
	return nil
}

// Messages gives the messages of a run after an id.
func (s *store) Messages(ctx context.Context, runID string, after int64) ([]journal.Message, error) {
	id, err := s.find(ctx, runID)
	if err != nil {
		return nil, err
	}
	return query(ctx, s, func(row pgx.CollectableRow) (m journal.Message, err error) {
		var number int64
		var body []byte
		var changed bool
		if err := row.Scan(&number, &body, &changed); err != nil {
			return m, err
		}
		if changed {
			return m, batch.Sent(id)
		}
		if err := json.Unmarshal(body, &m); err != nil {
			return m, errors.Join(batch.Sent(id), err)
		}
		m.ID = number
		return m, nil
	}, "SELECT id, body, "+rowChanged(s.layout, messageSum)+" FROM runbook.messages WHERE run = $1 AND id > $2 ORDER BY id", id, after)
}

// Discard deletes messages of a run.
func (s *store) Discard(ctx context.Context, runID string, ids ...int64) error {
	if s.Writer == nil {
		return journal.ErrReadOnly
	}
	id, err := s.find(ctx, runID)
	if err != nil {
		return err
	}
	err = s.again(ctx, func() error {
		_, err := s.pool.Exec(ctx, "DELETE FROM runbook.messages WHERE run = $1 AND id = ANY($2)", id, ids)
		return err
	})
	if err != nil {
		return s.writeError(err)
	}
	return nil
}

// prunable selects the runs of a [journal.Old], by its time and [journal.Old.But].
const prunable = "FROM runbook.runs WHERE status = 'ended' AND ended_at < $1 AND exit_status IS DISTINCT FROM $2 AND NOT EXISTS (SELECT 1 FROM runbook.locks WHERE run = runs.id)"

// pruneAtOnce bounds a transaction of Prune, for which new runs have to wait.
const pruneAtOnce = 100

// Prunable counts the runs that Prune would delete.
func (s *store) Prunable(ctx context.Context, old journal.Old) (int, error) {
	if s.layout == 0 {
		return 0, nil
	}
	total := 0
	err := s.eachOld(ctx, old, func(whole []string) error {
		total += len(whole)
		return nil
	})
	return total, err
}

// Prune deletes old runs. Each is read before: one that can't be is kept, and named in the error.
func (s *store) Prune(ctx context.Context, old journal.Old) (total int, err error) {
	if s.Writer == nil {
		return 0, journal.ErrReadOnly
	}
	err = s.eachOld(ctx, old, func(whole []string) error {
		n := 0
		err := s.again(ctx, func() (err error) { // what an attempt deleted whose answer was lost is not counted
			n, err = s.pruneSome(ctx, old, whole)
			return err
		})
		total += n
		if err != nil {
			return s.writeError(err)
		}
		return nil
	})
	return total, err
}

// eachOld gives the ids of the old runs that can be read, some at a time, and an error that names those that can't.
func (s *store) eachOld(ctx context.Context, old journal.Old, do func(whole []string) error) error {
	var damage []error
	for after := ""; ; {
		ids, err := query(ctx, s, pgx.RowTo[string], "SELECT id "+prunable+" AND id > $3 ORDER BY id LIMIT $4", old.Before, old.But(), after, pruneAtOnce)
		if err != nil {
			return err
		}
		var whole []string
		for _, id := range ids {
			after = id
			switch err := s.events(ctx, id, 0, func(journal.Entry) bool { return true }); {
			case err == nil:
				whole = append(whole, id)
			case errors.Is(err, journal.ErrDamaged):
				damage = append(damage, err)
			case !errors.Is(err, journal.ErrNotFound): // somebody else has deleted it
				return err
			}
		}
		if err := do(whole); err != nil {
			return err
		}
		if len(ids) < pruneAtOnce {
			return s.keptDamaged(damage)
		}
	}
}

// keptDamaged tells of the runs that are not deleted, as they can't be read.
func (s *store) keptDamaged(damage []error) error {
	const most = 3
	if len(damage) == 0 {
		return nil
	}
	err := errors.Join(damage[:min(len(damage), most)]...)
	if more := len(damage) - most; more > 0 {
		err = fmt.Errorf("%w\nand %d more", err, more)
	}
	what := "1 run that can't be read is kept"
	if len(damage) > 1 {
		what = fmt.Sprintf("%d runs that can't be read are kept", len(damage))
	}
	return s.readError(fmt.Errorf("%s: %w", what, err))
}

// pruneSome deletes some runs with all that is theirs, if they are still old, and the files that no run has any more.
func (s *store) pruneSome(ctx context.Context, old journal.Old, ids []string) (n int, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(filesKey)); err != nil {
			return err
		}
		done, err := tx.Exec(ctx, "DELETE FROM runbook.runs WHERE id IN (SELECT id "+prunable+" AND id = ANY($3))", old.Before, old.But(), ids)
		if err != nil || done.RowsAffected() == 0 {
			return err
		}
		n = int(done.RowsAffected())
		_, err = tx.Exec(ctx, "DELETE FROM runbook.files WHERE NOT EXISTS (SELECT 1 FROM runbook.run_files WHERE run_files.sha256 = files.sha256)")
		return err
	})
	return n, err
}
