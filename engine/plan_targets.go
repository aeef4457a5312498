package engine

import (
	"cmp"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// instances evaluates for_each where no step's result is needed for it: the keys in order and what each instance sees.
// They are nil where only a run knows, which also says what is wrong, should it come to it.
func (p *planner) instances(s *lang.Step) (keys []string, each []lang.Frame) {
	v, diags := p.plan.scope.Value(s.ForEach, lang.Frame{})
	if diags.HasErrors() || v.IsMarked() || v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return nil, nil
	}
	each = make([]lang.Frame, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		k, value := it.Element()
		if v.Type().IsSetType() {
			k = value
		}
		if !k.IsKnown() || k.IsNull() || k.Type() != cty.String {
			return nil, nil
		}
		each = append(each, lang.Frame{EachKey: k, EachValue: value})
	}
	slices.SortFunc(each, func(a, b lang.Frame) int { return cmp.Compare(a.EachKey.AsString(), b.EachKey.AsString()) })
	for _, one := range each {
		keys = append(keys, one.EachKey.AsString())
	}
	return keys, each
}

// anyInstance is what all instances of a step have in common.
func anyInstance(s *lang.Step) lang.Frame {
	if s.ForEach == nil {
		return lang.Frame{}
	}
	return lang.Frame{EachKey: cty.UnknownVal(cty.String), EachValue: cty.DynamicVal}
}

// mostTargets bounds how many instances of a step are looked at for targets that only their arguments name.
const mostTargets = 100

// findTargets names the systems that a step talks to and keeps them for the header. args is what is known of the
// arguments of all instances.
func (p *planner) findTargets(s *lang.Step, out *PlannedStep, args cty.Value, instances []lang.Frame) {
	target, diags := p.plan.configs.Target(s, anyInstance(s))
	out.Target = s.Spec.Spec().Target(args)
	if diags.HasErrors() {
		// What is unknown before a run is no mistake; a run reads it, and then it is.
		if p.plan.Options.Apply && s.ForEach == nil {
			p.diags = append(p.diags, diags...)
		}
		out.Provider = graph.Configuration(s)
	} else {
		out.Provider = target.Provider
		out.Target = cmp.Or(out.Target, target.Target)
		p.keep(run.Target{Provider: out.Provider, Target: out.Target})
	}
	keyed := s.ProviderRef != nil && s.ProviderRef.Key != nil
	if !keyed && len(instances) > mostTargets {
		return
	}
	for _, each := range instances {
		target, diags := p.plan.configs.Target(s, each)
		if diags.HasErrors() {
			continue // the instance's error tells it
		}
		named := s.Spec.Spec().Target(p.known(s, each))
		p.keep(run.Target{Provider: target.Provider, Target: cmp.Or(named, target.Target)})
	}
}

func (p *planner) keep(target run.Target) {
	if target.Target == "" || p.seen[target] {
		return
	}
	if p.seen == nil {
		p.seen = map[run.Target]bool{}
	}
	p.seen[target] = true
	p.targets = append(p.targets, target)
}
