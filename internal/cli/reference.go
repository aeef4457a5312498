package cli

import (
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/internal/term"
)

// actionJSON is what `providers show ACTION --json` prints.
type actionJSON struct {
	Name         string          `json:"name"`
	Doc          string          `json:"doc"`
	Effect       string          `json:"effect"`
	NeedsTimeout bool            `json:"needs_timeout,omitempty"`
	Supported    bool            `json:"supported"`
	ExactlyOne   [][]string      `json:"exactly_one,omitempty"`
	AtMostOne    [][]string      `json:"at_most_one,omitempty"`
	Arguments    []attributeJSON `json:"arguments"`
	Results      []attributeJSON `json:"results"`
}

type configJSON struct {
	Provider string          `json:"provider"`
	Doc      string          `json:"doc"`
	Config   []attributeJSON `json:"config"`
}

type attributeJSON struct {
	Name      string `json:"name"`
	Doc       string `json:"doc,omitempty"`
	Type      string `json:"type"`
	Unit      string `json:"unit,omitempty"`
	Required  bool   `json:"required,omitempty"`
	Sensitive bool   `json:"sensitive,omitempty"`
	// Public is true where a sensitive value is refused.
	Public     bool            `json:"public,omitempty"`
	Default    string          `json:"default,omitempty"`
	OneOf      []string        `json:"one_of,omitempty"`
	Attributes []attributeJSON `json:"attributes,omitempty"`
}

func newActionJSON(s *provider.Spec) actionJSON {
	return actionJSON{
		Name: s.Name, Doc: s.Doc, Effect: s.Effect.String(), NeedsTimeout: s.NeedsTimeout, Supported: s.Supported,
		ExactlyOne: s.ExactlyOne, AtMostOne: s.AtMostOne,
		Arguments: attributesJSON(s.Args()), Results: attributesJSON(s.Results()),
	}
}

func attributesJSON(o *provider.Object) []attributeJSON {
	all := []attributeJSON{}
	if o == nil {
		return all
	}
	for _, a := range o.Attributes {
		one := attributeJSON{
			Name: a.Name, Doc: a.Doc, Type: TypeName(a), Unit: a.Unit, Required: a.Required, Sensitive: a.Sensitive,
			Default: a.Default, OneOf: a.OneOf, Public: a.Public != "",
		}
		if a.Fields != nil {
			one.Attributes = attributesJSON(a.Fields)
		}
		all = append(all, one)
	}
	return all
}

// TypeName names an attribute's type for the reference: "string", "list of object", "any", "duration".
func TypeName(a provider.Attribute) string {
	t := a.Type
	switch {
	case a.Duration:
		return "duration"
	case t.IsObjectType():
		return "object"
	case t.IsListType() && t.ElementType().IsObjectType():
		return "list of object"
	case t.IsMapType() && t.ElementType().IsObjectType():
		return "map of object"
	}
	return strings.Replace(t.FriendlyName(), "dynamic", "any", 1)
}

// EffectText says an action's effect and who or what decides it.
func EffectText(s *provider.Spec) string {
	text := EffectRange(s)
	if names := s.EffectArgs(); len(names) > 0 {
		text += ", depending on " + strings.Join(names, ", ")
	}
	if s.AuthorStatesEffect {
		text += ", unless the step states its effect"
	}
	return text
}

// EffectRange is an action's effect, or the least and the worst where its arguments decide.
func EffectRange(s *provider.Spec) string {
	least, ok := s.FixedEffect(func(string) bool { return false })
	if ok && least != s.Effect {
		return least.String() + " to " + s.Effect.String()
	}
	return s.Effect.String()
}

// Rules are what an action demands beyond the types of its arguments, a sentence each.
func Rules(s *provider.Spec) []string {
	var rules []string
	for _, group := range s.ExactlyOne {
		rules = append(rules, "Exactly one of "+strings.Join(group, ", ")+" must be set.")
	}
	for _, group := range s.AtMostOne {
		rules = append(rules, "At most one of "+strings.Join(group, ", ")+" may be set.")
	}
	if s.NeedsTimeout {
		rules = append(rules, "The step must state a timeout.")
	}
	if !s.Supported {
		rules = append(rules, "This version can't run it yet.")
	}
	return rules
}

func actionLines(s *provider.Spec, palette term.Palette) []string {
	lines := []string{palette.Strong(s.Name) + "  " + s.Doc, "", "effect: " + EffectText(s)}
	lines = append(lines, Rules(s)...)
	lines = append(lines, "", palette.Strong("arguments"))
	lines = append(lines, attributeLines(s.Args())...)
	lines = append(lines, "", palette.Strong("results"))
	return append(lines, attributeLines(s.Results())...)
}

func configLines(p *provider.Provider, palette term.Palette) []string {
	lines := []string{palette.Strong(p.Name) + "  " + p.Doc, "", palette.Strong("configuration")}
	return append(lines, attributeLines(p.Config())...)
}

func attributeLines(o *provider.Object) []string {
	rows := attributeRows(o, "  ")
	if len(rows) == 0 {
		return []string{"  (none)"}
	}
	return table(rows)
}

// attributeRows are an object's attributes, those of nested objects indented below.
func attributeRows(o *provider.Object, indent string) [][]string {
	var rows [][]string
	for _, a := range o.Attributes {
		rows = append(rows, []string{indent + a.Name, TypeName(a), AttributeNote(a)})
		if a.Fields != nil {
			rows = append(rows, attributeRows(a.Fields, indent+"  ")...)
		}
	}
	return rows
}

// AttributeNote is an attribute's one-line description with what else is to be known of it.
func AttributeNote(a provider.Attribute) string {
	var notes []string
	if a.Required {
		notes = append(notes, "required")
	}
	if a.Default != "" {
		notes = append(notes, "default "+a.Default)
	}
	if len(a.OneOf) > 0 {
		notes = append(notes, "one of "+strings.Join(a.OneOf, ", "))
	}
	if a.Sensitive {
		notes = append(notes, "sensitive")
	}
	if a.Public != "" {
		notes = append(notes, "no sensitive value: "+a.Public)
	}
	if len(notes) == 0 {
		return a.Doc
	}
	return strings.TrimSpace(fmt.Sprintf("%s (%s)", a.Doc, strings.Join(notes, "; ")))
}
