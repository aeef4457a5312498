package engine

import (
	"context"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// Undoable lists what steps of a run did that can be undone, last first. It only looks: it takes no lock, reads no secret and
// talks to no system.
func (e *Engine) Undoable(ctx context.Context, j journal.Journal, runID string) ([]run.Effect, error) {
	s, err := readStory(ctx, j, runID)
	if err != nil {
		return nil, err
	}
	opts := RecallOptions{RunOptions: RunOptions{Journal: j}, AsItWas: true, Idle: true}
	rb, _, diags := e.reload(ctx, s, opts)
	if diags.HasErrors() {
		return nil, diags
	}
	planOptions, err := s.planOptions(rb, opts)
	if err != nil {
		return nil, err
	}
	plan, diags := e.Plan(ctx, rb, planOptions)
	if plan == nil {
		return nil, diags
	}
	cfg := e.config(ctx, plan, &opts.RunOptions, &locks{})
	past, err := local.Recall(&cfg, s.entries, false)
	if err != nil {
		return nil, err
	}
	return past.Undoable(), nil
}
