package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/journal"
)

// giveUp ends a run that no process runs, in a session that starts nothing but undos. It closes the history.
func (o *cancelOptions) giveUp(ctx context.Context, history journal.Journal, lockTimeout time.Duration) error {
	if err := o.checkKey(); err != nil {
		return errors.Join(fmt.Errorf("nothing was run: %w", err), history.Close())
	}
	stop := o.watchInterrupts(ctx)
	defer stop.release()
	s, seen := o.stage(o.JSON, o.Times, false), &witness{}
	opts := engine.RecallOptions{RunOptions: o.session(history, s, seen, stop), AsItWas: true, Secret: o.redactor.Add, Earlier: s.recall}
	opts.LockTimeout = lockTimeout
	result, diags, files, err := o.end(stop, s, opts)
	if err == nil && result != nil && result.ExitStatus == ExitInterrupted {
		result.ExitStatus = ExitPassed // that it was stopped is what was asked for
	}
	return o.close(s, history, seen, result, diags, files, err)
}

func (o *cancelOptions) end(stop *interruption, s *stage, opts engine.RecallOptions) (*engine.Result, diagnostics, sources, error) {
	eng := o.engine()
	recalled, diags := eng.Recall(stop.ctx, o.Run, opts)
	files := sourcesOf(recalled.Files(), engine.PlanOptions{})
	if diags.HasErrors() {
		return nil, nil, nil, o.refuse(diags, files)
	}
	for _, d := range recalled.Past.Doubts() {
		o.say("%s", inDoubtText(recalled, d))
		found, err := o.inquire(stop, recalled, d)
		if err != nil {
			return nil, recalled.Drop(stop.ctx), files, err
		}
		if found.Why != "" {
			o.say("  %s", found.Why)
		}
	}
	asked, err := o.confirm(&recalled.Plan.Header, undoSteps(recalled, recalled.Past.NotUndone()), o.AutoApprove || recalled.Approved(), stop, approve)
	if err != nil {
		return nil, recalled.Drop(stop.ctx), files, err
	}
	if asked {
		s.skipHeader()
	}
	result, diags := eng.Cancel(stop.ctx, recalled)
	return result, diags, files, nil
}
