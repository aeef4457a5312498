package lang

import (
	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/e82355ed/runbook/engine/provider"
)

// Whether an expression over a secret can be evaluated tells something of the secret, and can(regex("^a", …)) letter by
// letter all of it. HCL's own try and can don't mark that.

// tryFunction gives the first argument that can be evaluated; sensitive where one before it failed over a sensitive value.
func tryFunction() function.Function {
	try := func(args []cty.Value) (cty.Value, error) {
		v, err := tryfunc.TryFunc.Call(args)
		if err != nil {
			return v, err
		}
		for _, arg := range args {
			closure := customdecode.ExpressionClosureFromVal(arg)
			if _, diags := closure.Value(); !diags.HasErrors() {
				break
			}
			if readsSensitive(closure.Expression, closure.EvalContext) {
				return v.Mark(provider.Sensitive), nil
			}
		}
		return v, nil
	}
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "expressions", Type: customdecode.ExpressionClosureType},
		Type: func(args []cty.Value) (cty.Type, error) {
			v, err := tryfunc.TryFunc.Call(args)
			return v.Type(), err
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return try(args) },
	})
}

// canFunction reports whether its argument can be evaluated; sensitively where that takes a sensitive value.
func canFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "expression", Type: customdecode.ExpressionClosureType}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			can, err := tryfunc.CanFunc.Call(args)
			closure := customdecode.ExpressionClosureFromVal(args[0])
			if err == nil && readsSensitive(closure.Expression, closure.EvalContext) {
				can = can.Mark(provider.Sensitive)
			}
			return can, err
		},
	})
}
