package local

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// supplies are what branches got that a step did not run in this session, or not any more. Safe for concurrent use.
type supplies struct {
	cfg *Config
	mu  sync.Mutex
	// made are the configurations whose clients are to be closed at the end.
	made []*Configs
}

// keep has the clients of configurations closed at the end.
func (s *supplies) keep(c *Configs) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.made, c) {
		s.made = append(s.made, c)
	}
}

func (s *supplies) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.made {
		if err := c.Close(); err != nil {
			s.cfg.Host.Log.Warn("a client did not close cleanly", "error", err)
		}
	}
	s.made = nil
}

// furnish gives a recalled branch what its variables decide, before the step that runs it runs again: the arguments of
// that step are evaluated from recorded results, as they were then.
func (s *supplies) furnish(b *branch) error {
	if b.scope != nil {
		if lost := b.scope.VariablesLost; lost != "" {
			return errors.New(lost)
		}
		return nil
	}
	if err := s.furnish(b.parent); err != nil {
		return err
	}
	whole := strings.TrimSuffix(b.prefix, "/")
	if _, _, ok := b.parent.state.Find(b.address); !ok && b.called.EachKey == cty.NilVal {
		return fmt.Errorf("there is no step %s", whole)
	}
	args, diags := object(b.parent.scope, b.step.Spec.Spec().Args(), b.step.Args, frameAt(b.caller(), b.address, partArguments), s.cfg.Secrets)
	if diags.HasErrors() {
		return fmt.Errorf("the arguments of step %s, which runs the runbook: %s", whole, text(diags))
	}
	scope, configs, err := s.cfg.Child(b.step, args.GetAttr("variables"))
	if err != nil {
		return fmt.Errorf("the variables of step %s: %w", whole, err)
	}
	s.keep(configs)
	b.use(scope, configs)
	b.recallFrames()
	return nil
}

// furnishUndo is furnish for what takes a step of the branch back: what that refers to was kept, so that the variables need not be known.
func (s *supplies) furnishUndo(b *branch) error {
	lost := s.furnish(b)
	if lost == nil || b.scope != nil {
		return nil
	}
	if err := s.furnishUndo(b.parent); err != nil {
		return err
	}
	scope, configs, err := s.cfg.Child(b.step, cty.DynamicVal)
	if err != nil {
		return lost
	}
	scope.VariablesLost = lost.Error()
	s.keep(configs)
	b.use(scope, configs)
	b.recallFrames()
	return nil
}

// caller is what the step that runs the runbook of a branch sees as each, or saw, where that instance is gone.
func (b *branch) caller() lang.Frame {
	_, key, ok := b.parent.state.Find(b.address)
	switch {
	case !ok:
		return b.called
	case key >= 0:
		return b.parent.values.each(b.step.Name, key)
	}
	return lang.Frame{}
}

// Close closes the clients that were opened to ask systems about the run. Resume does it by itself.
func (p *Past) Close() {
	p.supplies.close()
}

func (p *Past) furnish(b *branch) error { return p.supplies.furnish(b) }

func (p *Past) furnishUndo(b *branch) error { return p.supplies.furnishUndo(b) }

// SameInstances are the instances of a step, where it is sure to have these and no others when it runs again with what reset names: its
// for_each gives the same keys, and nothing runs again that it, or a step whose runbook it is in, may depend on.
func (p *Past) SameInstances(address string, reset []string) ([]string, bool) {
	b, name, ok := p.find(address)
	if !ok || b.graph.Node(name).Step.ForEach == nil || p.furnish(b) != nil {
		return nil, false
	}
	for at, step := b, name; at != nil; at, step = at.parent, run.StepName(at.address) {
		for _, e := range at.graph.Node(step).In {
			before := at.prefix + e.From.Step.Name
			if !e.Order && slices.ContainsFunc(reset, func(a string) bool { return run.Covers(before, a) }) {
				return nil, false
			}
		}
	}
	now, known := b.instancesThen(name, reset)
	was := b.state.Instances(name)
	slices.Sort(now)
	slices.Sort(was)
	if !known || !slices.Equal(was, now) {
		return nil, false
	}
	for i := range was {
		was[i] = b.prefix + was[i]
	}
	return was, true
}

// Undoable lists what took effect and was not undone, what ended last first. Of a step that runs a runbook these are its steps.
func (p *Past) Undoable() []run.Effect { return p.root.state.Undoable() }

// Unchanged lists the steps that have an undo, and changed nothing.
func (p *Past) Unchanged() []string { return p.root.state.Unchanged() }

// NotUndone lists what is to be undone at the end of the run, would it end now: what the last session left, or a paused run
// would take back.
func (p *Past) NotUndone() []run.Effect { return p.root.state.NotUndone() }

// SentBy is the step, or the undo, that sent a write in doubt, and the system that it acts on, where that can be told; nil:
// it is not known.
func (p *Past) SentBy(d run.Doubt) (*lang.Step, run.Target) {
	step, on := p.sentBy(d)
	if w := p.sentOf(d); w != nil && step != nil && w.action == step.Action && w.on.Target != "" {
		on = w.on
	}
	return step, on
}

func (p *Past) sentBy(d run.Doubt) (*lang.Step, run.Target) {
	if d.Undo {
		return p.UndoOf(run.Effect{Address: d.Address, Seq: d.Undoes})
	}
	r, x, err := p.at(d.Address)
	if err != nil {
		return nil, run.Target{}
	}
	target, diags := r.configs.Target(x.step, x.sends())
	if diags.HasErrors() {
		return x.step, run.Target{}
	}
	return x.step, target
}
