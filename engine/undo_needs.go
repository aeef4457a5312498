package engine

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// readsSecrets lets a session read secrets whose plan was made without any: each when an expression needs it.
func (e *Engine) readsSecrets(ctx context.Context, p *Plan) {
	p.Options.Apply, p.Options.Undo = true, false
	p.configs = e.configs(p, p.Runbook, e.scope(ctx, p), p.maxParallel())
}

// furnish reads what a session needs that undoes effects. Where the run is given up, an undo that lacks something is told, and fails by itself.
func (r *Recalled) furnish(effects []run.Effect, s *story, opts RecallOptions) hcl.Diagnostics {
	diags := r.readFor(effects, s, opts)
	if diags.HasErrors() && !opts.GivesUp {
		return diags
	}
	if opts.Idle {
		return nil
	}
	if diags.HasErrors() {
		r.cfg.Host.Log.Warn("something is not to be had here, and an undo that needs it will fail", "why", local.Text(diags))
	}
	if len(effects) == 0 && len(r.Past.Doubts()) == 0 {
		return nil
	}
	if r.cfg.Unread = r.unread(); r.cfg.Unread != "" {
		r.cfg.Host.Log.Warn("a secret of the run can't be read here, so that nothing is shown of what systems answer to the undos", "why", r.cfg.Unread)
	}
	return nil
}

// readFor reads the secrets that the undos of effects need, so that a missing one is told before anything runs, and has the header name
// the systems that they act on.
func (r *Recalled) readFor(effects []run.Effect, s *story, opts RecallOptions) hcl.Diagnostics {
	p := &planner{plan: r.Plan}
	seen := map[*lang.Expr]bool{}
	for _, effect := range effects {
		fine := len(p.diags)
		for _, at := range r.Past.UndoIn(effect) {
			for _, name := range slices.Sorted(maps.Keys(at.Step.Args)) {
				p.diags = append(p.diags, secretsIn(at.Scope, at.Step.Args[name].Expr, seen)...)
			}
			if at.Step.Child == nil {
				p.undoNow(at)
			}
		}
		for _, d := range p.diags[fine:] {
			d.Detail += r.doneByHand(effect)
		}
	}
	r.Plan.Header.Targets, r.Plan.Header.Places = p.targets, p.places
	r.cfg.Header.Targets, r.cfg.Header.Places = p.targets, p.places
	r.moved = len(moved(s, r, opts)) > 0
	return p.diags
}

// doneByHand says what to do about an undo that lacks a secret which is gone for good.
func (r *Recalled) doneByHand(e run.Effect) string {
	return " The undo of step " + e.Address + " needs it. Where it is gone for good, take back by hand what the step did, and say so with " +
		r.opts.command("undo "+r.Plan.RunID+" "+run.Quote(e.String())+" --in-doubt done") + "."
}

// undoNow keeps where an undo acts, of which all is known that it needs.
func (p *planner) undoNow(at local.Evaluated) {
	target, _, diags := beforehand(at.Configs, at.Step, at.Frame)
	if p.diags = append(p.diags, diags...); diags.HasErrors() {
		return
	}
	args := local.KnownArgs(at.Scope, at.Step, at.Frame)
	local.TellSecrets(args, p.plan.Options.Secrets)
	p.keep(endpointOr(at.Step.Spec.Spec().Target(args), target))
	p.keepPlace(at.Scope, at.Step, target, at.Frame)
}

// unread reads what secrets else the run may have sent, for them to be blanked where a system echoes them to an undo. It says why one
// is not known; empty: all are. No undo fails for it.
func (r *Recalled) unread() string {
	if why := r.Past.Unread(); why != "" {
		return why
	}
	all, err := r.Past.Evaluated()
	if err != nil {
		return err.Error()
	}
	for _, at := range all {
		seen := map[*lang.Expr]bool{}
		for _, e := range graph.Expressions(at.Step) {
			if diags := readIn(at.Scope, e, at.Frame, seen, secretCalls{past: true}); diags.HasErrors() {
				return local.Text(diags)
			}
		}
		if err := at.Read(); err != nil {
			return err.Error()
		}
	}
	return ""
}
