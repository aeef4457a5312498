package local

import (
	"bytes"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// keptOf is what is told of one for_each, in all branches of its runbook.
type keptOf struct {
	// others are its steps that keep the instances that they began with, with those that they would have by now, and takers, of each, the steps
	// that have not begun and go by the same.
	others []Others
	takers []map[string]bool
	// values are the instances that run again with another each.value than they would have by now.
	values []string
}

// KeptValues tells of the steps that keep the instances that they began with, where what for_each reads gives others by now, and a step that has
// not begun goes by that; and of the instances among those that run again that keep the each.value they began with, where it gives another now.
func (p *Past) KeptValues(reset []string) []string {
	again := map[string]bool{}
	for _, address := range reset {
		again[address] = true
	}
	told := map[string]*keptOf{}
	var takers map[string][]string
	p.root.walk(func(b *branch) {
		for _, n := range b.graph.Nodes {
			kept := b.each[n.Step.Name]
			if !b.holds(n.Step, kept) || b.staysAside(reset) || p.furnish(b) != nil {
				continue
			}
			now, why := b.framesNow(n.Step.Name) // what can't be told is not another value
			keys := slices.Sorted(maps.Keys(now))
			of, others := &keptOf{}, Others{b.prefix + n.Step.Name, lacking(keys, kept.all.Keys), lacking(kept.all.Keys, keys)}
			if path := b.unkeyed() + n.Step.Name; told[path] == nil {
				told[path] = of
			} else {
				of = told[path]
			}
			of.values = append(of.values, b.otherValues(n.Step.Name, kept, now, again)...)
			if why != "" || len(others.New)+len(others.Gone) == 0 || b.secretKeys(n.Step, keys, p.cfg.shown) != "" {
				continue
			}
			if takers == nil {
				takers = p.takers(again, reset)
			}
			if goBy := b.whoReads(n.Step, takers); len(goBy) > 0 {
				of.others, of.takers = append(of.others, others), append(of.takers, goBy)
			}
		}
	})
	var out []string
	for _, path := range slices.Sorted(maps.Keys(told)) {
		out = append(out, told[path].words()...)
	}
	return out
}

// otherValues are the instances of a step that run again with another each.value than for_each gives now.
func (b *branch) otherValues(name string, kept *keptEach, now map[string]lang.Frame, again map[string]bool) []string {
	var out []string
	for i, key := range kept.all.Keys {
		address := b.prefix + run.Address(name, key, true)
		other, there := now[key]
		runs := again[address] || again[b.prefix+name]
		if runs && there && other.EachValue.IsWhollyKnown() && !bytes.Equal(plainJSON(kept.all.Frames[i].EachValue), plainJSON(other.EachValue)) {
			out = append(out, address)
		}
	}
	return out
}

// words say it, in a line each.
func (k *keptOf) words() []string {
	var out []string
	if len(k.others) > 0 {
		var steps []string
		goBy, words := map[string]bool{}, k.others[0].words()
		for i, o := range k.others {
			steps = append(steps, o.Address)
			maps.Copy(goBy, k.takers[i])
			if o.words() != k.others[0].words() {
				words = "for " + k.others[0].Address + ": " + k.others[0].words()
			}
		}
		out = append(out, "what for_each reads gives other instances now ("+words+"): what has begun keeps its own ("+inShort(steps)+
			"), what has not goes by what is there now ("+inShort(slices.Sorted(maps.Keys(goBy)))+")")
	}
	if len(k.values) > 0 {
		who := inShort(k.values)
		if len(k.values) > 1 {
			who = "each of " + who
		}
		out = append(out, who+" keeps the each.value that it began with; what for_each reads gives another now. "+
			"To have that, write the step otherwise and resume with --with-changes, or run the runbook anew")
	}
	return out
}

// takers are the steps with a for_each that have not begun and are to run, by what that reads from outside: one of each runbook.
func (p *Past) takers(again map[string]bool, reset []string) map[string][]string {
	out, seen := map[string][]string{}, map[string]bool{}
	var visit func(b *branch)
	visit = func(b *branch) {
		for _, n := range b.graph.Nodes {
			path := b.unkeyed() + n.Step.Name
			if _, expanded := b.values.keysOf(n.Step.Name); n.Step.ForEach != nil && !expanded && b.each[n.Step.Name] == nil && b.isToRun(n.Step.Name, again) {
				for source := range b.outside(n.Step) {
					if of := source + "\x00" + path; !seen[of] {
						seen[of], out[source] = true, append(out[source], b.prefix+n.Step.Name)
					}
				}
			}
			if address := b.notBegun(n.Step, again); address != "" && !seen[path+"/"] {
				seen[path+"/"] = true
				if child := p.unborn(b, n.Step, address); child != nil {
					visit(child)
				}
			}
		}
	}
	p.root.walk(func(b *branch) {
		if !b.staysAside(reset) && p.furnish(b) == nil {
			visit(b)
		}
	})
	return out
}

// isToRun reports whether a step, or an instance of it, has not ended, or runs again.
func (b *branch) isToRun(address string, again map[string]bool) bool {
	_, _, over := b.state.Ended(address)
	return !over || again[b.prefix+address] || again[b.prefix+run.StepName(address)]
}

// notBegun is a step, or the first instance of it, that is to run a runbook and has not begun to; empty: there is none.
func (b *branch) notBegun(step *lang.Step, again map[string]bool) string {
	if step.Child == nil {
		return ""
	}
	all := b.state.Instances(step.Name)
	if len(all) == 0 {
		all = []string{step.Name}
	}
	at := slices.IndexFunc(all, func(address string) bool { return b.below[address] == nil && b.isToRun(address, again) })
	if at < 0 {
		return ""
	}
	return all[at]
}

// unborn is the branch of a runbook that a step has not begun to run, of which the variables are not known yet; nil: it can't be told.
func (p *Past) unborn(b *branch, step *lang.Step, address string) *branch {
	scope, configs, err := p.cfg.Child(step, cty.DynamicVal)
	if err != nil {
		return nil
	}
	p.supplies.keep(configs)
	child := b.childBranch(step, address)
	child.use(scope, configs)
	return child
}

// whoReads are those steps, by what they read, that read something of what the for_each of a step does.
func (b *branch) whoReads(step *lang.Step, by map[string][]string) map[string]bool {
	out := map[string]bool{}
	for source := range b.outside(step) {
		for _, address := range by[source] {
			out[address] = true
		}
	}
	return out
}

// outside is what the for_each of a step reads from outside of the runbooks.
func (b *branch) outside(step *lang.Step) map[string]bool {
	out := map[string]bool{}
	b.eachParts(step, func(at *branch, _ *lang.Step, e *lang.Expr) {
		for _, used := range at.runbook.Uses(e) {
			for _, source := range at.scope.FromOutside(used) {
				out[source] = true
			}
		}
	})
	return out
}

// unkeyed is the prefix of the branch without the keys of instances: the same for all branches of a runbook that a step runs.
func (b *branch) unkeyed() string {
	if b.parent == nil {
		return ""
	}
	return b.parent.unkeyed() + b.step.Name + "/"
}
