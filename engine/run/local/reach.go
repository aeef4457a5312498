package local

import (
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// reach works out what of a step runs again for what is otherwise about it.
type reach struct {
	*affected
	branch *branch
	step   *lang.Step
	touch  *Touch
	// own are addresses of the step or of its instances, in its runbook; within are those of steps of the runbook that it runs.
	own, within []string
	// ran says that something runs again that others may have seen.
	ran bool
	// all are the instances that the step has from now on, where its for_each is another; others says that it is to be expanded anew for that.
	all    *lang.Instances
	others bool
	// keys are these, and those that it had, by key.
	keys map[string]keyThen
}

// keyThen is an instance of a step whose for_each is another: whether that gives it, and what it sees as each then; whether the step had it, and it
// surely saw the same.
type keyThen struct {
	frame            lang.Frame
	given, had, same bool
}

func (l *reach) at() {
	parts := l.branch.state.Instances(l.step.Name)
	if len(parts) == 0 {
		parts = []string{l.step.Name}
	}
	all := l.touch.Whole || l.touch.Each && !l.seesEach()
	switch {
	case all:
		l.own = parts
		l.ran = slices.ContainsFunc(parts, func(a string) bool { return l.endingOf(a) != nil })
	case l.touch.Each:
		l.instances()
	default:
		for _, address := range parts {
			l.part(address)
		}
	}
	if len(l.own) == len(parts) && !l.others && (all || l.touch.acts(l.step)) {
		l.own = []string{l.step.Name} // which may have other instances then
	}
}

// seesEach works out what the instances of the step see as each; false: that can't be told, or it never came to any.
func (l *reach) seesEach() bool {
	b, name := l.branch, l.step.Name
	was, _ := b.values.keysOf(name)
	if !b.state.Expanded(name) || l.step.ForEach == nil || l.furnish(b) != nil {
		return false
	}
	all, why := b.instancesNow(name)
	if why != "" || b.secretKeys(l.step, all.Keys, l.cfg.shown) != "" {
		return false
	}
	l.all, l.keys = all, map[string]keyThen{}
	for i, key := range all.Keys {
		l.keys[key] = keyThen{frame: all.Frames[i], given: true}
	}
	then := l.framesBefore()
	for _, key := range was {
		before, known := then[key]
		k := l.keys[key]
		k.had = true
		k.same = known && k.given && before.EachLost == "" && before.EachValue.IsWhollyKnown() && sameValue(before.EachValue, k.frame.EachValue)
		l.keys[key] = k
	}
	return true
}

// framesBefore is what the instances saw as each, as the files were, by key, as far as that is known.
func (l *reach) framesBefore() map[string]lang.Frame {
	if l.former == nil {
		return nil
	}
	b, name, ok := l.former.find(l.branch.prefix + l.step.Name)
	if !ok || l.former.furnish(b) != nil {
		return nil
	}
	return b.values.framesByKey(name)
}

// instances looks at those that stay of a step whose for_each is another, at those that are new, and at those that had gone and are back.
func (l *reach) instances() {
	b, name := l.branch, l.step.Name
	was, _ := b.values.keysOf(name)
	isNew, gone := lacking(l.all.Keys, was), lacking(was, l.all.Keys)
	l.others = len(isNew)+len(gone) > 0 || b.each[name] != nil
	for _, key := range was {
		l.ran = l.ran || len(isNew)+len(gone) > 0 && l.endingOf(run.Address(name, key, true)) != nil
	}
	l.ran = l.ran || len(isNew) > 0 && len(was) == 0 && b.state.Outcome(name) != ""
	for _, key := range l.all.Keys {
		address := run.Address(name, key, true)
		switch {
		case !l.keys[key].had && b.values.goneEnding(name, key) == nil && b.below[address] == nil:
			l.own = append(l.own, address)
		case l.step.Child != nil && !l.givesTheSameRunbook(address, key):
			l.own, l.within = append(l.own, address), append(l.within, l.inside(b, address)...)
		default:
			l.part(address)
			if !l.keys[key].had {
				l.goesOnBack(address)
			}
		}
	}
}

// goesOnBack has what is left of the runbook of an instance that is back go on as that of one that did not end: nothing of it ran while it was gone.
func (l *reach) goesOnBack(address string) {
	child, end := l.branch.below[address], l.endingOf(address)
	if child == nil || end != nil && (end.outcome == run.Pass || end.outcome == run.Warn) {
		return
	}
	for _, again := range child.state.Again().Steps {
		if again = child.prefix + again; !slices.Contains(l.within, again) {
			l.within = append(l.within, again)
		}
	}
}

// givesTheSameRunbook reports whether what the runbook that an instance runs is given can be worked out as it is now: else it runs again as a whole.
func (l *reach) givesTheSameRunbook(address, key string) bool {
	k, below := l.keys[key], l.branch.below[address]
	if k.same {
		return true
	}
	if k.had || below == nil {
		return l.branch.each[l.step.Name] == nil // what was kept is what it was given
	}
	return below.called.EachKey != cty.NilVal && sameValue(below.called.EachValue, k.frame.EachValue)
}

// execution is a step, or an instance of it, as it would be carried out, with a runner that can evaluate what it refers to.
func (l *reach) execution(address string) (*runner, *execution, error) {
	key, keyed := l.keyOf(address)
	k := l.keys[key]
	if !keyed || !k.given {
		return l.Past.at(l.branch.prefix + address)
	}
	if err := l.furnish(l.branch); err != nil {
		return nil, nil, err
	}
	r := l.runnerOf(l.branch)
	return r, r.newExecution(l.step, 0, k.frame), nil
}

// keyOf is the key in the address of an instance.
func (l *reach) keyOf(address string) (key string, keyed bool) {
	quoted, keyed := strings.CutPrefix(address, l.step.Name+"[")
	if !keyed {
		return "", false
	}
	key, err := strconv.Unquote(strings.TrimSuffix(quoted, "]"))
	return key, err == nil
}

// part looks at one instance, or at a step without any.
func (l *reach) part(address string) {
	end := l.endingOf(address)
	_, _, there := l.branch.state.Find(address) // whether one that was undone runs again is told by that, see [run.State.Again]
	well := end != nil && (end.outcome == run.Pass || end.outcome == run.Warn) && (there || !end.undone)
	switch {
	case end != nil && end.outcome == run.Skipped && !l.touch.Runs && !l.decidedAnew(address):
	case well && !l.acts(address) && !l.goesOnWithin(address, end):
	case well && l.acts(address) && !l.otherConfig(address) && (l.sendsTheSame(address) || l.readsTheSame(address)):
	default:
		if !well && l.step.Child != nil {
			l.goesOnWithin(address, end)
		}
		l.own = append(l.own, address)
		l.ran = l.ran || end != nil && (well || end.outcome == run.Skipped || l.acts(address))
	}
}

// decidedAnew reports whether the when of an instance may come to something else, as it sees another each.
func (l *reach) decidedAnew(address string) bool {
	return l.touch.Each && refersTo(l.step.When, lang.RefEach) && !l.seesTheSame(address)
}

// acts reports whether an instance, or a step without any, may do something else than it did.
func (l *reach) acts(address string) bool {
	if l.seesTheSame(address) {
		return l.touch.Whole || len(l.touch.Arguments) > 0 || l.otherConfig(address)
	}
	return l.touch.acts(l.step) || l.otherConfig(address)
}

// otherConfig reports whether an instance may go through another configuration than it did: both are worked out with what is there now.
func (l *reach) otherConfig(address string) bool {
	if !l.touch.Config {
		return false
	}
	if l.former == nil {
		return true
	}
	r, x, err := l.execution(address)
	before, y, lost := l.former.at(l.branch.prefix + address)
	return err != nil || lost != nil || !r.configs.same(x.step, x.sends(), before.configs, y.step, y.sends())
}

// seesTheSame reports whether an instance of a step whose for_each is another surely sees as each what it saw.
func (l *reach) seesTheSame(address string) bool {
	key, keyed := l.keyOf(address)
	return keyed && l.keys[key].same
}

// goesOnWithin reports whether something runs again in the runbook that the step runs, or that would give something else.
func (l *reach) goesOnWithin(address string, end *ending) bool {
	child := l.branch.below[address]
	if child == nil {
		return false
	}
	within := l.touch.Within
	if l.seesTheSame(address) {
		within = l.touch.Kept
	}
	again := l.in(child, within.Touched)
	l.within = append(l.within, again...)
	return len(again) > 0 || end != nil && within.Outputs && !l.givesTheSame(child, end)
}

func (l *reach) endingOf(address string) *ending {
	if _, at, ok := l.branch.state.Find(address); ok {
		return l.branch.values.ending(l.step.Name, at)
	}
	key, _ := l.keyOf(address)
	return l.branch.values.goneEnding(l.step.Name, key)
}

// sendsTheSame reports whether a write surely would be sent as it was, as far as the files have something otherwise.
func (l *reach) sendsTheSame(address string) bool {
	w := l.branch.sent[sentKey(address, 0)]
	if w == nil || w.on.Lost() || w.action != l.step.Action || l.step.Child != nil {
		return false
	}
	r, x, err := l.execution(address)
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
