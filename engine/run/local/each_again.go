package local

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// holds reports whether a step that runs again has the instances that for_each gave in an earlier session, whatever files and the
// environment would give by now: nobody was told of others.
func (b *branch) holds(step *lang.Step, kept *keptEach) bool {
	return kept != nil && !kept.over && step.ForEach != nil && kept.of == b.writtenEach(step)
}

// eachParts visits what the for_each of a step is made of: the expression, and, where it reads variables of a runbook that a step runs,
// what that step gives them, and has as each itself.
func (b *branch) eachParts(step *lang.Step, visit func(at *branch, by *lang.Step, e *lang.Expr)) {
	b.madeOf(step, []*lang.Expr{step.ForEach}, visit)
}

// madeOf is eachParts for any expressions of a step.
func (b *branch) madeOf(step *lang.Step, parts []*lang.Expr, visit func(at *branch, by *lang.Step, e *lang.Expr)) {
	at, by := b, step
	for {
		within := false
		for _, part := range parts {
			visit(at, by, part)
			for _, e := range at.runbook.Uses(part) {
				within = within || refersTo(e, lang.RefVar)
			}
		}
		if !within || at.parent == nil {
			return
		}
		by, parts = at.step, nil
		at = at.parent
		if given := by.Args["variables"]; given != nil {
			parts = append(parts, given.Expr)
		}
		if by.ForEach != nil {
			parts = append(parts, by.ForEach)
		}
	}
}

// writtenEach is a digest of how the files write what a for_each is made of.
func (b *branch) writtenEach(step *lang.Step) string {
	sum := sha256.New()
	b.eachParts(step, func(at *branch, _ *lang.Step, e *lang.Expr) { sum.Write([]byte(at.runbook.Written(e) + "\n")) })
	return hex.EncodeToString(sum.Sum(nil))
}

// madeAnew reports whether a for_each is made of something that runs again: the result of a step, or a file that a write before it may
// have written.
func (b *branch) madeAnew(step *lang.Step, reset []string) bool {
	again := func(at *branch, name string) bool {
		return slices.ContainsFunc(reset, func(a string) bool { return run.Covers(at.prefix+name, a) })
	}
	anew := false
	b.eachParts(step, func(at *branch, by *lang.Step, e *lang.Expr) {
		for _, used := range at.runbook.Uses(e) {
			for _, ref := range used.Refs {
				anew = anew || ref.Kind == lang.RefStep && again(at, ref.Name)
			}
		}
		for _, edge := range at.graph.Node(by.Name).In {
			before := edge.From.Step
			anew = anew || at.runbook.Surroundings(e).Files && !edge.Order && at.effects[before.Name] > provider.Read && again(at, before.Name)
		}
	})
	return anew
}

// eachAnew has the for_each of steps of the branch that run again evaluated again where it is made of what does too. All are the addresses
// of the run that run again, own those of the branch.
func (b *branch) eachAnew(own, all []string) {
	for _, address := range own {
		if kept := b.each[address]; kept != nil && b.graph.Node(address).Step.ForEach != nil {
			kept.over = kept.over || b.madeAnew(b.graph.Node(address).Step, all)
		}
	}
}

// Others are the instances that a step gets and loses when it runs again.
type Others struct {
	Address   string
	New, Gone []string
}

func (o Others) String() string { return "step " + o.Address + " has other instances: " + o.words() }

// words say which they are.
func (o Others) words() string {
	var out []string
	for _, part := range []struct {
		keys []string
		be   string
	}{{o.New, "new"}, {o.Gone, "gone"}} {
		if len(part.keys) > 0 {
			out = append(out, inShort(part.keys)+" "+part.be)
		}
	}
	return strings.Join(out, "; ")
}

// Loses reports whether an address is that of an instance that goes, or of a step of the runbook that it runs.
func (o Others) Loses(address string) bool {
	return slices.ContainsFunc(o.Gone, func(key string) bool {
		at := run.Address(o.Address, key, true)
		return address == at || strings.HasPrefix(address, at+"/")
	})
}

// OtherInstances are those of the steps that run again as a whole, with what reset names, as far as that can be told, and of those that have
// others from now on, as [Affected] tells them.
func (p *Past) OtherInstances(reset []string, others map[string]*lang.Instances) []Others {
	var out []Others
	p.root.walk(func(b *branch) {
		for _, n := range b.graph.Nodes {
			address := b.prefix + n.Step.Name
			was, expanded := b.values.keysOf(n.Step.Name)
			all, known := others[address]
			if n.Step.ForEach == nil || !expanded || !known && !slices.Contains(reset, address) || b.isGone(out) || p.furnish(b) != nil {
				continue
			}
			var now []string
			if known {
				now = all.Keys
			} else {
				now, known = b.keysThen(n.Step.Name, reset)
			}
			o := Others{address, lacking(now, was), lacking(was, now)}
			if known && len(o.New)+len(o.Gone) > 0 {
				out = append(out, o)
			}
		}
	})
	return out
}

// lacking are the keys that others don't have.
func lacking(keys, others []string) []string {
	among := make(map[string]bool, len(others))
	for _, key := range others {
		among[key] = true
	}
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return among[key] })
}

// isGone reports whether the branch is of an instance that goes.
func (b *branch) isGone(others []Others) bool {
	for at := b; at.parent != nil; at = at.parent {
		for _, o := range others {
			here := func(key string) bool { return at.address == run.Address(at.step.Name, key, true) }
			if o.Address == at.parent.prefix+at.step.Name && slices.ContainsFunc(o.Gone, here) {
				return true
			}
		}
	}
	return false
}

// staysAside reports whether the branch is of an instance that had gone before, and does not come back with what reset names, as far as that can be told.
func (b *branch) staysAside(reset []string) bool {
	for at := b; at.parent != nil; at = at.parent {
		if at.parent.state.Aside(at.address) {
			then, known := at.parent.instancesThen(at.step.Name, reset)
			return known && !slices.Contains(then, at.address)
		}
	}
	return false
}

// Without are those among addresses, which run again, that are not of a runbook whose step does not have the instance that ran it, or loses it.
func (p *Past) Without(addresses []string, others []Others) []string {
	var gone []string
	p.root.walk(func(b *branch) {
		if b.isGone(others) || b.staysAside(addresses) {
			gone = append(gone, b.prefix)
		}
	})
	return slices.DeleteFunc(slices.Clone(addresses), func(a string) bool {
		return slices.ContainsFunc(gone, func(prefix string) bool { return strings.HasPrefix(a, prefix) })
	})
}

// Keys are those of the instances that a step of the runbook itself has, or will have when it runs again with what reset names, or as others
// tell, where it came to any, and that can be told.
func (p *Past) Keys(name string, reset []string, others map[string]*lang.Instances) (keys []string, known bool) {
	if all, known := others[name]; known {
		return all.Keys, true
	}
	was, expanded := p.root.values.keysOf(name)
	switch again := slices.Contains(reset, name); {
	case !expanded || again && p.root.madeAnew(p.root.graph.Node(name).Step, reset):
		return nil, false
	case !again:
		return was, true
	}
	return p.root.keysThen(name, reset)
}

// keysThen are the keys that a step has when it runs again with what reset names, as far as that can be told now.
func (b *branch) keysThen(name string, reset []string) (keys []string, known bool) {
	step := b.graph.Node(name).Step
	if kept := b.each[name]; b.holds(step, kept) && !b.madeAnew(step, reset) {
		return kept.all.Keys, true
	}
	byKey, why := b.framesNow(name)
	return slices.Sorted(maps.Keys(byKey)), why == ""
}

// instancesThen are the addresses of these instances in the branch.
func (b *branch) instancesThen(name string, reset []string) ([]string, bool) {
	keys, known := b.keysThen(name, reset)
	out := make([]string, len(keys))
	for i, key := range keys {
		out[i] = run.Address(name, key, true)
	}
	return out, known
}
