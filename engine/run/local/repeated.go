package local

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// CarriedOut tells of those among steps and instances that run again which changed something, ended well and were not undone: they
// do it twice. What counts as done by what was settled does not run again, and of what is in doubt nobody knows whether it took place.
func (p *Past) CarriedOut(again []string, settled ...Settled) []string {
	among, steps, undone, done := map[string]bool{}, map[string]bool{}, undoneBy(settled), map[string]bool{}
	for _, address := range again {
		among[address], steps[run.WholeStep(address)] = true, true
	}
	for _, d := range settled {
		done[d.Address] = done[d.Address] || !d.Undo && d.Decision == run.DecisionDone
	}
	for _, d := range p.Doubts() {
		done[d.Address] = done[d.Address] || !d.Undo
	}
	var out []string
	p.root.walk(func(b *branch) {
		for _, n := range b.graph.Nodes {
			address := b.prefix + n.Step.Name
			if n.Step.Child != nil || !steps[address] || graph.Effect(n.Step) == provider.Read {
				continue
			}
			out = append(out, repeatWords(b.prefix, b.values.tookPlace(n.Step.Name, func(a string) bool {
				runs := among[b.prefix+a] || among[address] && b.mayHave(n.Step.Name, a, again)
				return runs && !done[b.prefix+a] && !b.state.WasUndone(a, undone...)
			}))...)
		}
	})
	return out
}

// mayHave reports whether a step that runs again as a whole may have an instance then: one that is gone does not come back by chance.
func (b *branch) mayHave(name, instance string, again []string) bool {
	if b.has(instance) {
		return true
	}
	then, known := b.instancesThen(name, again)
	return known && slices.Contains(then, instance)
}

// mostNamed bounds how many instances are named of one step.
const mostNamed = 8

// inShort lists names, and counts those that are too many to be named.
func inShort(names []string) string {
	if more := len(names) - mostNamed; more > 0 {
		names = append(slices.Clone(names[:mostNamed]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// repeatWords say of instances of one step that they take place a second time.
func repeatWords(prefix string, did []placed) []string {
	var out, names []string
	seen := slices.DeleteFunc(slices.Clone(did), func(d placed) bool { return d.word != "" })
	for _, d := range did {
		if d.word != "" {
			out = append(out, "step "+prefix+d.address+" was in doubt, and runs again: "+d.word+", and what it did then stays")
		}
	}
	for _, d := range seen {
		names = append(names, prefix+d.address)
	}
	switch len(seen) {
	case 0:
	case 1:
		out = append(out, "step "+names[0]+" was carried out at "+provider.Moment(seen[0].at)+", and runs again: what it did then stays")
	default:
		out = append(out, fmt.Sprintf("step %s was carried out %d times, last at %s, and runs again: what each did then stays: %s",
			run.WholeStep(names[0]), len(seen), provider.Moment(lastOf(seen)), inShort(names)))
	}
	return out
}

// lastOf is when the last of some was carried out.
func lastOf(did []placed) time.Time {
	return slices.MaxFunc(did, func(a, b placed) int { return a.at.Compare(b.at) }).at
}
