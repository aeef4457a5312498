package typecheck

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
)

func (c *checker) call(e *hclsyntax.FunctionCallExpr) cty.Value {
	if _, ok := c.env.Context.Functions[e.Name]; !ok {
		names := slices.Sorted(maps.Keys(c.env.Context.Functions))
		end := "."
		if near := lang.Suggest(e.Name, names); near != "" {
			end = fmt.Sprintf("; did you mean %s?", near)
		}
		rng := e.NameRange
		c.parts(e.Args)
		c.always(&hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Unknown function", Subject: &rng,
			Detail: fmt.Sprintf("There is no function %s%s", e.Name, end),
		})
		return cty.DynamicVal
	}
	switch e.Name {
	case "try", "can":
		return c.caught(e)
	}
	node := *e
	node.Args = c.parts(e.Args)
	if c.env.Call != nil {
		values := make([]cty.Value, len(node.Args))
		for i, a := range node.Args {
			values[i] = a.(*hclsyntax.LiteralValueExpr).Val
		}
		if diags := c.env.Call(e, values); diags.HasErrors() {
			c.diags = append(c.diags, diags...)
			return cty.DynamicVal
		}
	}
	if e.Name == "lookup" && otherDefault(node.Args) {
		return cty.DynamicVal
	}
	return c.apply(&node, e)
}

// otherDefault reports whether a lookup's default differs in type from the elements of a map whose keys aren't known. In
// a run that may be an object, whose attributes have types of their own.
func otherDefault(args []hclsyntax.Expression) bool {
	if len(args) != 3 {
		return false
	}
	over, fallback := args[0].(*hclsyntax.LiteralValueExpr).Val, args[2].(*hclsyntax.LiteralValueExpr).Val
	return over.Type().IsMapType() && !over.IsKnown() && !over.Type().ElementType().Equals(fallback.Type())
}

// caught looks into the arguments of try and can, where types are not errors. What try gives is known only where all
// its arguments have one type.
func (c *checker) caught(e *hclsyntax.FunctionCallExpr) cty.Value {
	c.lenient++
	values := make([]cty.Value, len(e.Args))
	for i, a := range e.Args {
		values[i] = c.eval(a)
	}
	c.lenient--
	if e.Name == "can" {
		return cty.UnknownVal(cty.Bool)
	}
	if len(values) == 0 {
		return c.apply(e, e)
	}
	t := values[0].Type()
	for _, v := range values[1:] {
		if !v.Type().Equals(t) {
			return cty.DynamicVal
		}
	}
	return cty.UnknownVal(t)
}
