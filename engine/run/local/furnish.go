package local

import (
	"fmt"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// furnish gives a recalled branch what its variables decide, before the step that runs it runs again: the arguments of
// that step are evaluated from recorded results, as they were then.
func (p *Past) furnish(b *branch) error {
	if b.scope != nil {
		return nil
	}
	if err := p.furnish(b.parent); err != nil {
		return err
	}
	whole := strings.TrimSuffix(b.prefix, "/")
	_, key, ok := b.parent.state.Find(b.address)
	if !ok {
		return fmt.Errorf("there is no step %s", whole)
	}
	local := lang.Frame{}
	if key >= 0 {
		local = b.parent.values.each(b.step.Name, key)
	}
	args, diags := object(b.parent.scope, b.step.Spec.Spec().Args(), b.step.Args, local, p.cfg.Secret)
	if diags.HasErrors() {
		return fmt.Errorf("the arguments of step %s, which runs the runbook: %s", whole, text(diags))
	}
	scope, configs, err := p.cfg.Child(b.step, args.GetAttr("variables"))
	if err != nil {
		return fmt.Errorf("the variables of step %s: %w", whole, err)
	}
	p.furnished = append(p.furnished, configs)
	b.use(scope, configs)
	b.recallFrames()
	return nil
}

// Close closes the clients that were opened to ask systems about the run. Resume does it by itself.
func (p *Past) Close() {
	for _, c := range p.furnished {
		if err := c.Close(); err != nil {
			p.cfg.Host.Log.Warn("a client did not close cleanly", "error", err)
		}
	}
	p.furnished = nil
}

// rerunFor are the steps above a branch that run again because a step of it was undone, and so counts as not run.
func (p *Past) rerunFor(prefix string) []string {
	b := p.branches[prefix]
	if b.parent == nil || len(b.state.Undone()) == 0 {
		return nil
	}
	var out []string
	for ; b.parent != nil; b = b.parent {
		out = append(out, b.parent.prefix+b.address)
	}
	return out
}

// Undoable lists what took effect and was not undone, what ended last first. Of a step that runs a runbook these are its steps.
func (p *Past) Undoable() []string {
	var out []string
	for _, prefix := range p.prefixes() {
		for _, a := range p.branches[prefix].state.Undoable() {
			out = append(out, prefix+a)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return int(p.endings[b] - p.endings[a]) })
	return out
}

// SentBy is the step, or the undo, that sent a write in doubt, and the system that it acts on, where that can be told; nil:
// it is not known.
func (p *Past) SentBy(d run.Doubt) (*lang.Step, run.Target) {
	if d.Undo {
		return p.UndoOf(d.Address)
	}
	r, x, err := p.at(d.Address)
	if err != nil {
		return nil, run.Target{}
	}
	target, diags := r.configs.Target(x.step, x.local)
	if diags.HasErrors() {
		return x.step, run.Target{}
	}
	return x.step, target
}

// UndoOf is the undo of a step, and the system that it acts on, where that can be told; nil: it has none.
func (p *Past) UndoOf(address string) (*lang.Step, run.Target) {
	r, x, err := p.at(address)
	if err != nil || x.step.Undo == nil {
		return nil, run.Target{}
	}
	local := x.local
	local.Self = r.values.self(x.step.Name, x.key)
	target, diags := r.configs.Target(x.step.Undo.Step, local)
	if diags.HasErrors() {
		return x.step.Undo.Step, run.Target{}
	}
	return x.step.Undo.Step, target
}
