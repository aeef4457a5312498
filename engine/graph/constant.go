package graph

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
)

// constant evaluates an expression that refers to nothing and calls nothing; any other is unknown.
func constant(e *lang.Expr, want cty.Type) cty.Value {
	unknown := cty.UnknownVal(want)
	if e == nil || len(e.Refs) > 0 {
		return unknown
	}
	v, diags := e.Value(nil)
	if diags.HasErrors() {
		return unknown
	}
	v, err := convert.Convert(v, want)
	if err != nil {
		return unknown
	}
	return v
}
