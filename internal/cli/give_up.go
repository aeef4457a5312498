package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run/local"
)

// giveUp ends a run that no process runs, in a session that starts nothing but undos. It closes the history.
func (o *cancelOptions) giveUp(ctx context.Context, history journal.Journal, lockTimeout time.Duration) error {
	stop := o.watchInterrupts(ctx)
	defer stop.release()
	s, seen := o.stage(o.JSON, o.Times, false), &witness{}
	opts := engine.RecallOptions{RunOptions: o.session(history, s, seen, stop), Undo: (*local.Past).NotUndone, GivesUp: true, Secrets: &o.redactor, Earlier: s.recall}
	opts.LockTimeout = lockTimeout
	result, diags, files, err := o.end(stop, s, opts)
	if err == nil && result != nil && result.ExitStatus == ExitInterrupted {
		result.ExitStatus = ExitPassed // that it was stopped is what was asked for
	}
	return o.close(s, history, seen, result, diags, files, err)
}

func (o *cancelOptions) end(stop *interruption, s *stage, opts engine.RecallOptions) (*engine.Result, diagnostics, sources, error) {
	eng := o.engine()
	var refused error
	recalled, diags, err := stop.recallIdle(func(ctx context.Context) (r *engine.Recalled, diags diagnostics) {
		r, diags, refused = o.recall(ctx, eng, opts)
		return r, diags
	})
	err = cmp.Or(err, refused)
	files := sourcesOf(recalled.Files(), engine.PlanOptions{})
	o.ownOf(recalled)
	switch {
	case err != nil:
		return nil, nil, nil, err
	case diags.HasErrors():
		return nil, nil, nil, o.refuse(diags, files)
	}
	for _, d := range recalled.Past.Doubts() {
		if err := o.tellDoubt(stop, recalled, d); err != nil {
			return nil, recalled.Drop(stop.ctx), files, err
		}
	}
	// A run that went on with another system on purpose has undos for both: those that can't run say so then.
	if elsewhere, wholly := recalled.Past.Elsewhere(recalled.Past.NotUndone()); wholly || len(elsewhere) > 0 && recalled.Moved() {
		return nil, recalled.Drop(stop.ctx), files, errors.New(notThere(o.blankAll(elsewhere)))
	}
	if err := s.confirm(&recalled.Plan.Header, recalled.UndoSteps(recalled.Past.NotUndone()), o.AutoApprove || recalled.Approved(), stop, o.command("show "+o.Run+" --json")); err != nil {
		return nil, recalled.Drop(stop.ctx), files, err
	}
	result, diags := eng.Cancel(stop.ctx, recalled)
	return result, diags, files, nil
}

// recall takes the run up. Secrets, and the key of encrypted inputs, are needed only where something is to be undone, or a system
// to be asked what became of a write.
func (o *cancelOptions) recall(ctx context.Context, eng *engine.Engine, opts engine.RecallOptions) (*engine.Recalled, diagnostics, error) {
	idle := opts
	idle.Idle = true
	r, diags := eng.Recall(ctx, o.Run, idle)
	if !diags.HasErrors() {
		if len(r.Past.NotUndone())+len(r.Past.Doubts()) == 0 {
			return r, diags, nil
		}
		if diags = r.Drop(ctx); diags.HasErrors() {
			return nil, diags, nil
		}
	}
	if err := o.checkKey(); err != nil {
		return nil, nil, fmt.Errorf("nothing was run: %w", err)
	}
	if r, diags = eng.Recall(ctx, o.Run, opts); engine.InputsUnread(diags) {
		diags[0].Detail += ` Where it is gone for good, see how to settle without it what is left, with: "` + o.command("undo "+o.Run) + `"; and cancel the run then.`
	}
	return r, diags, nil
}
