package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

var environmentRules = &rules[Environment]{
	what:  "an environment block",
	attrs: map[string]func(*decoder, *Environment, *attribute){"variables": decodeEnvironmentVariables},
	blocks: map[string]blockRule[Environment]{
		"policy": {once: true, decode: func(d *decoder, e *Environment, b *block) { e.Policy = decodePolicy(d, b) }},
	},
}

func decodeEnvironment(d *decoder, r *Runbook, b *block) {
	e := &Environment{Name: b.labels[0], Variables: map[string]*Attr{}, Range: b.rng}
	d.identifier(b.labelRngs[0], "environment", e.Name)
	decodeBody(d, environmentRules, b.body, b.rng, e, nil)
	if first := r.Environments[e.Name]; first != nil {
		d.duplicate(b.rng, "environment", e.Name, first.Range)
		return
	}
	r.Environments[e.Name] = e
}

// decodeEnvironmentVariables keeps each value by itself, so that a wrong one is reported in its own place.
func decodeEnvironmentVariables(d *decoder, e *Environment, a *attribute) {
	pairs, diags := hcl.ExprMap(a.raw)
	if diags.HasErrors() {
		d.errorAt(a.raw.Range(), "Wrong type", "variables is a map that is written out: { name = value }.")
		return
	}
	for _, pair := range pairs {
		key, diags := pair.Key.Value(nil)
		if diags.HasErrors() || key.IsNull() || !key.IsKnown() || key.Type() != cty.String {
			d.errorAt(pair.Key.Range(), "Not a name", "Write the name of a variable as it is: { replicas = 3 }.")
			continue
		}
		name := key.AsString()
		if first := e.Variables[name]; first != nil {
			d.duplicate(pair.Key.Range(), "variable", name, first.NameRange)
			continue
		}
		value := &attribute{name: name, raw: pair.Value, rng: hcl.RangeBetween(pair.Key.Range(), pair.Value.Range()), nameRng: pair.Key.Range()}
		attr := d.attr(value)
		if len(attr.Expr.Refs) > 0 || attr.Expr.Calls() {
			d.errorAt(attr.Expr.Range(), "Not a constant", "The variables of an environment are read before anything is evaluated, so they can't refer to other things.")
			continue
		}
		e.Variables[name] = attr
	}
}

var policyRules = &rules[Policy]{
	what: "a policy block",
	attrs: map[string]func(*decoder, *Policy, *attribute){
		"effects":   noteFault(func(d *decoder, p *Policy, a *attribute) { p.Effects, p.EffectsRange = d.effects(a), a.rng }),
		"approve":   noteFault(func(d *decoder, p *Policy, a *attribute) { p.Approve, p.ApproveRange = d.effects(a), a.rng }),
		"providers": noteFault(func(d *decoder, p *Policy, a *attribute) { p.Providers, p.ProvidersRange = d.providers(a), a.rng }),
		"commands":  noteFault(func(d *decoder, p *Policy, a *attribute) { p.Commands, p.CommandsRange = d.allowed(a), a.rng }),
	},
}

// noteFault reads an attribute of a policy, and notes that it has an error.
func noteFault(read func(*decoder, *Policy, *attribute)) func(*decoder, *Policy, *attribute) {
	return func(d *decoder, p *Policy, a *attribute) {
		before := len(d.diags)
		read(d, p, a)
		if d.diags[before:].HasErrors() {
			p.Faulty = append(p.Faulty, a.name)
		}
	}
}

func decodePolicy(d *decoder, b *block) *Policy {
	p := &Policy{Range: b.rng}
	decodeBody(d, policyRules, b.body, b.rng, p, nil)
	return p
}

// allowed reads a list of what a policy allows: nil where it is not written, and never where it is, so that a list that
// could not be read allows nothing.
func (d *decoder) allowed(a *attribute) []string {
	if texts := d.texts(a); texts != nil {
		return texts
	}
	if v, diags := a.raw.Value(nil); !diags.HasErrors() && v.IsNull() {
		return nil
	}
	return []string{}
}

func (d *decoder) effects(a *attribute) []provider.Effect {
	texts := d.allowed(a)
	if texts == nil {
		return nil
	}
	effects := make([]provider.Effect, 0, len(texts))
	for _, text := range texts {
		effect, err := provider.ParseEffect(text)
		if err != nil {
			d.errorAt(a.raw.Range(), "Not one of the choices", "%s has %q%s An effect is \"read\", \"write\" or \"destructive\".", a.name, text,
				DidYouMean(text, effectNames()))
			continue
		}
		effects = append(effects, effect)
	}
	return effects
}

func effectNames() []string {
	return []string{provider.Read.String(), provider.Write.String(), provider.Destructive.String()}
}

func (d *decoder) providers(a *attribute) []string {
	names := d.allowed(a)
	if d.registry == nil {
		return names
	}
	for _, name := range names {
		if d.registry.Provider(name) == nil {
			d.unknownProvider(a.raw.Range(), name)
		}
	}
	return names
}
