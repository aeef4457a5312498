package typecheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
)

// refer evaluates an expression that names a value, and keeps how it is written.
func (c *checker) refer(e hclsyntax.Expression) operand {
	switch e := e.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		return c.scope(e.Traversal)
	case *hclsyntax.RelativeTraversalExpr:
		return c.walk(c.refer(e.Source), e.Traversal, nil)
	case *hclsyntax.IndexExpr:
		return c.index(e)
	case *hclsyntax.SplatExpr:
		return c.splat(e)
	case *hclsyntax.AnonSymbolExpr:
		if item, ok := c.items[e]; ok {
			return item
		}
		return operand{value: cty.DynamicVal, label: "this value"}
	case *hclsyntax.ParenthesesExpr:
		return c.refer(e.Expression)
	case *hclsyntax.FunctionCallExpr:
		return operand{value: c.call(e), label: e.Name + "(…)"}
	}
	return operand{value: c.eval(e), label: "this value"}
}

func (c *checker) scope(t hcl.Traversal) operand {
	root := t.RootName()
	for _, l := range slices.Backward(c.locals) {
		if l.name == root {
			return c.walk(l.operand, t[1:], nil)
		}
	}
	r := c.env.Resolve(t)
	if r.Problem != nil {
		c.always(r.Problem)
		return operand{value: cty.DynamicVal, label: lang.TraversalText(t)}
	}
	from := operand{value: r.Value, label: lang.TraversalText(t[:r.Taken]), closed: r.Closed}
	return c.walk(from, t[r.Taken:], r.Missing)
}

// walk goes from a value down to its parts.
func (c *checker) walk(at operand, t hcl.Traversal, missing func(string, hcl.Range) *hcl.Diagnostic) operand {
	for i, part := range t {
		var problem *hcl.Diagnostic
		next := cty.DynamicVal
		switch part := part.(type) {
		case hcl.TraverseAttr:
			next, problem = c.attribute(at, part.Name, part.SrcRange, missing)
		case hcl.TraverseIndex:
			next, problem = c.element(at, part.Key, part.SrcRange, missing)
		}
		if problem != nil {
			return operand{value: cty.DynamicVal, label: at.label + lang.TraversalText(t[i:])}
		}
		missing = nil
		at = operand{value: next, label: at.label + lang.TraversalText(t[i:i+1]), closed: at.closed && next.Type() != cty.DynamicPseudoType}
	}
	return at
}

// attribute reads one attribute, and reports and gives back what is wrong with that.
func (c *checker) attribute(at operand, name string, rng hcl.Range, missing func(string, hcl.Range) *hcl.Diagnostic) (cty.Value, *hcl.Diagnostic) {
	t := at.value.Type()
	if t == cty.DynamicPseudoType && !isNull(at.value) {
		return cty.DynamicVal, nil
	}
	if missing != nil {
		if d := missing(name, rng); d != nil {
			return c.missing(at, d)
		}
	}
	if t.IsObjectType() && !t.HasAttribute(name) {
		return c.missing(at, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Unknown attribute", Subject: &rng,
			Detail: fmt.Sprintf("There is no attribute %s on %s%s", name, at.label, orListed(name, t)),
		})
	}
	if t.IsPrimitiveType() || t.IsListType() || t.IsSetType() || t.IsTupleType() {
		d := &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Unknown attribute", Subject: &rng,
			Detail: fmt.Sprintf("%s is %s; it has no attributes.", at.label, Friendly(t)),
		}
		if !t.IsPrimitiveType() {
			d.Detail = fmt.Sprintf("%s is %s. Write %[1]s[0].%[3]s for one of its elements, %[1]s[*].%[3]s for all.", at.label, Friendly(t), name)
		}
		return c.missing(at, d)
	}
	v, diags := hcl.GetAttr(at.value, name, &rng)
	return c.first(v, diags)
}

// missing reports an attribute that is not there; of a schema's type that is no type error that `try` may hide.
func (c *checker) missing(at operand, d *hcl.Diagnostic) (cty.Value, *hcl.Diagnostic) {
	if at.closed {
		c.always(d)
	} else {
		c.typed(d)
	}
	return cty.DynamicVal, d
}

// first reports the errors that HCL found, and gives the first of them.
func (c *checker) first(v cty.Value, diags hcl.Diagnostics) (cty.Value, *hcl.Diagnostic) {
	c.typed(diags...)
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			return cty.DynamicVal, d
		}
	}
	return v, nil
}

// element reads one element by an index.
func (c *checker) element(at operand, key cty.Value, rng hcl.Range, missing func(string, hcl.Range) *hcl.Diagnostic) (cty.Value, *hcl.Diagnostic) {
	t := at.value.Type()
	plain, _ := key.Unmark()
	if t.IsObjectType() && plain.Type() == cty.String && plain.IsKnown() && !plain.IsNull() {
		if !t.HasAttribute(plain.AsString()) {
			return c.attribute(at, plain.AsString(), rng, missing)
		}
	}
	if t.IsObjectType() && !plain.IsKnown() {
		return cty.DynamicVal, nil
	}
	v, diags := hcl.Index(at.value, key, &rng)
	return c.first(v, diags)
}

func (c *checker) index(e *hclsyntax.IndexExpr) operand {
	at := c.refer(e.Collection)
	v, _ := c.element(at, c.eval(e.Key), e.Range(), nil)
	return operand{value: v, label: at.label + "[…]", closed: at.closed && v.Type() != cty.DynamicPseudoType}
}

// orListed ends a sentence about a name that an object lacks.
func orListed(name string, t cty.Type) string {
	names := slices.Sorted(maps.Keys(t.AttributeTypes()))
	if near := lang.Suggest(name, names); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	if len(names) == 0 {
		return "."
	}
	return "; it has " + strings.Join(names, ", ") + "."
}
