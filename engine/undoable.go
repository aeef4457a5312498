package engine

import (
	"context"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// Undoable lists what steps of a run did that can be undone, last first. It only looks: it takes no lock, reads no secret and
// talks to no system.
func (e *Engine) Undoable(ctx context.Context, j journal.Journal, runID string) ([]run.Effect, error) {
	s, err := readStory(ctx, j, runID, nil)
	if err != nil {
		return nil, err
	}
	opts := RecallOptions{RunOptions: RunOptions{Journal: j}, Idle: true}
	rb, _, diags := e.reload(ctx, s, opts)
	if diags.HasErrors() {
		return nil, diags
	}
	was, err := e.planFormer(ctx, s, rb, opts)
	if err == nil {
		err = was.recall(ctx, e, s, &opts.RunOptions, &locks{})
	}
	if err != nil {
		return nil, err
	}
	return was.past.Undoable(), nil
}
