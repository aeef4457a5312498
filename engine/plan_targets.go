package engine

import (
	"cmp"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// instances evaluates for_each where no step's result is needed for it: the keys in order and what each instance sees.
// They are nil where only a run knows, which also says what is wrong, should it come to it.
func (p *planner) instances(s *lang.Step) (keys []string, each []lang.Frame) {
	all, diags := p.plan.scope.Instances(s.ForEach, lang.Frame{})
	if diags.HasErrors() {
		return nil, nil
	}
	return all.Keys, all.Frames
}

// mostTargets bounds how many instances of a step are looked at for targets that only their arguments name.
const mostTargets = 100

// findTargets names the systems that a step talks to and keeps them for the header. args is what is known of the
// arguments of all instances.
func (p *planner) findTargets(s *lang.Step, out *PlannedStep, args cty.Value, instances []lang.Frame) {
	target, machine, diags := beforehand(p.plan.configs, s, local.AnyInstance(s))
	out.Target = s.Spec.Spec().Target(args)
	if diags.HasErrors() {
		// What is unknown before a run is no mistake; a run reads it, and then it is.
		if p.plan.Options.Apply && s.ForEach == nil && !local.NotForeseen(diags) {
			p.diags = append(p.diags, ofConfig(diags, s)...)
		}
		out.Provider = graph.Configuration(s)
	} else {
		out.Provider, out.machine = target.Provider, machine
		p.keep(endpointOr(out.Target, target))
		out.Target = cmp.Or(out.Target, local.ShownTarget(p.plan.scope, s, target, local.AnyInstance(s)))
		p.keepPlace(p.plan.scope, s, target, local.AnyInstance(s))
	}
	keyed := s.ProviderRef != nil && s.ProviderRef.Key != nil
	if !keyed && len(instances) > mostTargets {
		return
	}
	for _, each := range instances {
		target, _, diags := beforehand(p.plan.configs, s, each)
		if diags.HasErrors() {
			continue // the instance's error tells it
		}
		p.keep(endpointOr(s.Spec.Spec().Target(p.known(s, each)), target))
		p.keepPlace(p.plan.scope, s, target, each)
	}
}

// beforehand is the system of a configuration as a session that begins is held to it: not to the machine on which it runs, which it gives
// apart.
func beforehand(configs *local.Configs, s *lang.Step, frame lang.Frame) (t run.Target, machine string, diags hcl.Diagnostics) {
	t, diags = configs.Target(s, frame)
	if t.Here {
		return run.Target{Provider: t.Provider}, t.Place, diags
	}
	return t, "", diags
}

// endpointOr is the endpoint that arguments name, or else the system of the configuration.
func endpointOr(endpoint string, config run.Target) run.Target {
	if endpoint == "" {
		return config
	}
	at := run.Target{Provider: config.Provider, Target: endpoint}
	if _, within := config.Within(); within != "" {
		at.Place, at.Short = endpoint+within, endpoint
	}
	return at
}

// keepPlace keeps where the arguments of a step, or of an undo, have it act, if they say so by what they read of the environment: no
// session may find another there. Files may change by what the run does, and the clock does by itself.
func (p *planner) keepPlace(scope *lang.Scope, s *lang.Step, config run.Target, frame lang.Frame) {
	reads := false
	for _, name := range s.Spec.Spec().PlaceArgs() {
		attr := s.Args[name]
		if attr == nil {
			continue
		}
		around := scope.Runbook.Surroundings(attr.Expr)
		if around.Files || around.Clock {
			return
		}
		reads = reads || around.Environment
	}
	if !reads {
		return
	}
	args, ok := local.PlaceArgs(scope, s, frame)
	if !ok {
		return
	}
	local.TellSecrets(args, p.plan.Options.Secrets)
	at := local.Placed(s, config, args)
	if p.seenPlaces == nil {
		p.seenPlaces = map[run.Target]bool{}
	}
	if !p.seenPlaces[at] {
		p.seenPlaces[at] = true
		p.places = append(p.places, at)
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
