package lang

import (
	"iter"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/e82355ed/runbook/engine/provider"
)

var anything = function.Parameter{
	Name: "value", Type: cty.DynamicPseudoType,
	AllowUnknown: true, AllowNull: true, AllowMarked: true, AllowDynamicType: true,
}

// sensitive marks a value, and has its texts blanked: who calls it so means it.
func (h *FunctionHost) sensitive() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{anything}, Type: func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if h.OnSecret != nil {
				plain, _ := args[0].UnmarkDeep()
				for text := range Texts(plain) {
					h.OnSecret(text)
				}
			}
			return args[0].Mark(provider.Sensitive), nil
		},
	})
}

func sensitiveFunctions(table map[string]function.Function) {
	same := func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil }
	table["nonsensitive"] = function.New(&function.Spec{
		Params: []function.Parameter{anything}, Type: same,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, marks := args[0].Unmark()
			delete(marks, provider.Sensitive)
			return v.WithMarks(marks), nil
		},
	})
	table["issensitive"] = function.New(&function.Spec{
		Params: []function.Parameter{anything}, Type: function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			switch {
			case args[0].HasMark(provider.Sensitive):
				return cty.True, nil
			case !args[0].IsKnown():
				return cty.UnknownVal(cty.Bool), nil
			}
			return cty.False, nil
		},
	})
	table["type"] = function.New(&function.Spec{
		Params: []function.Parameter{anything}, Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if args[0].Type() == cty.DynamicPseudoType && !args[0].IsKnown() { // a null of no type is known to be of any
				return cty.UnknownVal(cty.String), nil
			}
			return cty.StringVal(typeexpr.TypeString(args[0].Type())), nil
		},
	})
}

// Texts are the strings and numbers in a value without marks.
func Texts(v cty.Value) iter.Seq[string] {
	return func(yield func(string) bool) { eachText(v, yield) }
}

func eachText(v cty.Value, yield func(string) bool) bool {
	switch {
	case v.IsNull() || !v.IsKnown():
		return true
	case v.Type() == cty.String:
		return yield(v.AsString())
	case v.Type() == cty.Number: // a PIN
		return yield(v.AsBigFloat().Text('f', -1))
	case !v.CanIterateElements():
		return true
	}
	for it := v.ElementIterator(); it.Next(); {
		if _, item := it.Element(); !eachText(item, yield) {
			return false
		}
	}
	return true
}
