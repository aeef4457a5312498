package local

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

var errNoKey = errors.New("this session has no key")

// unsealed is the answer in a message, with its value where that is sealed; nil: it can't be read, and the question stays.
func (d *desk) unsealed(m journal.Message) *run.Answer {
	if m.Sealed == nil {
		return m.Answer
	}
	plain, err := []byte(nil), errNoKey
	if d.session.Unseal != nil {
		plain, err = d.session.Unseal(m.Sealed)
	}
	if err == nil && !json.Valid(plain) {
		err = errors.New("it is not JSON")
	}
	if err != nil {
		d.session.Host.Log.Warn("a sensitive answer can't be read, and does not count", "step", m.Step, "by", m.By, "error", err)
		return nil
	}
	answer := *m.Answer
	answer.Value = plain
	return &answer
}

// use notes that the runner has the answer of a message.
func (d *desk) use(message int64) {
	if message == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used = append(d.used, message)
}

// discard deletes the messages that were used, once the events that tell of them are on disk. It does not write those itself:
// whether that fails is for the runners to know.
func (d *desk) discard(ctx context.Context) error {
	d.mu.Lock()
	used := d.used
	d.mu.Unlock()
	if len(used) == 0 || d.session.queued() > 0 {
		return nil
	}
	if err := d.session.Journal.Sync(ctx); err != nil {
		return err
	}
	if err := d.session.Journal.Discard(ctx, d.session.RunID, used...); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used = d.used[len(used):]
	return nil
}
