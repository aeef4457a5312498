package validate

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/validate/typecheck"
)

// misfit is the part of a value that does not fit a type, and why.
type misfit struct {
	part hclsyntax.Expression
	why  string
}

// misfitOf finds the innermost part of an expression that could not be converted; err is what the conversion said.
func misfitOf(e hclsyntax.Expression, have, want cty.Type, err error) misfit {
	if convert.GetConversionUnsafe(have, want) == nil {
		if m := misfitOfType(e, have, want); m.part != e || m.why != "" {
			return m
		}
		// The wanted type was named already.
		return misfit{e, "this is " + typecheck.Friendly(have)}
	}
	var inner cty.PathError
	if !errors.As(err, &inner) {
		return misfit{e, "this is not: " + err.Error()}
	}
	for _, step := range inner.Path {
		switch step := step.(type) {
		case cty.IndexStep:
			e = partOf(e, step.Key)
		case cty.GetAttrStep:
			e = partOf(e, cty.StringVal(step.Name))
		}
	}
	return misfit{e, "this part is not: " + inner.Error()}
}

// misfitOfType goes down two types that don't convert, to where they differ. It does not say why where that is the whole.
func misfitOfType(e hclsyntax.Expression, have, want cty.Type) misfit {
	switch {
	case have.IsObjectType() && want.IsObjectType():
		for _, name := range slices.Sorted(maps.Keys(want.AttributeTypes())) {
			if !have.HasAttribute(name) {
				return misfit{e, fmt.Sprintf("the attribute %q is missing (write %s = null to leave it out)", name, name)}
			}
			if !converts(have.AttributeType(name), want.AttributeType(name)) {
				return innermost(partOf(e, cty.StringVal(name)), have.AttributeType(name), want.AttributeType(name))
			}
		}
	case have.IsObjectType() && want.IsMapType():
		for _, name := range slices.Sorted(maps.Keys(have.AttributeTypes())) {
			if !converts(have.AttributeType(name), want.ElementType()) {
				return innermost(partOf(e, cty.StringVal(name)), have.AttributeType(name), want.ElementType())
			}
		}
	case have.IsTupleType() && (want.IsListType() || want.IsSetType()):
		for i, t := range have.TupleElementTypes() {
			if !converts(t, want.ElementType()) {
				return innermost(partOf(e, cty.NumberIntVal(int64(i))), t, want.ElementType())
			}
		}
	}
	return misfit{part: e}
}

// innermost is misfitOfType of a part, with its own two types named.
func innermost(e hclsyntax.Expression, have, want cty.Type) misfit {
	m := misfitOfType(e, have, want)
	if m.why == "" {
		m.why = fmt.Sprintf("this is %s, where %s is wanted", typecheck.Friendly(have), typecheck.Friendly(want))
	}
	return m
}

func converts(have, want cty.Type) bool {
	return have.Equals(want) || convert.GetConversionUnsafe(have, want) != nil
}
