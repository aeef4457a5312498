package engine

import (
	"context"
	"fmt"

	"github.com/e82355ed/runbook/engine/run/local"
)

// former is a run as the files of its last session have it, which may have changed since: it names the systems of that session, can be
// asked what it sent and knows what its steps did. It runs nothing.
type former struct {
	plan *Plan
	past *local.Past // nil until it is recalled
}

// planFormer plans a run as its files were. A plan with errors serves: what they keep from being known errs where it is asked for.
func (e *Engine) planFormer(ctx context.Context, s *story, before *Runbook, opts RecallOptions) (*former, error) {
	planOptions, err := s.planOptions(before, opts)
	if err != nil {
		return nil, err
	}
	plan, diags := e.Plan(ctx, before, planOptions)
	if plan == nil {
		return nil, diags
	}
	return &former{plan: plan}, nil
}

// recallFormer takes in what happened, as the former files tell it: what was sent is told by the files that sent it.
func (e *Engine) recallFormer(ctx context.Context, r *Recalled, s *story) error {
	opts := r.opts
	if len(r.Doubts()) == 0 {
		opts.Unseal = nil // no system is asked, so that nothing of it need be decrypted
	}
	if err := r.former.recall(ctx, e, s, &opts, r.held); err != nil {
		return err
	}
	for i, d := range r.gone {
		for _, was := range r.former.past.Doubts() {
			if d.Same(was) {
				was.Gone = true
				r.gone[i] = was
			}
		}
	}
	return nil
}

func (f *former) recall(ctx context.Context, e *Engine, s *story, opts *RunOptions, held *locks) error {
	cfg := e.config(ctx, f.plan, opts, held)
	past, err := local.Recall(&cfg, s.entries, false)
	f.past = past
	return err
}

// formerPast is the run as its files were; nil: they have not changed.
func (r *Recalled) formerPast() *local.Past {
	if r.former == nil {
		return nil
	}
	return r.former.past
}

// close lets go of what was opened to ask systems.
func (f *former) close() error {
	if f == nil {
		return nil
	}
	if f.past != nil {
		f.past.Close()
	}
	if err := f.plan.configs.Close(); err != nil {
		return fmt.Errorf("the files as they were: %w", err)
	}
	return nil
}
