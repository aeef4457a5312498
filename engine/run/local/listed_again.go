package local

import (
	"maps"
	"slices"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// withListed adds to the instances that steps have from now on those of the writes that the run found out itself, of which some are left: in its turn such a step holds the yes that was given for all against what is left by then.
func (p *Past) withListed(g Going) map[string]*lang.Instances {
	out := maps.Clone(g.Instances)
	if p.cfg.AutoApprove || g.Undo != nil || g.Cancel {
		return out
	}
	p.root.walk(func(b *branch) {
		for _, n := range b.graph.Nodes {
			address := b.prefix + n.Step.Name
			if out[address] != nil || slices.Contains(g.Reset, address) || !b.foundOut(n.Step) || !b.someLeft(n.Step.Name, g.Reset) || p.furnish(b) != nil {
				continue
			}
			if all := b.sameInstances(n.Step); all != nil {
				if out == nil {
					out = map[string]*lang.Instances{}
				}
				out[address] = all
			}
		}
	})
	return out
}

// foundOut reports whether somebody said yes to the writes of a step that only the run could list.
func (b *branch) foundOut(step *lang.Step) bool {
	_, a := b.state.Answered(step.Name)
	return step.ForEach != nil && b.expanding[step.Name] && b.effects[step.Name] > provider.Read && step.Approval == nil && a.Yes()
}

// someLeft reports whether an instance of a step runs.
func (b *branch) someLeft(name string, reset []string) bool {
	return slices.ContainsFunc(b.state.Instances(name), func(address string) bool {
		_, _, over := b.state.Ended(address)
		return !over || slices.Contains(reset, b.prefix+address)
	})
}

// sameInstances are those that a step has, as its for_each gave or gives them; nil: that can't be told, or there are others by now.
func (b *branch) sameInstances(step *lang.Step) *lang.Instances {
	all, _ := b.instancesNow(step.Name)
	if kept := b.each[step.Name]; b.holds(step, kept) {
		all = kept.all
	}
	was, _ := b.values.keysOf(step.Name)
	if all == nil || len(lacking(all.Keys, was))+len(lacking(was, all.Keys)) > 0 {
		return nil
	}
	return all
}
