package typecheck

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

const (
	// maxUnrolled is how many elements of a known collection are looked at one by one; of a longer one, only the type is.
	maxUnrolled = 64
	// maxTurns bounds that for loops within loops: in all of an expression, so many elements are looked at.
	maxTurns = 4096
)

// element is a key and a value of what a loop or a splat goes over.
type element struct{ key, value cty.Value }

// elements lists what a collection holds. Exact is true where these are all of them, each as it is; otherwise the one
// element stands for any.
func (c *checker) elements(v cty.Value) (list []element, exact bool) {
	v, _ = v.Unmark()
	t := v.Type()
	c.turns++
	if c.turns < maxTurns {
		if list, exact = each(v); exact && len(list) <= maxUnrolled {
			c.turns += len(list)
			return list, true
		}
	}
	one := element{cty.DynamicVal, cty.DynamicVal}
	switch {
	case t.IsListType():
		one = element{cty.UnknownVal(cty.Number), cty.UnknownVal(t.ElementType())}
	case t.IsMapType():
		one = element{cty.UnknownVal(cty.String), cty.UnknownVal(t.ElementType())}
	case t.IsSetType():
		one = element{cty.UnknownVal(t.ElementType()), cty.UnknownVal(t.ElementType())}
	}
	return []element{one}, false
}

// each lists all elements of a collection, where it is known how many there are.
func each(v cty.Value) (list []element, exact bool) {
	t := v.Type()
	switch {
	case t.IsTupleType():
		for i, et := range t.TupleElementTypes() {
			e := cty.UnknownVal(et)
			if v.IsKnown() {
				e = v.Index(cty.NumberIntVal(int64(i)))
			}
			list = append(list, element{cty.NumberIntVal(int64(i)), e})
		}
		return list, true
	case t.IsObjectType():
		for _, name := range slices.Sorted(maps.Keys(t.AttributeTypes())) {
			e := cty.UnknownVal(t.AttributeType(name))
			if v.IsKnown() {
				e = v.GetAttr(name)
			}
			list = append(list, element{cty.StringVal(name), e})
		}
		return list, true
	case v.IsKnown() && t.IsCollectionType() && v.LengthInt() <= maxUnrolled:
		for it := v.ElementIterator(); it.Next(); {
			key, e := it.Element()
			list = append(list, element{key, e})
		}
		return list, true
	}
	return nil, false
}

func (c *checker) loop(e *hclsyntax.ForExpr) cty.Value {
	over := c.refer(e.CollExpr)
	if isNull(over.value) || !iterable(over.value.Type()) {
		rng := e.CollExpr.Range()
		c.typed(&hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Nothing to go over", Subject: &rng,
			Detail: fmt.Sprintf("A for expression goes over a list, a set, a map or an object; %s is %s.", over.label, nullOr(over.value)),
		})
		over.value = cty.DynamicVal
	}
	list, exact := c.elements(over.value)
	var bodies []body
	for _, item := range list {
		bodies = append(bodies, c.body(e, over, item))
	}
	return assemble(e, bodies, exact)
}

func iterable(t cty.Type) bool {
	return t == cty.DynamicPseudoType || t.IsObjectType() || t.IsTupleType() || t.IsCollectionType()
}

func nullOr(v cty.Value) string {
	if isNull(v) {
		return "null"
	}
	return Friendly(v.Type())
}

// body is what one turn of a loop gives.
type body struct{ key, value, keep cty.Value }

func (c *checker) body(e *hclsyntax.ForExpr, over operand, item element) body {
	mark := len(c.locals)
	if e.KeyVar != "" {
		c.locals = append(c.locals, local{e.KeyVar, operand{value: item.key, label: e.KeyVar}})
	}
	c.locals = append(c.locals, local{e.ValVar, operand{
		value: item.value, label: e.ValVar, closed: over.closed && item.value.Type() != cty.DynamicPseudoType,
	}})
	b := body{keep: cty.True}
	if e.CondExpr != nil {
		b.keep = c.want(e.CondExpr, cty.Bool, "The condition of a for expression is")
	}
	if e.KeyExpr != nil {
		b.key = c.want(e.KeyExpr, cty.String, "The key of a for expression is")
	}
	b.value = c.eval(e.ValExpr)
	c.locals = c.locals[:mark]
	return b
}

// want evaluates a part of a loop that must have a type.
func (c *checker) want(e hclsyntax.Expression, t cty.Type, what string) cty.Value {
	v := c.eval(e)
	out, err := convert.Convert(v, t)
	// A text could be "true"; whoever writes it as a condition means something else.
	if err != nil || isNull(v) || t == cty.Bool && v.Type() == cty.String {
		rng := e.Range()
		c.typed(&hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Wrong type", Subject: &rng,
			Detail: fmt.Sprintf("%s a %s; this is %s.", what, t.FriendlyName(), nullOr(v)),
		})
		return cty.UnknownVal(t)
	}
	out, _ = out.Unmark()
	return out
}

// assemble makes a loop's value of its turns: the value itself where all is known, else an unknown one of the type
// that the turns have in common. A tuple of unknown length counts as a list.
func assemble(e *hclsyntax.ForExpr, bodies []body, exact bool) cty.Value {
	var values []cty.Value
	attrs := map[string]cty.Value{}
	common, known := cty.NilType, exact && !e.Group
	for _, b := range bodies {
		if b.keep.IsKnown() && b.keep.False() && exact {
			continue
		}
		known = known && b.keep.IsKnown() && (e.KeyExpr == nil || b.key.IsKnown())
		switch t := b.value.Type(); {
		case common == cty.NilType:
			common = t
		case !common.Equals(t):
			common = cty.DynamicPseudoType
		}
		values = append(values, b.value)
		if known && e.KeyExpr != nil {
			attrs[b.key.AsString()] = b.value
		}
	}
	switch {
	case known && e.KeyExpr == nil:
		return cty.TupleVal(values)
	case known:
		return cty.ObjectVal(attrs)
	case common == cty.NilType || common == cty.DynamicPseudoType:
		return cty.DynamicVal
	case e.KeyExpr == nil:
		return cty.UnknownVal(cty.List(common)).Mark(Foreseen)
	case e.Group:
		return cty.UnknownVal(cty.Map(cty.List(common))).Mark(Foreseen)
	}
	return cty.UnknownVal(cty.Map(common)).Mark(Foreseen)
}

func (c *checker) splat(e *hclsyntax.SplatExpr) operand {
	over := c.refer(e.Source)
	out := operand{label: over.label + "[*]", closed: over.closed}
	t := over.value.Type()
	sequence := t.IsListType() || t.IsSetType() || t.IsTupleType()
	switch {
	case t == cty.DynamicPseudoType:
		c.each(e, operand{value: cty.DynamicVal, label: out.label})
		out.value = cty.DynamicVal
		return out
	case isNull(over.value) && sequence:
		c.typed(&hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Nothing to go over", Subject: e.Source.Range().Ptr(),
			Detail: fmt.Sprintf("%s is null.", over.label),
		})
		out.value = cty.DynamicVal
		return out
	case t.IsMapType():
		c.typed(&hcl.Diagnostic{
			Severity: hcl.DiagWarning, Summary: "A splat over a map goes over nothing", Subject: e.Range().Ptr(),
			Detail: fmt.Sprintf("%s is a map, and [*] makes a list of that one map. For its values write values(%[1]s)[*].", over.label),
		})
	}
	if !sequence {
		over.value = cty.TupleVal([]cty.Value{over.value})
	}
	list, exact := c.elements(over.value)
	values := make([]cty.Value, len(list))
	for i, item := range list {
		values[i] = c.each(e, operand{value: item.value, label: out.label, closed: over.closed})
	}
	out.value = gathered(values, exact, over.value.Type().IsTupleType())
	return out
}

// gathered is what a splat gives: a tuple of a tuple, a list of a list or a set.
func gathered(values []cty.Value, exact, tuple bool) cty.Value {
	if tuple && exact {
		return cty.TupleVal(values)
	}
	if len(values) == 0 {
		return cty.DynamicVal
	}
	t := values[0].Type()
	for _, v := range values {
		if v.Type() == cty.DynamicPseudoType || !v.Type().Equals(t) {
			return cty.DynamicVal
		}
	}
	if exact {
		return cty.ListVal(values)
	}
	return cty.UnknownVal(cty.List(t))
}

// each evaluates what stands behind a splat for one element.
func (c *checker) each(e *hclsyntax.SplatExpr, item operand) cty.Value {
	if c.items == nil {
		c.items = map[*hclsyntax.AnonSymbolExpr]operand{}
	}
	c.items[e.Item] = item
	v := c.eval(e.Each)
	delete(c.items, e.Item)
	return v
}
