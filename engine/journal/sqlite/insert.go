package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	driver "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
	"github.com/e82355ed/runbook/engine/run"
)

// inserter adds events by its connection. What most commits need is prepared once.
type inserter struct {
	conn   *sql.Conn
	append *sql.Stmt
	// bases are where the batches of the runs begin that this process writes.
	bases map[string]int64
}

// appending adds a batch where it follows on the run's last one: ?1 is the run's base, ?2 the first event's number.
const appending = `INSERT INTO batches (id, run, last_seq, events, sum) SELECT ?1 + ?2, ?3, ?4, ?5, ?6 WHERE (?3, ?2 - 1) =
	(SELECT run, last_seq FROM batches WHERE id BETWEEN ?1 AND ?1 + ` + seqMask + ` ORDER BY id DESC LIMIT 1)`

func newInserter(ctx context.Context, conn *sql.Conn) (*inserter, error) {
	stmt, err := conn.PrepareContext(ctx, appending)
	if err != nil {
		return nil, err
	}
	return &inserter{conn, stmt, map[string]int64{}}, nil
}

// close frees the statement. SQLite closes a file, with its last checkpoint, only when no statement is left.
func (in *inserter) close() error {
	if in == nil {
		return nil
	}
	return in.append.Close()
}

// batch adds a run's events of one transaction: a row with the JSON lines, and what is looked up without reading them.
func (in *inserter) batch(ctx context.Context, b *batch.Batch) error {
	base, err := in.add(ctx, b)
	if err != nil {
		return err
	}
	listed := false
	for i := range b.Entries {
		e := &b.Entries[i]
		listed = listed || isListed(e.Event)
		if err := index(ctx, in.conn, b.Run, b.Runbook, e.Event); err != nil {
			return err
		}
		if err := beside(ctx, in.conn, b.Run, base+b.First(), e); err != nil {
			return err
		}
	}
	if listed {
		return runRows.sum(ctx, in.conn, b.Run)
	}
	return nil
}

// add adds a batch alone. It fails when the run's end is elsewhere by now: another process wrote.
func (in *inserter) add(ctx context.Context, b *batch.Batch) (base int64, err error) {
	if first, starts := b.Starts(); starts {
		return in.begin(ctx, b, first)
	}
	base, err = in.base(ctx, b.Run)
	if err != nil {
		return 0, err
	}
	lines := b.Lines()
	done, err := in.append.ExecContext(ctx, base, b.First(), b.Run, b.Last(), lines, sum(base+b.First(), b.Run, b.Last(), lines, b.Sealed()))
	if err != nil {
		return 0, err
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return base, err
	}
	return 0, fmt.Errorf("run %s: %w: event %d, and another process has written since", b.Run, journal.ErrConflict, b.First())
}

// begin makes a run.
func (in *inserter) begin(ctx context.Context, b *batch.Batch, first *run.Event) (base int64, err error) {
	var number int64
	err = in.conn.QueryRowContext(ctx, `INSERT INTO runs (id, runbook, file, environment, user, started_at, number)
		VALUES (?, ?, ?, ?, ?, ?, (SELECT coalesce(max(id) >> 32, 0) + 1 FROM batches)) RETURNING number`,
		b.Run, first.Runbook, first.File, first.Environment, first.User, first.Time.UnixMicro()).Scan(&number)
	var e *driver.Error
	if errors.As(err, &e) && e.Code() == code.SQLITE_CONSTRAINT_PRIMARYKEY {
		return 0, fmt.Errorf("run %s: %w: it has been started already", b.Run, journal.ErrConflict)
	}
	if err != nil {
		return 0, err
	}
	base = number << seqBits
	in.bases[b.Run] = base
	lines := b.Lines()
	_, err = in.conn.ExecContext(ctx, "INSERT INTO batches (id, run, last_seq, events, sum) VALUES (?, ?, ?, ?, ?)",
		base+b.First(), b.Run, b.Last(), lines, sum(base+b.First(), b.Run, b.Last(), lines, b.Sealed()))
	return base, err
}

func (in *inserter) base(ctx context.Context, runID string) (int64, error) {
	if base, known := in.bases[runID]; known {
		return base, nil
	}
	var number int64
	if err := in.conn.QueryRowContext(ctx, "SELECT number FROM runs WHERE id = ?", runID).Scan(&number); err != nil {
		return 0, err
	}
	in.bases[runID] = number << seqBits
	return in.bases[runID], nil
}

// alone reports whether a batch is kept by its row alone: a statement is then all of the transaction.
func alone(b *batch.Batch) bool {
	_, starts := b.Starts()
	return !starts && !slices.ContainsFunc(b.Entries, func(e journal.Entry) bool {
		return e.Sealed != nil || len(e.Files) > 0 || isIndexed(e.Event)
	})
}

// isListed reports whether an event changes what the list of runs says.
func isListed(e *run.Event) bool {
	return e.Type == run.RunStarted || e.Type == run.RunResumed || e.Type == run.RunPaused || e.Type == run.RunFinished
}

// isIndexed reports whether index keeps something of an event.
func isIndexed(e *run.Event) bool { return isListed(e) || e.Type == run.CheckEvaluated }

// index keeps the list of runs and the thresholds' values.
func index(ctx context.Context, conn *sql.Conn, runID, runbook string, e *run.Event) error {
	switch {
	case e.Type == run.RunResumed:
		return sessionEnds(ctx, conn, runID, journal.Running, &run.Event{})
	case e.Type == run.RunPaused:
		return sessionEnds(ctx, conn, runID, journal.Paused, e)
	case e.Type == run.RunFinished:
		return sessionEnds(ctx, conn, runID, journal.Ended, e)
	case e.Type == run.CheckEvaluated && e.Check != nil && e.Kind == run.KindThreshold && e.Value != nil:
		_, err := conn.ExecContext(ctx, "INSERT INTO vals (runbook, name, at, run, value, unit, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)",
			runbook, e.Step+"."+e.Name, e.Time.UnixMicro(), runID, *e.Value, e.Unit, string(e.Outcome))
		return err
	}
	return nil
}

// sessionEnds says where a run stands, by the event that ends a session; another session begins with an empty one.
func sessionEnds(ctx context.Context, conn *sql.Conn, runID string, status journal.Status, e *run.Event) error {
	counts := []byte("{}")
	if len(e.Counts) > 0 {
		var err error
		if counts, err = json.Marshal(e.Counts); err != nil {
			return err
		}
	}
	ended := sql.NullInt64{Int64: e.Time.UnixMicro(), Valid: status == journal.Ended}
	took := 0.0
	if e.DurationMS != nil {
		took = *e.DurationMS
	}
	_, err := conn.ExecContext(ctx, "UPDATE runs SET status = ?, outcome = ?, duration_ms = ?, exit_status = ?, counts = ?, ended_at = ? WHERE id = ?",
		string(status), string(e.Outcome), took, e.ExitStatus, counts, ended, runID)
	return err
}

// beside keeps what belongs to an event and is not in its JSON.
func beside(ctx context.Context, conn *sql.Conn, runID string, batchID int64, e *journal.Entry) error {
	if e.Sealed != nil {
		if _, err := conn.ExecContext(ctx, "INSERT INTO sealed (batch, seq, data) VALUES (?, ?, ?)", batchID, e.Event.Seq, e.Sealed); err != nil {
			return err
		}
	}
	for _, f := range e.Files {
		if _, err := conn.ExecContext(ctx, "INSERT OR IGNORE INTO files (sha256, content) VALUES (?, ?)", f.SHA256, nonNil(f.Content)); err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, "INSERT OR IGNORE INTO run_files (run, sha256) VALUES (?, ?)", runID, f.SHA256); err != nil {
			return err
		}
	}
	return nil
}

// nonNil keeps an empty file from being null.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
