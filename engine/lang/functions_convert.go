package lang

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// toCollection makes tolist and toset. cty compares the types of a tuple's elements each with each, which takes seconds
// for ten thousand; where all are one primitive type, as in what a for expression gives, there is nothing to compare.
func toCollection(want cty.Type, of func([]cty.Value) cty.Value) function.Function {
	general := stdlib.MakeToFunc(want)
	return function.New(&function.Spec{
		Description: general.Description(),
		Params:      general.Params(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if uniform(args[0]) {
				return want, nil
			}
			return general.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if uniform(args[0]) {
				return of(args[0].AsValueSlice()), nil
			}
			return general.Call(args)
		},
	})
}

// uniform reports whether a value is a tuple of one primitive type throughout.
func uniform(v cty.Value) bool {
	if !v.Type().IsTupleType() || v.IsNull() || !v.IsKnown() || v.LengthInt() == 0 {
		return false
	}
	types := v.Type().TupleElementTypes()
	if !types[0].IsPrimitiveType() {
		return false
	}
	for _, ty := range types[1:] {
		if ty != types[0] {
			return false
		}
	}
	return true
}
