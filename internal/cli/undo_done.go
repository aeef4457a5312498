package cli

import (
	"context"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/run/local"
)

// recall takes the run up. Where all that is chosen is said to be done, neither secrets nor the key of encrypted inputs are needed: it is taken at
// its word also where they are gone.
func (o *undoOptions) recall(ctx context.Context, eng *engine.Engine, opts engine.RecallOptions) (*engine.Recalled, diagnostics) {
	if o.said.saysDone() {
		idle := opts
		idle.Idle = true
		idle.Earlier = nil // they are told once it is clear how the run is taken up
		r, diags := eng.Recall(ctx, o.Run, idle)
		if !diags.HasErrors() {
			only := o.onlyDone(r.Past)
			if diags = r.Drop(ctx); diags.HasErrors() {
				return nil, diags
			}
			opts.Idle = only
		}
	}
	return eng.Recall(ctx, o.Run, opts)
}

// onlyDone reports whether all that is chosen is said to be done by hand, so that nothing is sent, and no system is to be asked.
func (o *undoOptions) onlyDone(p *local.Past) bool {
	return len(p.Doubts()) == 0 && len(o.toSend(p)) == 0
}
