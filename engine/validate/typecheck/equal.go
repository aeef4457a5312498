package typecheck

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// neverEqual reports two sides of an == or != whose types alone decide it. Two primitive types are an error; lists and
// tuples, maps and objects look alike in a file, so those are a warning that says how to write it.
func neverEqual(e *hclsyntax.BinaryOpExpr, left, right cty.Value) *hcl.Diagnostic {
	lt, rt := left.Type(), right.Type()
	if lt == cty.DynamicPseudoType || rt == cty.DynamicPseudoType || lt.Equals(rt) || isNull(left) || isNull(right) {
		return nil
	}
	rng := e.Range()
	if lt.IsPrimitiveType() && rt.IsPrimitiveType() {
		return &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Different types are never equal",
			Detail: fmt.Sprintf("The left side is a %s and the right side is a %s. %s",
				lt.FriendlyName(), rt.FriendlyName(), sameType(left, right)),
			Subject: &rng, Expression: e,
		}
	}
	if foreseen(left) || foreseen(right) || !differForGood(lt, rt) {
		return nil
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagWarning, Summary: "Different types are never equal",
		Detail: fmt.Sprintf("The left side is %s and the right side is %s, so this is always %t. %s",
			Friendly(lt), Friendly(rt), e.Op == hclsyntax.OpNotEqual, alike(lt, rt)),
		Subject: &rng, Expression: e,
	}
}

// foreseen reports whether a value's type may be another in a run.
func foreseen(v cty.Value) bool { return v.HasMarkDeep(Foreseen) }

// alike says how to compare what looks alike in a file.
func alike(a, b cty.Type) string {
	sequence := func(t cty.Type) bool { return t.IsTupleType() || t.IsListType() || t.IsSetType() }
	switch {
	case sequence(a) && sequence(b) && (a.Equals(cty.EmptyTuple) || b.Equals(cty.EmptyTuple)):
		return "To ask whether a list is empty, write length(list) == 0."
	case sequence(a) && sequence(b):
		return "A list of a result and one that is written out differ in type; write tolist([…]), or toset(…) on both sides."
	}
	return "Compare two values of one type."
}

// differForGood reports whether no values of two types are equal; types that hold some that aren't known may be.
func differForGood(a, b cty.Type) bool {
	if a.HasDynamicTypes() || b.HasDynamicTypes() {
		return kindOf(a) != kindOf(b)
	}
	return !a.Equals(b)
}

func kindOf(t cty.Type) string {
	switch {
	case t.IsListType():
		return "list"
	case t.IsSetType():
		return "set"
	case t.IsMapType():
		return "map"
	case t.IsObjectType():
		return "object"
	case t.IsTupleType():
		return "tuple"
	}
	return t.FriendlyName()
}

// sameType says how to write two sides with one type.
func sameType(left, right cty.Value) string {
	if left.IsKnown() && !right.IsKnown() {
		left, right = right, left
	}
	want := left.Type()
	if right.IsKnown() {
		if v, err := convert.Convert(right, want); err == nil {
			if text, err := convert.Convert(v, cty.String); err == nil && !text.IsMarked() {
				if want == cty.String {
					return fmt.Sprintf("Write %q.", text.AsString())
				}
				return fmt.Sprintf("Write %s without quotes.", text.AsString())
			}
		}
	}
	for _, t := range []cty.Type{left.Type(), right.Type()} {
		if t == cty.String {
			return "Convert one of them, such as with tonumber(…) or tostring(…)."
		}
	}
	return "Compare two values of one type."
}

func isNull(v cty.Value) bool { return v.IsKnown() && v.IsNull() }

// Friendly names a type for a sentence: "a number", "a list of string", "an object", "a tuple of 2 elements".
func Friendly(t cty.Type) string {
	switch {
	case t == cty.DynamicPseudoType:
		return "of any type"
	case t.IsObjectType():
		return "an object"
	case t.IsTupleType():
		if t.Length() == 1 {
			return "a tuple of 1 element"
		}
		return fmt.Sprintf("a tuple of %d elements", t.Length())
	case t.IsCollectionType() && !t.ElementType().IsPrimitiveType():
		return "a " + kindOf(t)
	}
	return "a " + t.FriendlyName()
}
