package postgres

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/batch"
	"github.com/e82355ed/runbook/engine/run"
)

// enqueue adds what keeps a batch: its row, and what is looked up without reading it. All that is queued before the queue is
// sent is one transaction, which an error of any of it undoes.
func enqueue(queue *pgx.Batch, b *batch.Batch) error {
	if first, starts := b.Starts(); starts {
		begin(queue, b, first)
	} else {
		advance(queue, b)
	}
	listed := false
	for i := range b.Entries {
		e := &b.Entries[i]
		listed = listed || isListed(e.Event)
		if err := index(queue, b, e.Event); err != nil {
			return err
		}
		beside(queue, b.Run, e)
	}
	if listed {
		queue.Queue("UPDATE runbook.runs SET sum = "+runSum+" WHERE id = $1", b.Run)
	}
	return nil
}

// isListed reports whether an event changes what the list of runs says.
func isListed(e *run.Event) bool {
	return e.Type == run.RunStarted || e.Type == run.RunResumed || e.Type == run.RunPaused || e.Type == run.RunFinished
}

// durable has a statement's transaction be on disk before it is called committed, whatever the server's setting is.
const durable = "set_config('synchronous_commit', 'on', true) = 'on'"

// begin makes a run with its first batch.
func begin(queue *pgx.Batch, b *batch.Batch, first *run.Event) {
	queue.Queue(`WITH begun AS (INSERT INTO runbook.runs (id, runbook, file, environment, "user", started_at, last_seq)
			VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id)
		INSERT INTO runbook.batches (run, first_seq, last_seq, events, sum) SELECT id, $8, $7, $9, `+sumOf("id", "$8", "$7", "$9", "$10")+`
			FROM begun WHERE `+durable,
		b.Run, first.Runbook, first.File, first.Environment, first.User, first.Time, b.Last(), b.First(), b.Lines(), sumSealed(b)).Query(func(rows pgx.Rows) error {
		rows.Close()
		if isCode(rows.Err(), uniqueViolation) {
			return fmt.Errorf("run %s: %w: it has been started already", b.Run, journal.ErrConflict)
		}
		return rows.Err()
	})
}

// advance adds a batch and moves the end of its run. Where that is elsewhere by now, because another process wrote, no run
// is found, and a batch without one is an error.
func advance(queue *pgx.Batch, b *batch.Batch) {
	queue.Queue(`WITH moved AS (UPDATE runbook.runs SET last_seq = $2 WHERE id = $1 AND last_seq = $3 - 1 RETURNING id)
		INSERT INTO runbook.batches (run, first_seq, last_seq, events, sum)
			VALUES ((SELECT id FROM moved WHERE `+durable+`), $3, $2, $4, `+sumOf("$1", "$3", "$2", "$4", "$5")+`)`,
		b.Run, b.Last(), b.First(), b.Lines(), sumSealed(b)).Query(func(rows pgx.Rows) error {
		rows.Close()
		if isCode(rows.Err(), notNullViolation) {
			return fmt.Errorf("run %s: %w: event %d, and another process has written since", b.Run, journal.ErrConflict, b.First())
		}
		return rows.Err()
	})
}

func isCode(err error, code string) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == code
}

// index keeps the list of runs and the thresholds' values.
func index(queue *pgx.Batch, b *batch.Batch, e *run.Event) error {
	switch {
	case e.Type == run.RunResumed:
		return stand(queue, b.Run, journal.Running, &run.Event{})
	case e.Type == run.RunPaused:
		return stand(queue, b.Run, journal.Paused, e)
	case e.Type == run.RunFinished:
		return stand(queue, b.Run, journal.Ended, e)
	case e.Type == run.CheckEvaluated && e.Check != nil && e.Kind == run.KindThreshold && e.Value != nil:
		queue.Queue("INSERT INTO runbook.vals (run, runbook, name, at, value, unit, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7)",
			b.Run, b.Runbook, e.Step+"."+e.Name, e.Time, *e.Value, e.Unit, string(e.Outcome))
	}
	return nil
}

// stand says where a run stands, by the event that ends a session; another session begins with an empty one.
func stand(queue *pgx.Batch, runID string, status journal.Status, e *run.Event) error {
	counts := []byte("{}")
	if len(e.Counts) > 0 {
		var err error
		if counts, err = json.Marshal(e.Counts); err != nil {
			return err
		}
	}
	took := 0.0
	if e.DurationMS != nil {
		took = *e.DurationMS
	}
	ended := &e.Time
	if status != journal.Ended {
		ended = nil
	}
	queue.Queue(`UPDATE runbook.runs SET status = $2, outcome = $3, duration_ms = $4, exit_status = $5, counts = $6, ended_at = $7
		WHERE id = $1`, runID, string(status), string(e.Outcome), took, e.ExitStatus, string(counts), ended)
	return nil
}

// beside keeps what belongs to an event and is not in its JSON.
func beside(queue *pgx.Batch, runID string, e *journal.Entry) {
	if e.Sealed != nil {
		queue.Queue("INSERT INTO runbook.sealed (run, seq, data) VALUES ($1, $2, $3)", runID, e.Event.Seq, e.Sealed)
	}
	if len(e.Files) > 0 {
		// A file that another run has must not be pruned between its being found and its being referred to.
		queue.Queue("SELECT pg_advisory_xact_lock_shared($1)", int64(filesKey))
	}
	for _, f := range e.Files {
		content := f.Content
		if content == nil {
			content = []byte{}
		}
		queue.Queue("INSERT INTO runbook.files (sha256, content) VALUES ($1, $2) ON CONFLICT DO NOTHING", f.SHA256, content)
		queue.Queue("INSERT INTO runbook.run_files (run, sha256) VALUES ($1, $2) ON CONFLICT DO NOTHING", runID, f.SHA256)
	}
}
