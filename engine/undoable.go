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
	past, err := e.idle(ctx, s, rb)
	if err != nil {
		return nil, err
	}
	return past.Undoable(), nil
}

// idle is the past of a run as a runbook tells it, for looking at it alone.
func (e *Engine) idle(ctx context.Context, s *story, rb *Runbook) (*local.Past, error) {
	planOptions, err := s.planOptions(rb, RecallOptions{Idle: true})
	if err != nil {
		return nil, err
	}
	plan, diags := e.Plan(ctx, rb, planOptions)
	if plan == nil {
		return nil, diags
	}
	cfg := e.config(ctx, plan, &RunOptions{}, &locks{})
	return local.Recall(&cfg, s.entries, false)
}
