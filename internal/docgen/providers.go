package main

import (
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/internal/cli"
)

// catalogue lists all providers with their actions.
func catalogue(registry *provider.Registry) []byte {
	p := newPage("Providers")
	for _, one := range registry.Providers() {
		p.line("## [%s](%s.md)", one.Name, one.Name)
		p.line(one.Doc)
		p.table([]string{"action", "effect", "what it does"}, actionRows(one))
	}
	return p.bytes()
}

func actionRows(one *provider.Provider) [][]string {
	var rows [][]string
	for _, a := range one.Actions {
		s := a.Spec()
		doc := s.Doc
		if !s.Supported {
			doc += " Not in this version yet."
		}
		rows = append(rows, []string{fmt.Sprintf("[`%s`](%s.md#%s)", s.Name, one.Name, s.Name), cli.EffectRange(s), doc})
	}
	return rows
}

// providerPage is one provider's reference.
func providerPage(one *provider.Provider) []byte {
	p := newPage(one.Name)
	p.line(one.Doc)
	p.line("## Configuration")
	if one.NeedsTarget {
		p.line("A step that writes needs a `provider %q` block that names its target: %s. What is found in the surroundings is for reads.", one.Name, one.Unnamed(one.Config().Null()))
	}
	attributes(p, one.Config(), "A provider block of its own takes nothing.")
	p.line("## Actions")
	p.table([]string{"action", "effect", "what it does"}, actionRows(one))
	for _, a := range one.Actions {
		actionSection(p, a.Spec())
	}
	return p.bytes()
}

func actionSection(p *page, s *provider.Spec) {
	p.line("## %s", s.Name)
	p.line(s.Doc)
	p.line("Effect: %s.", cli.EffectText(s))
	if rules := cli.Rules(s); len(rules) > 0 {
		p.line(strings.Join(rules, " "))
	}
	p.line("### Arguments")
	attributes(p, s.Args(), "It takes no arguments.")
	p.line("### Results")
	attributes(p, s.Results(), "It gives no results.")
}

func attributes(p *page, o *provider.Object, none string) {
	rows := attributeRows(o, "")
	if len(rows) == 0 {
		p.line(none)
		return
	}
	p.table([]string{"name", "type", "description"}, rows)
}

// attributeRows names nested attributes by their path: pods[].containers[].image.
func attributeRows(o *provider.Object, prefix string) [][]string {
	var rows [][]string
	for _, a := range o.Attributes {
		name := fmt.Sprintf("`%s%s`", prefix, a.Name)
		if a.Required {
			name = "**" + name + "**"
		}
		rows = append(rows, []string{name, cli.TypeName(a), cli.AttributeNote(a)})
		if a.Fields == nil {
			continue
		}
		path := prefix + a.Name + "."
		switch {
		case a.Type.IsListType():
			path = prefix + a.Name + "[]."
		case a.Type.IsMapType():
			path = prefix + a.Name + "{}."
		}
		rows = append(rows, attributeRows(a.Fields, path)...)
	}
	return rows
}
