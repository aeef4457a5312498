package local

import (
	"bytes"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// Touched is what changed files have otherwise about steps, by name. One of which they have something otherwise that decides neither what it
// does nor whether it does it is among them too: what of it has not ended well takes that.
type Touched map[string]*Touch

// Touch is what is otherwise about a step.
type Touch struct {
	// Whole says that the step may be another altogether: it is new, or has another action or provider. Config says that the configuration that it
	// goes through may be.
	Whole, Config bool
	// Runs says that whether it runs is written otherwise, Each that its instances are, Arguments which of its arguments are.
	Runs, Each bool
	Arguments  []string
	// Known are those of the arguments that read nothing beside the run, neither as they were written nor as they are.
	Known []string
	// Within is what is otherwise in the runbook that it runs, Kept in that of an instance that is given the variables that it was given.
	Within, Kept Within
}

// Within is what changed files have otherwise in a runbook that a step runs; Outputs says that what it gives is.
type Within struct {
	Touched
	Outputs bool
}

// acts reports whether a step may do something else than it did. What variables a runbook that it runs is given is told within.
func (t *Touch) acts(step *lang.Step) bool {
	return t.Whole || t.Each && step.Child == nil || len(t.Arguments) > 0
}

// Affected is what runs again for what changed files have otherwise, here and in the runbooks that steps run.
type Affected struct {
	// Steps are the addresses of the steps and instances.
	Steps []string
	// Instances are all that steps have from now on, by the step's address: of one that is not among Steps as a whole, and whose for_each gives others
	// than it had.
	Instances map[string]*lang.Instances
}

// Affected are the steps and instances that run again for what changed files have otherwise: what they do is another, or something that they
// depend on runs again. A write that would be sent as it was does not. again are the addresses of what runs again in any case, former is
// the run as its files were.
func (p *Past) Affected(touched Touched, again []string, former *Past) Affected {
	if len(touched) == 0 {
		return Affected{}
	}
	all := affected{Past: p, former: former, others: map[string]*lang.Instances{}}
	steps := all.in(p.root, touched)
	for _, address := range slices.Sorted(maps.Keys(all.others)) { // which of them there are, only what runs again may tell
		if b, name, _ := p.find(address); slices.Contains(again, address) || b.madeAnew(b.graph.Node(name).Step, append(steps, again...)) {
			delete(all.others, address)
			whole := map[string]bool{name: true}
			b.behind(b.graph.Node(name), whole)
			for _, behind := range slices.Sorted(maps.Keys(whole)) {
				steps = append(append(steps, b.prefix+behind), p.inside(b, behind)...)
			}
		}
	}
	return Affected{steps, all.others}
}

// affected works out what runs again.
type affected struct {
	*Past
	former *Past
	// others are the instances of steps that have others than they had.
	others map[string]*lang.Instances
}

func (p *affected) in(b *branch, touched Touched) []string {
	own, within, ran := map[string][]string{}, map[string][]string{}, []string{}
	for name, t := range touched {
		node := b.graph.Node(name)
		if node == nil {
			continue // --target leaves it out
		}
		look := reach{affected: p, branch: b, step: node.Step, touch: t}
		look.at()
		if own[name], within[name] = look.own, look.within; look.ran {
			ran = append(ran, name)
		}
		if look.others {
			p.others[b.prefix+name] = look.all
		}
	}
	whole := map[string]bool{}
	for _, name := range ran {
		b.behind(b.graph.Node(name), whole)
	}
	var out []string
	for _, n := range b.graph.Nodes {
		name := n.Step.Name
		if whole[name] || len(own[name]) == 1 && own[name][0] == name && n.Step.Child != nil && (touched[name].Each || touched[name].acts(n.Step)) {
			out = append(append(out, b.prefix+name), p.inside(b, name)...)
			delete(p.others, b.prefix+name)
			continue
		}
		for _, address := range own[name] {
			out = append(out, b.prefix+address)
		}
		out = append(out, within[name]...)
	}
	return out
}

// behind adds to the steps that run again as a whole those that depend on a step that does, through others too. A write that was carried out, and
// is only to come after a read, as it refers to nothing of it, is not repeated for that.
func (b *branch) behind(n *graph.Node, whole map[string]bool) {
	for _, e := range n.Out {
		step := e.To.Step
		after := b.effects[n.Step.Name] == provider.Read && b.effects[step.Name] > provider.Read && b.carriedOut(step.Name) && !b.uses(step, n.Step.Name)
		if e.Order || whole[step.Name] || after {
			continue
		}
		whole[step.Name] = true
		b.behind(e.To, whole)
	}
}

// carriedOut reports whether a step, or an instance of it, ended well and was not undone, and none with an error that was tolerated.
func (b *branch) carriedOut(name string) bool {
	return len(b.values.tookPlace(name, func(string) bool { return true })) > 0 && !b.values.anyTolerated(name)
}

// uses reports whether what a step does, or with which instances, is made of the result of another.
func (b *branch) uses(step *lang.Step, other string) bool {
	return slices.ContainsFunc(graph.Deciding(step), func(e *lang.Expr) bool {
		return slices.ContainsFunc(b.runbook.Uses(e), func(used *lang.Expr) bool {
			return slices.ContainsFunc(used.Refs, func(ref lang.Ref) bool { return ref.Kind == lang.RefStep && ref.Name == other })
		})
	})
}

// inside are all steps of the runbooks that a step of the branch, or an instance of it, runs.
func (p *Past) inside(b *branch, address string) []string {
	var out []string
	p.root.walk(func(at *branch) {
		for up := at; up.parent != nil; up = up.parent {
			if up.parent == b && run.Covers(address, up.address) {
				for _, n := range at.graph.Nodes {
					out = append(out, at.prefix+n.Step.Name)
				}
			}
		}
	})
	return out
}

// givesTheSame reports whether a runbook that ended would surely give what it gave.
func (l *reach) givesTheSame(child *branch, end *ending) bool {
	was, lost := end.recalled()
	if lost != "" || was == cty.NilVal || l.furnish(child) != nil {
		return false
	}
	outputs := map[string]cty.Value{}
	for _, o := range child.runbook.Outputs {
		v, diags := child.scope.Value(o.Value, lang.Frame{})
		if diags.HasErrors() {
			return false
		}
		outputs[o.Name] = v
	}
	return sameValue(was.GetAttr("outputs"), cty.ObjectVal(outputs))
}

// Began reports whether a step, or an instance of it, had begun: one that had not does not run again.
func (p *Past) Began(address string) bool {
	b, own, ok := p.find(address)
	return ok && (b.below[own] != nil || b.state.Began(own))
}

// Untouched reports whether nothing is known of a step, or of an instance of it: nothing is to be taken back of it for it to run.
func (p *Past) Untouched(address string) bool {
	b, own, ok := p.find(address)
	return ok && b.below[own] == nil && b.state.Untouched(own) && !b.times.any(own)
}

func sameValue(was, now cty.Value) bool {
	return now.IsWhollyKnown() && bytes.Equal(plainJSON(was), plainJSON(now))
}
