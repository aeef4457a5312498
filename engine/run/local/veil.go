package local

import (
	"errors"
	"fmt"

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
// says what can't be.
func (p *Past) Evaluated() (out []Evaluated, err error) {
	p.root.walk(func(b *branch) {
		if err == nil {
			err = p.furnish(b)
		}
		if err != nil {
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

// Read reads the secrets of the configurations that a step and its undo use.
func (e *Evaluated) Read() error {
	steps := []*lang.Step{e.Step}
	if e.Step.Undo != nil {
		steps = append(steps, e.Step.Undo.Step)
	}
	for _, step := range steps {
		if step.IsCheck() || step.Child != nil {
			continue
		}
		if _, diags := e.Configs.choose(step, e.Frame); diags.HasErrors() {
			return errors.New(text(diags))
		}
	}
	return nil
}
