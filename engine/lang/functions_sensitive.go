package lang

import (
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/e82355ed/runbook/engine/provider"
)

var anything = function.Parameter{
	Name: "value", Type: cty.DynamicPseudoType,
	AllowUnknown: true, AllowNull: true, AllowMarked: true, AllowDynamicType: true,
}

func sensitiveFunctions(table map[string]function.Function) {
	same := func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil }
	table["sensitive"] = function.New(&function.Spec{
		Params: []function.Parameter{anything}, Type: same,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return args[0].Mark(provider.Sensitive), nil
		},
	})
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
			if args[0].Type() == cty.DynamicPseudoType {
				return cty.UnknownVal(cty.String), nil
			}
			return cty.StringVal(typeexpr.TypeString(args[0].Type())), nil
		},
	})
}
