package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

var providerRules = &rules[ProviderConfig]{
	what: "a provider block",
	attrs: map[string]func(*decoder, *ProviderConfig, *attribute){
		"alias": func(d *decoder, p *ProviderConfig, a *attribute) {
			if p.Alias = d.text(a); p.Alias != "" {
				d.identifier(a.raw.Range(), "provider configuration", p.Alias)
			}
		},
		"for_each":     func(d *decoder, p *ProviderConfig, a *attribute) { p.ForEach = d.expr(a) },
		"max_parallel": func(d *decoder, p *ProviderConfig, a *attribute) { p.MaxParallel = d.count(a, 1, 0) },
	},
}

func decodeProvider(d *decoder, r *Runbook, b *block) {
	p := &ProviderConfig{Provider: b.labels[0], Config: map[string]*Attr{}, Dir: d.dir, Range: b.rng}
	more := &extra{
		owner: "provider \"" + p.Provider + "\"",
		take:  func(a *attribute) { p.Config[a.name] = d.attr(a) },
	}
	if d.registry != nil {
		if p.Schema = d.registry.Provider(p.Provider); p.Schema != nil {
			more.schema = p.Schema.Config()
		} else {
			d.unknownProvider(b.labelRngs[0], p.Provider)
		}
	}
	decodeBody(d, providerRules, b.body, b.rng, p, more)
	if p.Alias != "" && p.ForEach != nil {
		d.errorAt(p.ForEach.Range(), "Alias and for_each", "A provider block with for_each is named by its keys (provider.%s[\"key\"]), so it has no alias.", p.Provider)
	}
	key := [2]string{p.Provider, p.Alias}
	if first, dup := d.configs[key]; dup {
		if p.Alias == "" {
			d.errorAt(b.rng, "Duplicate provider", "There is a configuration of provider %q without an alias at %s already; give one of them an alias.", p.Provider, place(first))
		} else {
			d.errorAt(b.rng, "Duplicate provider", "There is a configuration of provider %q with the alias %q at %s already; aliases must differ.", p.Provider, p.Alias, place(first))
		}
		return
	}
	d.configs[key] = b.rng
	r.Providers = append(r.Providers, p)
}

func (d *decoder) unknownProvider(at hcl.Range, name string) {
	var known []string
	for _, p := range d.registry.Providers() {
		known = append(known, p.Name)
	}
	d.errorAt(at, "Unknown provider", "There is no provider %q%s The providers are: %s.", name, DidYouMean(name, known), listed(known))
}

// providerRef reads `provider.kubernetes`, `provider.kubernetes.eu` or `provider.kubernetes[each.key]`. The first parts
// are static and the key is evaluated, so this is no absolute traversal of HCL's.
func (d *decoder) providerRef(a *attribute) *ProviderRef {
	e := d.expr(a)
	ref := &ProviderRef{Range: e.Range()}
	expr := e.Expression
	if text, at, ok := jsonString(a.raw); ok {
		parsed, diags := parseExpression([]byte(text), at)
		if diags.HasErrors() {
			d.diags = append(d.diags, diags...)
			return nil
		}
		e = newExpr(parsed, text, at.Start.Byte)
		expr = parsed
	}
	if index, ok := expr.(*hclsyntax.IndexExpr); ok {
		ref.Key = e.part(index.Key)
		expr = index.Collection
	}
	scope, ok := expr.(*hclsyntax.ScopeTraversalExpr)
	if ok && scope.Traversal.RootName() == "provider" && ref.read(scope) {
		return ref
	}
	d.errorAt(a.raw.Range(), "Not a provider", "Name a provider configuration: provider.kubernetes, provider.kubernetes.eu (its alias) or provider.kubernetes[each.key] (a key of its for_each).")
	return nil
}

// read fills the static parts of the reference.
func (ref *ProviderRef) read(scope *hclsyntax.ScopeTraversalExpr) bool {
	rest := scope.Traversal[1:]
	if len(rest) == 0 || len(rest) > 2 {
		return false
	}
	name, ok := rest[0].(hcl.TraverseAttr)
	if !ok {
		return false
	}
	ref.Provider = name.Name
	if len(rest) == 1 {
		return true
	}
	if ref.Key != nil {
		return false
	}
	switch step := rest[1].(type) {
	case hcl.TraverseAttr:
		ref.Alias = step.Name
	case hcl.TraverseIndex:
		if step.Key.Type() != cty.String {
			return false
		}
		ref.Key = newExpr(&hclsyntax.LiteralValueExpr{Val: step.Key, SrcRange: step.SrcRange}, step.Key.AsString(), step.SrcRange.Start.Byte)
	default:
		return false
	}
	return true
}
