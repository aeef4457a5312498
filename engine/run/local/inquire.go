package local

import (
	"context"
	"errors"
	"fmt"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// Inquire asks the system whether a write in doubt took place; a provider that can't tell finds [provider.Unknown].
func (p *Past) Inquire(ctx context.Context, d run.Doubt) (*provider.Found, error) {
	r, step, local, err := p.sender(d)
	if err != nil {
		return nil, err
	}
	inquirer, ok := step.Spec.(provider.Inquirer)
	if !ok {
		return &provider.Found{}, nil
	}
	if isLost(d.Note) {
		return nil, errNoteLost
	}
	w := p.sentOf(d)
	if w != nil && w.action != step.Action {
		return &provider.Found{}, nil
	}
	if now := r.system(step, local); w != nil && w.on.Provider != "" && w.on.Target != "" && now != nil && !w.on.Same(*now, r.Redact) {
		return nil, fmt.Errorf("%w; the write was sent to the first, of which the other knows nothing", elsewhereError{was: w.on, now: *now})
	}
	args, err := openSent(p.cfg, w, step.Spec.Spec().Args())
	if err != nil { // the step, or the undo, as its file has it, is the best that is known
		if args, err = r.arguments(step, local); err == nil {
			err = r.samePlace(w, step, args)
		}
	}
	if err != nil {
		return nil, err
	}
	opened, _, err := r.open(ctx, step, local, args)
	if err != nil {
		return nil, unreachableError{err}
	}
	call := r.call(step, opened, provider.Read)
	call.Key = d.Key
	found, err := inquirer.Inquire(ctx, call, provider.Sent{Key: d.Key, At: d.At, Note: d.Note})
	if err != nil {
		_, err = p.cfg.veil(nil, err)
		return nil, unreachableError{err}
	}
	return found, nil
}

// unreachableError says that a system was not asked, or did not answer: it may be able to tell.
type unreachableError struct{ error }

func (e unreachableError) Unwrap() error { return e.error }

// Unreachable reports whether a system that may be able to tell what became of a write could not be asked.
func Unreachable(err error) bool {
	_, ok := errors.AsType[unreachableError](err)
	return ok
}

// sender is the step, or the undo, that sent a write in doubt, with what it sees and a runner that can evaluate it.
func (p *Past) sender(d run.Doubt) (*runner, *lang.Step, lang.Frame, error) {
	if d.Undo {
		b, did, err := p.root.deedOf(d.Address, d.Undoes)
		if err == nil {
			err = p.furnishUndo(b)
		}
		if err != nil {
			return nil, nil, lang.Frame{}, err
		}
		return p.runnerOf(b), did.undo(), b.frame(did), nil
	}
	r, x, err := p.at(d.Address)
	if err != nil {
		return nil, nil, lang.Frame{}, err
	}
	return r, x.step, x.sends(), nil
}

// runnerOf is one that can evaluate what the steps of a furnished branch refer to.
func (p *Past) runnerOf(b *branch) *runner {
	return newRunner(newSession(p.cfg), b, context.Background())
}

// at is a runner that can evaluate what a step refers to, with the step's execution.
func (p *Past) at(address string) (*runner, *execution, error) {
	b, own, ok := p.find(address)
	if !ok {
		return nil, nil, fmt.Errorf("there is no step %s", address)
	}
	i, key, ok := b.state.Find(own)
	if !ok {
		return nil, nil, fmt.Errorf("there is no step %s", address)
	}
	if err := p.furnish(b); err != nil {
		return nil, nil, err
	}
	r := p.runnerOf(b)
	local := lang.Frame{}
	if key >= 0 {
		local = b.values.each(b.graph.Nodes[i].Step.Name, key)
	}
	return r, r.newExecution(b.graph.Nodes[i].Step, key, local), nil
}
