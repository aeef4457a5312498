package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
	"github.com/e82355ed/runbook/engine/run"
)

const defaultLimit = 50

// Runs lists runs, newest first. Where the list is damaged it is made from what is left of the runs.
func (s *store) Runs(ctx context.Context, f journal.Filter) ([]journal.Summary, error) {
	out, err := s.list(ctx, f)
	if err == nil && s.Writer == nil {
		err = s.listed(ctx)
	}
	if !errors.Is(err, journal.ErrDamaged) || s.Writer != nil {
		return out, err
	}
	left, leftErr := s.leftover(ctx, err)
	if leftErr != nil {
		return out, errors.Join(err, leftErr)
	}
	return left.Runs(ctx, f)
}

// listed holds the list of runs against its indexes and sums: a run that is not found by them would seem not to be there.
func (s *store) listed(ctx context.Context) error {
	if s.layout == 0 {
		return nil
	}
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return s.readError(err)
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	l := looker{tx: tx, version: s.layout}
	list, err := l.list(ctx)
	if err == nil {
		err = errors.Join(l.index(ctx, "runs"), l.ends(ctx, list))
	}
	if err := errors.Join(err, l.err()); err != nil {
		return s.readError(err)
	}
	return nil
}

func (s *store) list(ctx context.Context, f journal.Filter) (_ []journal.Summary, err error) {
	if s.layout == 0 {
		return nil, nil
	}
	limit := f.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	since := int64(0)
	if !f.Since.IsZero() {
		since = f.Since.UnixMicro()
	}
	status := "status"
	if s.layout < 2 {
		status = "CASE WHEN exit_status IS NULL THEN 'running' ELSE 'ended' END"
	}
	rows, err := s.db.QueryContext(ctx, `
		SELECT `+strings.Replace(summaryColumns, "status", status, 1)+` FROM runs
		WHERE (?1 = '' OR runbook = ?1) AND (?2 = '' OR outcome = ?2) AND started_at >= ?3
		ORDER BY started_at DESC, id DESC LIMIT ?4`, f.Runbook, string(f.Outcome), since, limit)
	if err != nil {
		return nil, s.readError(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []journal.Summary
	for rows.Next() {
		r, err := scanSummary(rows)
		if err != nil {
			return out, s.readError(err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return out, s.readError(err)
	}
	return out, nil
}

// summaryColumns are those of a run's row that a summary is made of.
const summaryColumns = "id, runbook, file, environment, user, started_at, status, outcome, duration_ms, exit_status, counts"

// scanSummary reads them, behind those that before is for.
func scanSummary(rows *sql.Rows, before ...any) (journal.Summary, error) {
	var r journal.Summary
	var at int64
	var outcome string
	var status sql.NullInt64
	var counts []byte
	columns := []any{&r.ID, &r.Runbook, &r.File, &r.Environment, &r.User, &at, &r.Status, &outcome, &r.DurationMS, &status, &counts}
	if err := rows.Scan(append(before, columns...)...); err != nil {
		return r, err
	}
	r.StartedAt = time.UnixMicro(at).UTC()
	r.Outcome = run.Outcome(outcome)
	if status.Valid {
		n := int(status.Int64)
		r.ExitStatus = &n
	}
	return r, json.Unmarshal(counts, &r.Counts)
}

// find completes a run's id from a prefix. Of a damaged file nobody can say that a run is not there: its id may be what has changed.
func (s *store) find(ctx context.Context, prefix string) (string, error) {
	id, err := s.complete(ctx, strings.ToUpper(prefix))
	if errors.Is(err, journal.ErrNotFound) && s.Writer == nil && s.layout > 0 {
		if damage := s.whole(ctx); errors.Is(damage, journal.ErrDamaged) {
			return "", damage
		}
	}
	return id, err
}

// complete completes a run's id from the list of runs.
func (s *store) complete(ctx context.Context, prefix string) (string, error) {
	if s.layout == 0 {
		return batch.Complete(prefix, nil)
	}
	rows, err := s.db.QueryContext(ctx, "SELECT id FROM runs WHERE id >= ?1 AND id < ?1 || char(0x10FFFF) ORDER BY id LIMIT 2", prefix)
	if err != nil {
		return "", s.readError(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what went wrong in reading
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return "", s.readError(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return "", s.readError(err)
	}
	return batch.Complete(prefix, ids)
}

// Values gives the history of a threshold, newest first.
func (s *store) Values(ctx context.Context, runbook, name string, limit int) (_ []journal.Value, err error) {
	if s.layout == 0 {
		return nil, nil
	}
	if limit == 0 {
		limit = defaultLimit
	}
	rows, err := s.db.QueryContext(ctx, `SELECT run, at, value, unit, outcome FROM vals WHERE runbook = ? AND name = ?
		ORDER BY at DESC LIMIT ?`, runbook, name, limit)
	if err != nil {
		return nil, s.readError(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []journal.Value
	for rows.Next() {
		var v journal.Value
		var at int64
		if err := rows.Scan(&v.Run, &at, &v.Value, &v.Unit, &v.Outcome); err != nil {
			return nil, s.readError(err)
		}
		v.At = time.UnixMicro(at).UTC()
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, s.readError(err)
	}
	return out, nil
}
