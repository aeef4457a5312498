package validate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/validate/typecheck"
)

// resolve says what the beginning of a reference stands for in a place.
func (c *checker) resolve(t hcl.Traversal, p *place) typecheck.Resolved {
	root := lang.RefKind(t.RootName())
	if len(p.only) > 0 && !slices.Contains(p.only, root) {
		return unresolved(t, "Unknown name", "%s can't be used in %s, which may refer only to %s.", t.RootName(), p.what, kindList(p.only))
	}
	switch root {
	case lang.RefSelf:
		return c.resolveSelf(t, p)
	case lang.RefEach:
		return c.resolveEach(t, p)
	case lang.RefValue:
		if p.value == cty.NilVal {
			return unresolved(t, "No value here", "value is a threshold's number, and stands only in its expect and warn.")
		}
		return typecheck.Resolved{Value: p.value, Taken: 1}
	}
	k, ok := named(root)
	if !ok {
		return c.unknownRoot(t)
	}
	name := ""
	if len(t) > 1 {
		if attr, ok := t[1].(hcl.TraverseAttr); ok {
			name = attr.Name
		}
	}
	if name == "" {
		return unresolved(t, "No name", "%s stands for nothing alone; name one: %[1]s.%s.", root, c.example(root))
	}
	return c.resolveNamed(t, p, root, k, name)
}

func (c *checker) resolveNamed(t hcl.Traversal, p *place, root lang.RefKind, k kind, name string) typecheck.Resolved {
	v, ok := k.value(c, name, p)
	if !ok {
		return typecheck.Resolved{Problem: c.unknown(t, root, k, name)}
	}
	r := typecheck.Resolved{Value: v, Taken: 2, Closed: root != lang.RefVar && root != lang.RefLocal}
	switch root {
	case lang.RefStep:
		if !p.steps && p.noSteps != "" {
			return unresolved(t, "No results here", "%s", p.noSteps)
		}
		if !p.steps {
			return unresolved(t, "No results here", "%s is evaluated before any step runs, so it can't refer to step.%s.", capital(p.what), name)
		}
		c.explainInstances(&r, t, c.steps[name])
	case lang.RefLocal:
		if reached := c.reachedStep(name); reached != nil && !p.steps {
			if p.noSteps != "" {
				return unresolved(t, "No results here", "local.%s refers to step.%s. %s", name, reached.Name, p.noSteps)
			}
			return unresolved(t, "No results here", "%s is evaluated before any step runs, and local.%s refers to step.%s.", capital(p.what), name, reached.Name)
		}
	}
	return r
}

// unknown reports a name that is not there.
func (c *checker) unknown(t hcl.Traversal, root lang.RefKind, k kind, name string) *hcl.Diagnostic {
	at := hcl.RangeBetween(t[0].SourceRange(), t[1].SourceRange())
	if k.noun == "attribute" {
		return problem(at, "Unknown attribute", "There is no attribute %q on %s%s", name, root, c.orNear(root, name))
	}
	return problem(at, "Unknown "+k.noun, "There is no %s %q%s", k.noun, name, c.orNear(root, name))
}

// explainInstances finds instances of a step without for_each, and results of a step with it that name no instance.
func (c *checker) explainInstances(r *typecheck.Resolved, t hcl.Traversal, s *lang.Step) {
	if s.ForEach == nil {
		if len(t) > 2 && isIndex(t[2]) {
			if key := t[2].(hcl.TraverseIndex).Key; key.Type() != cty.String || !c.one(s).Type().IsObjectType() || !c.one(s).Type().HasAttribute(key.AsString()) {
				r.Problem = problem(t.SourceRange(), "No instances", "step.%s has no for_each, so it has no instances; write step.%[1]s.", s.Name)
			}
		}
		return
	}
	one := c.one(s).Type()
	r.Missing = func(attr string, rng hcl.Range) *hcl.Diagnostic {
		v := c.step(s)
		if !one.IsObjectType() || !one.HasAttribute(attr) || v.Type().IsObjectType() && v.Type().HasAttribute(attr) {
			return c.unknownInstance(s, v, attr, rng)
		}
		return problem(rng, "Which instance?",
			"step.%s has for_each, so it is its results by key. Write step.%[1]s[\"key\"].%s for one, [for s in step.%[1]s : s.%[2]s] for all.", s.Name, attr)
	}
}

func (c *checker) unknownInstance(s *lang.Step, v cty.Value, key string, rng hcl.Range) *hcl.Diagnostic {
	if t := v.Type(); t.IsObjectType() && !t.HasAttribute(key) {
		keys, _ := keysOf(v)
		return problem(rng, "Unknown instance", "step.%s has no instance %q%s", s.Name, key, nearOrAll(key, keys))
	}
	return nil
}

func isIndex(part hcl.Traverser) bool {
	_, ok := part.(hcl.TraverseIndex)
	return ok
}

func (c *checker) resolveSelf(t hcl.Traversal, p *place) typecheck.Resolved {
	if p.self == cty.NilVal {
		return unresolved(t, "No self here", "%s", p.noSelf)
	}
	r := typecheck.Resolved{Value: p.self, Taken: 1, Closed: true}
	if p.bare {
		r.Missing = func(attr string, rng hcl.Range) *hcl.Diagnostic {
			if p.self.Type().HasAttribute(attr) {
				return nil
			}
			return problem(rng, "A check has no result",
				"A check runs no action, so its self holds only %s. Refer to a step's result: step.name.%s.", listed(p.self.Type()), attr)
		}
	}
	return r
}

func (c *checker) resolveEach(t hcl.Traversal, p *place) typecheck.Resolved {
	if p.eachValue == cty.NilVal {
		if p.noEach == "" {
			return unresolved(t, "No each here", "each stands in a step with for_each; step %q has none.", p.step)
		}
		return unresolved(t, "No each here", "%s", p.noEach)
	}
	if len(t) > 1 {
		if attr, ok := t[1].(hcl.TraverseAttr); ok {
			switch attr.Name {
			case "key":
				return typecheck.Resolved{Value: cty.UnknownVal(cty.String), Taken: 2}
			case "value":
				return typecheck.Resolved{Value: p.eachValue, Taken: 2}
			}
		}
	}
	return unresolved(t, "Unknown name", "each has two attributes: each.key and each.value.")
}

func unresolved(t hcl.Traversal, summary, format string, args ...any) typecheck.Resolved {
	return typecheck.Resolved{Problem: problem(t.SourceRange(), summary, format, args...)}
}

// unknownRoot reports a first word that is none, and says how to write what was probably meant.
func (c *checker) unknownRoot(t hcl.Traversal) typecheck.Resolved {
	root := t.RootName()
	if root == "provider" {
		return unresolved(t, "Unknown name", "A provider configuration can be named only in a step's provider argument.")
	}
	for _, k := range []lang.RefKind{lang.RefVar, lang.RefLocal, lang.RefStep} {
		if slices.Contains(c.namesOf(k), root) {
			return unresolved(t, "Unknown name", "There is nothing named %s here; did you mean %s.%[1]s?", root, k)
		}
	}
	var words []string
	for _, k := range lang.RootNames {
		words = append(words, string(k))
	}
	slices.Sort(words)
	if near := lang.Suggest(root, words); near != "" {
		return unresolved(t, "Unknown name", "There is nothing named %s here; did you mean %s?", root, near)
	}
	return unresolved(t, "Unknown name", "There is nothing named %s here. A reference begins with one of %s; text stands in quotes.%s", root, strings.Join(words, ", "), ofShell(t, root))
}

// shellName is a name as the variables of a shell have it.
var shellName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)

// ofShell says how a variable of a shell is written, which is pasted into a text with the command around it.
func ofShell(t hcl.Traversal, root string) string {
	if len(t) > 1 || !shellName.MatchString(root) {
		return ""
	}
	return fmt.Sprintf(" In a text a variable of a shell is written $${%s}.", root)
}
