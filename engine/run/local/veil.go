package local

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// veil hides what a system answered in a session that does not know all secrets of the run: it may echo one that can't be blanked.
func (c *Config) veil(result *provider.Result, err error) (*provider.Result, error) {
	if c.Unread == "" {
		return result, err
	}
	if err != nil {
		err = veiledError{err, c.Unread}
	}
	if result == nil {
		return nil, err
	}
	hidden := *result
	hidden.Value, hidden.Summary, hidden.Warnings = sensitive(result.Value), lang.Blank, nil
	for range result.Warnings {
		hidden.Warnings = append(hidden.Warnings, lang.Blank)
	}
	if result.Failure != nil {
		hidden.Failure = &provider.Failure{Message: veiledError{why: c.Unread}.Error(), InDoubt: result.Failure.InDoubt}
	}
	return &hidden, err
}

// veiledError is an error whose text is not shown.
type veiledError struct {
	error
	why string
}

func (e veiledError) Error() string {
	return fmt.Sprintf("it failed; what the system said of it is not shown, as a secret of the run may be in it that this session does not know: %s; "+
		"make that readable, and try again to see it", e.why)
}

func (e veiledError) Unwrap() error { return e.error }

// Unread says why a secret of the run may be unknown to this session after its history was read; empty: all that it holds are known.
func (p *Past) Unread() string { return p.unread }

// Evaluated are all steps and instances of the run, those of the runbooks that its steps ran too, with what evaluates them. An error
// says what can't be. A runbook whose variables are not known any more, as the instance that ran it is gone, is left out where nothing of it can
// be secret. Otherwise no system is known not to have got its secret: steps hand things on, and systems share what they are told.
func (p *Past) Evaluated() (out []Evaluated, err error) {
	p.root.walk(func(b *branch) {
		if err != nil {
			return
		}
		if lost := p.furnish(b); lost != nil {
			if b.mayHoldSecrets() {
				err = fmt.Errorf("the runbook of step %s holds a secret that only its variables tell, and these can't be worked out any more: %w", strings.TrimSuffix(b.prefix, "/"), lost)
			}
			return
		}
		for _, n := range b.graph.Nodes {
			frames := []lang.Frame{{}}
			if n.Step.ForEach != nil {
				frames = nil
				for key := range b.state.Instances(n.Step.Name) {
					frames = append(frames, b.values.each(n.Step.Name, key))
				}
			}
			for _, frame := range frames {
				out = append(out, Evaluated{Step: n.Step, Frame: frame, Scope: b.scope, Configs: b.configs})
			}
		}
	})
	return out, err
}

// mayHoldSecrets reports whether a runbook that a step runs, or what it is given, takes in a secret that is not in the history.
func (b *branch) mayHoldSecrets() bool {
	reads := func(rb *lang.Runbook, s *lang.Step) bool {
		return slices.ContainsFunc(graph.Expressions(s), func(e *lang.Expr) bool { return rb.Surroundings(e).Secrets })
	}
	for _, v := range b.runbook.Variables {
		if v.Sensitive {
			return true
		}
	}
	return reads(b.parent.runbook, b.step) || slices.ContainsFunc(b.graph.Nodes, func(n *graph.Node) bool {
		steps := []*lang.Step{n.Step}
		if n.Step.Undo != nil {
			steps = append(steps, n.Step.Undo.Step)
		}
		return reads(b.runbook, n.Step) || slices.ContainsFunc(steps, func(s *lang.Step) bool { return secretConfig(b.runbook, s) })
	})
}

// secretConfig reports whether the provider block that a step uses holds a secret.
func secretConfig(rb *lang.Runbook, s *lang.Step) bool {
	block := rb.ConfigOf(s)
	if block == nil || s.Provider == nil {
		return false
	}
	if block.ForEach != nil && rb.Surroundings(block.ForEach).Secrets {
		return true
	}
	for name, attr := range block.Config {
		a := s.Provider.Config().Attribute(name)
		if a == nil || a.Sensitive || rb.Surroundings(attr.Expr).Secrets {
			return true
		}
	}
	return false
}

// Read reads the secrets of the configurations that a step and its undo use. One that can't be worked out and holds none, as its key is gone, is no
// error.
func (e *Evaluated) Read() error {
	steps := []*lang.Step{e.Step}
	if e.Step.Undo != nil {
		steps = append(steps, e.Step.Undo.Step)
	}
	for _, step := range steps {
		if step.IsCheck() || step.Child != nil {
			continue
		}
		if _, diags := e.Configs.choose(step, e.Frame); diags.HasErrors() && secretConfig(e.Configs.rb, step) {
			return errors.New(text(diags))
		}
	}
	return nil
}
