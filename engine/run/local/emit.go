package local

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// emit numbers an event, applies it to the state and queues it for the journal.
func (r *runner) emit(e *run.Event) error {
	r.seq++
	e.V, e.Seq, e.Run = run.Version, r.seq, r.RunID
	if e.Time.IsZero() {
		e.Time = r.clock()
	}
	e.Time = e.Time.UTC()
	if err := r.state.Apply(e); err != nil {
		return err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write %s of step %s: %w", e.Type, e.Step, err)
	}
	if r.Redact != nil {
		text = r.Redact(text)
	}
	r.pending = append(r.pending, journal.Entry{Event: e, JSON: text})
	return nil
}

// flush hands the queued events to the journal, then to who looks on. With sync it returns when they are on disk.
func (r *runner) flush(ctx context.Context, sync bool) error {
	entries := r.pending
	r.pending = nil
	if err := r.Journal.Append(ctx, r.RunID, entries); err != nil {
		return err
	}
	if sync {
		if err := r.Journal.Sync(ctx); err != nil {
			return err
		}
	}
	if r.Sink != nil {
		for _, e := range entries {
			r.Sink(e)
		}
	}
	return nil
}
