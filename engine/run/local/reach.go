package local

import (
	"maps"
	"slices"

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
	// keys are those of the instances that the step has from now on, where its for_each is to be evaluated anew; nil: it is not, or all run again.
	keys []string
	// now is what instances see as each, by key, and same says of which surely that is what they saw: where for_each is another.
	now  map[string]lang.Frame
	same map[string]bool
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
	if len(l.own) == len(parts) && l.keys == nil && (all || l.touch.acts(l.step)) {
		l.own = []string{l.step.Name} // which may have other instances then
	}
}

// seesEach works out what the instances of the step see as each; false: that can't be told, or it has none yet.
func (l *reach) seesEach() bool {
	b, name := l.branch, l.step.Name
	was, expanded := b.values.keysOf(name)
	if !expanded || len(was) == 0 || l.step.ForEach == nil || l.furnish(b) != nil {
		return false
	}
	now, why := b.framesNow(name)
	if why != "" || len(now) == 0 || b.secretKeys(l.step, slices.Sorted(maps.Keys(now)), l.cfg.shown) != "" {
		return false
	}
	l.now, l.same = now, map[string]bool{}
	for _, key := range was {
		before, there := l.frameBefore(key)
		frame, stays := now[key]
		l.same[key] = there && stays && before.EachLost == "" && before.EachValue.IsWhollyKnown() && sameValue(before.EachValue, frame.EachValue)
		if stays && !l.same[key] && b.each[name] != nil && l.step.Child != nil {
			return false // its runbook was given what was kept
		}
	}
	return true
}

// frameBefore is what an instance saw as each, as the files were; false: that is not known.
func (l *reach) frameBefore(key string) (lang.Frame, bool) {
	if l.former == nil {
		return lang.Frame{}, false
	}
	b, name, ok := l.former.find(l.branch.prefix + l.step.Name)
	if !ok || l.former.furnish(b) != nil {
		return lang.Frame{}, false
	}
	return b.values.instance(name, key)
}

// instances looks at those that stay of a step whose for_each is another, and at those that are new.
func (l *reach) instances() {
	b, name := l.branch, l.step.Name
	was, _ := b.values.keysOf(name)
	is := slices.Sorted(maps.Keys(l.now))
	isNew, gone := lacking(is, was), lacking(was, is)
	if len(isNew)+len(gone) > 0 || b.each[name] != nil {
		l.keys = is
	}
	for _, key := range was {
		l.ran = l.ran || len(isNew)+len(gone) > 0 && l.endingOf(run.Address(name, key, true)) != nil
	}
	b.values.reframe(name, func(keys []string) []lang.Frame {
		frames := make([]lang.Frame, len(keys))
		for i, key := range keys {
			frame, stays := l.now[key]
			if !stays {
				frame, _ = b.values.instance(name, key)
			}
			frames[i] = frame
		}
		return frames
	})
	for _, key := range is {
		address := run.Address(name, key, true)
		if _, had := l.same[key]; had {
			l.part(address)
		} else {
			l.own = append(l.own, address)
		}
	}
}

// part looks at one instance, or at a step without any.
func (l *reach) part(address string) {
	end := l.endingOf(address)
	well := end != nil && (end.outcome == run.Pass || end.outcome == run.Warn) && !end.undone
	switch {
	case end != nil && end.outcome == run.Skipped && !l.touch.Runs && !l.decidedAnew(address):
	case well && !l.acts(address) && !l.goesOnWithin(address, end):
	case well && l.acts(address) && (l.sendsTheSame(address) || l.readsTheSame(address)):
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
		return l.touch.Whole || len(l.touch.Arguments) > 0
	}
	return l.touch.acts(l.step)
}

// seesTheSame reports whether an instance of a step whose for_each is another surely sees as each what it saw.
func (l *reach) seesTheSame(address string) bool {
	_, key, ok := l.branch.state.Find(address)
	return ok && key >= 0 && l.same[l.branch.values.key(l.step.Name, key)]
}

// goesOnWithin reports whether something runs again in the runbook that the step runs, or that would give something else.
func (l *reach) goesOnWithin(address string, end *ending) bool {
	child := l.branch.below[address]
	if child == nil {
		return false
	}
	again := l.in(child, l.touch.Within)
	l.within = append(l.within, again...)
	return len(again) > 0 || end != nil && l.touch.Outputs && !l.givesTheSame(child, end)
}

func (l *reach) endingOf(address string) *ending {
	if _, key, ok := l.branch.state.Find(address); ok {
		return l.branch.values.ending(l.step.Name, key)
	}
	return nil
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
