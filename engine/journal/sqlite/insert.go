package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
	"github.com/e82355ed/runbook/engine/run"
)

// inserter adds events in a transaction of its connection. What each commit needs is prepared once.
type inserter struct {
	conn         *sql.Conn
	move, insert *sql.Stmt
}

func newInserter(ctx context.Context, conn *sql.Conn) (*inserter, error) {
	move, err := conn.PrepareContext(ctx, "UPDATE runs SET last_seq = ? WHERE id = ? AND last_seq = ?")
	if err != nil {
		return nil, err
	}
	insert, err := conn.PrepareContext(ctx, "INSERT INTO batches (run, first_seq, events) VALUES (?, ?, ?)")
	if err != nil {
		return nil, errors.Join(err, move.Close())
	}
	return &inserter{conn, move, insert}, nil
}

// close frees the statements. SQLite closes a file, with its last checkpoint, only when no statement is left.
func (in *inserter) close() error {
	if in == nil {
		return nil
	}
	return errors.Join(in.move.Close(), in.insert.Close())
}

// batch adds a run's events of one transaction: a row with the JSON lines, and what is looked up without reading them.
func (in *inserter) batch(ctx context.Context, b *batch.Batch) error {
	if err := in.advance(ctx, b); err != nil {
		return err
	}
	for i := range b.Entries {
		e := &b.Entries[i]
		if err := index(ctx, in.conn, b.Run, b.Runbook, e.Event); err != nil {
			return err
		}
		if err := beside(ctx, in.conn, b.Run, b.First(), e); err != nil {
			return err
		}
	}
	_, err := in.insert.ExecContext(ctx, b.Run, b.First(), b.Lines())
	return err
}

// advance moves the end of a run, or makes the run. It fails when the end is elsewhere by now: another process wrote.
func (in *inserter) advance(ctx context.Context, b *batch.Batch) error {
	if first, starts := b.Starts(); starts {
		_, err := in.conn.ExecContext(ctx, `INSERT INTO runs (id, runbook, file, environment, user, started_at, last_seq)
			VALUES (?, ?, ?, ?, ?, ?, ?)`,
			b.Run, first.Runbook, first.File, first.Environment, first.User, first.Time.UnixMicro(), b.Last())
		var e *driver.Error
		if errors.As(err, &e) && e.Code() == code.SQLITE_CONSTRAINT_PRIMARYKEY {
			return fmt.Errorf("run %s: %w: it has been started already", b.Run, journal.ErrConflict)
		}
		return err
	}
	done, err := in.move.ExecContext(ctx, b.Last(), b.Run, b.First()-1)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return fmt.Errorf("run %s: %w: event %d, and another process has written since", b.Run, journal.ErrConflict, b.First())
}

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
func beside(ctx context.Context, conn *sql.Conn, runID string, batch int64, e *journal.Entry) error {
	if e.Sealed != nil {
		if _, err := conn.ExecContext(ctx, "INSERT INTO sealed (run, batch, seq, data) VALUES (?, ?, ?, ?)", runID, batch, e.Event.Seq, e.Sealed); err != nil {
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
