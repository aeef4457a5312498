package provider

import "strings"

// Registry is the set of providers that a program knows. It is built once, by value, and never changes.
type Registry struct {
	providers []*Provider
	byName    map[string]*Provider
}

// NewRegistry makes a registry; a provider named twice is a programming error and panics.
func NewRegistry(providers ...*Provider) *Registry {
	r := &Registry{providers: providers, byName: make(map[string]*Provider, len(providers))}
	for _, p := range providers {
		if r.byName[p.Name] != nil {
			panic("provider: two providers are named " + p.Name)
		}
		r.byName[p.Name] = p
	}
	return r
}

// Providers lists them in the order given to [NewRegistry].
func (r *Registry) Providers() []*Provider { return r.providers }

// Provider finds a provider by name; nil where there is none.
func (r *Registry) Provider(name string) *Provider { return r.byName[name] }

// Action finds an action by its full name and the provider that has it. Both are nil where the provider, which is the
// part before the first underscore, is unknown; the action alone is nil where the provider has no such action.
func (r *Registry) Action(name string) (*Provider, Action) {
	prefix, _, _ := strings.Cut(name, "_")
	p := r.byName[prefix]
	if p == nil {
		return nil, nil
	}
	return p, p.Action(name)
}
