package validate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
)

// kind is how one kind of reference is looked up.
type kind struct {
	// noun is what its names are, for messages.
	noun string
	// names lists what there is.
	names func(*checker) []string
	// value gives what a name stands for; ok is false where there is none.
	value func(c *checker, name string, p *place) (cty.Value, bool)
}

// named finds the kind of a first word that has a name behind it.
func named(root lang.RefKind) (kind, bool) {
	switch root {
	case lang.RefVar:
		return kind{"variable", func(c *checker) []string { return slices.Collect(maps.Keys(c.rb.Variables)) }, variableValue}, true
	case lang.RefLocal:
		return kind{"local", func(c *checker) []string { return slices.Collect(maps.Keys(c.rb.Locals)) }, localValue}, true
	case lang.RefStep:
		return kind{"step", stepNames, stepValue}, true
	case lang.RefContact:
		return kind{"contact", func(c *checker) []string { return slices.Collect(maps.Keys(c.rb.Contacts)) }, contactValue}, true
	case lang.RefEscalation:
		return kind{"escalation", func(c *checker) []string { return slices.Collect(maps.Keys(c.rb.Escalations)) }, escalationValue}, true
	case lang.RefRun:
		return kind{"attribute", fixedNames(runAttributes), fixedValue(runAttributes)}, true
	case lang.RefRunbook:
		return kind{"attribute", fixedNames(runbookAttributes), fixedValue(runbookAttributes)}, true
	}
	return kind{}, false
}

var (
	runAttributes     = map[string]cty.Type{"id": cty.String, "started_at": cty.String, "environment": cty.String}
	runbookAttributes = map[string]cty.Type{"name": cty.String, "dir": cty.String}
)

func fixedNames(types map[string]cty.Type) func(*checker) []string {
	return func(*checker) []string { return slices.Collect(maps.Keys(types)) }
}

func fixedValue(types map[string]cty.Type) func(*checker, string, *place) (cty.Value, bool) {
	return func(_ *checker, name string, _ *place) (cty.Value, bool) {
		t, ok := types[name]
		return cty.UnknownVal(t), ok
	}
}

func stepNames(c *checker) []string {
	names := make([]string, len(c.rb.Steps))
	for i, s := range c.rb.Steps {
		names[i] = s.Name
	}
	return names
}

func stepValue(c *checker, name string, _ *place) (cty.Value, bool) {
	s := c.steps[name]
	if s == nil {
		return cty.NilVal, false
	}
	return c.step(s), true
}

func variableValue(c *checker, name string, p *place) (cty.Value, bool) {
	v := c.rb.Variables[name]
	if v == nil {
		return cty.NilVal, false
	}
	if known, ok := p.variables[name]; ok {
		return known, true
	}
	return cty.UnknownVal(v.Type.WithoutOptionalAttributesDeep()), true
}

func localValue(c *checker, name string, _ *place) (cty.Value, bool) {
	l := c.rb.Locals[name]
	if l == nil {
		return cty.NilVal, false
	}
	return c.typed(l.Value, localPlace), true
}

func contactValue(c *checker, name string, _ *place) (cty.Value, bool) {
	return cty.UnknownVal(contactType), c.rb.Contacts[name] != nil
}

func escalationValue(c *checker, name string, _ *place) (cty.Value, bool) {
	e := c.rb.Escalations[name]
	if e == nil {
		return cty.NilVal, false
	}
	return cty.UnknownVal(escalationType(e)), true
}

// namesOf lists the names of a kind, sorted.
func (c *checker) namesOf(k lang.RefKind) []string {
	names, ok := c.names[k]
	if !ok {
		kind, _ := named(k)
		names = kind.names(c)
		slices.Sort(names)
		c.names[k] = names
	}
	return names
}

func (c *checker) orNear(k lang.RefKind, name string) string { return nearOrAll(name, c.namesOf(k)) }

// nearOrAll ends the sentence that says that a name is not there.
func nearOrAll(name string, names []string) string {
	const few = 8
	if near := lang.Suggest(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	if len(names) == 0 || len(names) > few {
		return "."
	}
	names = slices.Sorted(slices.Values(names))
	return "; there is " + strings.Join(names, ", ") + "."
}

func (c *checker) example(k lang.RefKind) string {
	if names := c.namesOf(k); len(names) > 0 {
		return names[0]
	}
	return "name"
}

// reachedStep is the first reference to a step that a local leads to; nil where it leads to none.
func (c *checker) reachedStep(name string) *lang.Ref {
	if found, ok := c.reaches[name]; ok {
		return found
	}
	c.reaches[name] = nil
	local := c.rb.Locals[name]
	if local == nil || local.Value == nil {
		return nil
	}
	for i := range local.Value.Refs {
		ref := &local.Value.Refs[i]
		found := (*lang.Ref)(nil)
		switch ref.Kind {
		case lang.RefStep:
			found = ref
		case lang.RefLocal:
			found = c.reachedStep(ref.Name)
		}
		if found != nil {
			c.reaches[name] = found
			return found
		}
	}
	return nil
}

func kindList(kinds []lang.RefKind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return strings.Join(words, " and ")
}

func listed(t cty.Type) string {
	return strings.Join(slices.Sorted(maps.Keys(t.AttributeTypes())), ", ")
}

func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
