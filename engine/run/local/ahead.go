package local

import (
	"slices"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// Ahead is a step that is yet to run, or to run again.
type Ahead struct {
	Address string
	Step    *lang.Step
	// Runbook is the one that the step stands in.
	Runbook *lang.Runbook
}

// Ahead lists the steps that have not ended, those of the runbooks that steps run too, and those that run again: again has them, or an instance.
func (p *Past) Ahead(again []string) []Ahead { return p.root.ahead(again) }

func (b *branch) ahead(again []string) (out []Ahead) {
	for _, n := range b.graph.Nodes {
		address := b.prefix + n.Step.Name
		if b.over(n.Step.Name) && !slices.ContainsFunc(again, func(a string) bool { return run.Covers(address, a) }) {
			continue
		}
		out = append(out, Ahead{address, n.Step, b.runbook})
		if n.Step.Child != nil {
			out = append(out, b.aheadWithin(n.Step, again)...)
		}
	}
	return out
}

func (b *branch) over(address string) bool {
	_, _, over := b.state.Ended(address)
	return over
}

// aheadWithin lists those of the runbook that a step runs: all of it, where an instance has not begun.
func (b *branch) aheadWithin(s *lang.Step, again []string) (out []Ahead) {
	called := []string{s.Name}
	if s.ForEach != nil {
		called = b.state.Instances(s.Name)
	}
	begun := len(called) > 0
	for _, address := range called {
		if c := b.below[address]; c != nil {
			out = append(out, c.ahead(again)...)
		} else {
			begun = begun && b.over(address)
		}
	}
	if begun {
		return out
	}
	return append(out, allOf(s.Child, b.prefix+s.Name+"/")...)
}

func allOf(rb *lang.Runbook, prefix string) (out []Ahead) {
	for _, s := range rb.Steps {
		out = append(out, Ahead{prefix + s.Name, s, rb})
		if s.Child != nil {
			out = append(out, allOf(s.Child, prefix+s.Name+"/")...)
		}
	}
	return out
}
