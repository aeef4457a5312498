package local

import (
	"bytes"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// Touched is what changed files have otherwise about steps, by name. One of which they have something otherwise that decides neither what it
// does nor whether it does it is among them too: what of it has not ended well takes that.
type Touched map[string]*Touch

// Touch is what is otherwise about a step.
type Touch struct {
	// Whole says that the step may be another altogether: it is new, or has another action or provider.
	Whole bool
	// Runs says that whether it runs is written otherwise, Each that its instances are, Arguments which of its arguments are.
	Runs, Each bool
	Arguments  []string
	// Former are those of the arguments that can be evaluated as they were written.
	Former Former
	// Within is what is otherwise in the runbook that it runs, Outputs says that what that gives is.
	Within  Touched
	Outputs bool
}

// acts reports whether a step may do something else than it did. What variables a runbook that it runs is given is told within.
func (t *Touch) acts(step *lang.Step) bool {
	return t.Whole || t.Each && step.Child == nil || len(t.Arguments) > 0
}

// Affected are the steps and instances, here and in the runbooks that steps run, that run again for what changed files have otherwise: what they
// do is another, or something that they depend on runs again. A write that would be sent as it was does not.
func (p *Past) Affected(touched Touched) []string {
	if len(touched) == 0 {
		return nil
	}
	return p.affected(p.root, touched)
}

func (p *Past) affected(b *branch, touched Touched) []string {
	own, within, ran := map[string][]string{}, map[string][]string{}, []string{}
	for name, t := range touched {
		node := b.graph.Node(name)
		if node == nil {
			continue // --target leaves it out
		}
		look := reach{Past: p, branch: b, step: node.Step, touch: t}
		look.at()
		if own[name], within[name] = look.own, look.within; look.ran {
			ran = append(ran, name)
		}
	}
	whole := map[string]bool{}
	for _, name := range ran {
		for _, behind := range b.state.Dependents([]string{name}) {
			whole[behind] = whole[behind] || behind != name
		}
	}
	var out []string
	for _, n := range b.graph.Nodes {
		name := n.Step.Name
		if whole[name] || len(own[name]) == 1 && own[name][0] == name && n.Step.Child != nil && (touched[name].Each || touched[name].acts(n.Step)) {
			out = append(append(out, b.prefix+name), p.inside(b, name)...)
			continue
		}
		for _, address := range own[name] {
			out = append(out, b.prefix+address)
		}
		out = append(out, within[name]...)
	}
	return out
}

// inside are all steps of the runbooks that a step of the branch runs.
func (p *Past) inside(b *branch, name string) []string {
	var out []string
	p.root.walk(func(at *branch) {
		for up := at; up.parent != nil; up = up.parent {
			if up.parent == b && up.step.Name == name {
				for _, n := range at.graph.Nodes {
					out = append(out, at.prefix+n.Step.Name)
				}
			}
		}
	})
	return out
}

// reach works out what of a step runs again for what is otherwise about it.
type reach struct {
	*Past
	branch *branch
	step   *lang.Step
	touch  *Touch
	// own are addresses of the step or of its instances, in its runbook; within are those of steps of the runbook that it runs.
	own, within []string
	// ran says that something runs again that others may have seen.
	ran bool
}

func (l *reach) at() {
	parts := l.branch.state.Instances(l.step.Name)
	if len(parts) == 0 {
		parts = []string{l.step.Name}
	}
	all := l.touch.Whole || l.touch.Each && !l.sameEach()
	if all {
		l.own = parts
		l.ran = slices.ContainsFunc(parts, func(a string) bool { return l.endingOf(a) != nil })
	} else {
		for _, address := range parts {
			l.part(address)
		}
	}
	if len(l.own) == len(parts) && (all || l.touch.acts(l.step)) {
		l.own = []string{l.step.Name} // which may have other instances then
	}
}

// part looks at one instance, or at a step without any.
func (l *reach) part(address string) {
	end := l.endingOf(address)
	well := end != nil && (end.outcome == run.Pass || end.outcome == run.Warn) && !end.undone
	switch {
	case end != nil && end.outcome == run.Skipped && !l.touch.Runs:
	case well && !l.touch.acts(l.step) && !l.goesOnWithin(address, end):
	case well && l.touch.acts(l.step) && (l.sendsTheSame(address) || l.readsTheSame(address)):
	default:
		if !well && l.step.Child != nil {
			l.goesOnWithin(address, end)
		}
		l.own = append(l.own, address)
		l.ran = l.ran || end != nil && (well || end.outcome == run.Skipped || l.touch.acts(l.step))
	}
}

// goesOnWithin reports whether something runs again in the runbook that the step runs, or that would give something else.
func (l *reach) goesOnWithin(address string, end *ending) bool {
	child := l.branch.below[address]
	if child == nil {
		return false
	}
	again := l.affected(child, l.touch.Within)
	l.within = append(l.within, again...)
	return len(again) > 0 || end != nil && l.touch.Outputs && !l.givesTheSame(child, end)
}

func (l *reach) endingOf(address string) *ending {
	if _, key, ok := l.branch.state.Find(address); ok {
		return l.branch.values.ending(l.step.Name, key)
	}
	return nil
}

// sameEach reports whether for_each surely gives the keys that it gave; what each.value is by now, the arguments tell.
func (l *reach) sameEach() bool {
	was, expanded := l.branch.values.keysOf(l.step.Name)
	if !expanded || l.step.ForEach == nil || l.branch.each[l.step.Name] != nil || l.furnish(l.branch) != nil {
		return false
	}
	now, why := l.branch.framesNow(l.step.Name)
	return why == "" && len(now) == len(was) && !slices.ContainsFunc(was, func(key string) bool {
		_, there := now[key]
		return !there
	})
}

// sendsTheSame reports whether a write surely would be sent as it was, as far as the files have something otherwise.
func (l *reach) sendsTheSame(address string) bool {
	w := l.branch.sent[sentKey(address, 0)]
	if w == nil || w.on.Lost() || w.action != l.step.Action || l.step.Child != nil {
		return false
	}
	r, x, err := l.Past.at(l.branch.prefix + address)
	if err != nil {
		return false
	}
	schema := l.step.Spec.Spec().Args()
	now, diags := object(r.scope, schema, l.step.Args, x.sends(), r.Secrets)
	was, err := openSent(r.Config, w, schema)
	target, more := r.configs.Target(l.step, x.sends())
	if target.Provider = w.on.Provider; err != nil || diags.HasErrors() || more.HasErrors() || !w.on.Same(target, r.Redact) {
		return false
	}
	return l.touch.Each && sameValue(was, now) || !l.touch.Each && !slices.ContainsFunc(l.touch.Arguments, func(name string) bool {
		a := schema.Attribute(name)
		return a == nil || !sameValue(a.OrDefault(was.GetAttr(name)), a.OrDefault(now.GetAttr(name)))
	})
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
	return ok && b.state.Began(own)
}

func sameValue(was, now cty.Value) bool {
	return now.IsWhollyKnown() && bytes.Equal(plainJSON(was), plainJSON(now))
}
