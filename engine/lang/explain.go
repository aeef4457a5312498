package lang

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Part is a part of a condition with the value that it had.
type Part struct {
	// Expression is its source on one line; Value is written for people.
	Expression, Value string
	// Depth nests the parts of a part below it, from 0.
	Depth int
}

// Explain takes a condition apart: the operands of && and ||, all of them, and in each the value of every
// sub-expression and reference. Of an alltrue or anytrue that is not as the condition needs it, the elements that made
// it so are named. ctx is what the condition was evaluated in.
func Explain(e *Expr, ctx *hcl.EvalContext) []Part {
	x := &explainer{expr: e, seen: map[string]bool{}}
	x.condition(e.Expression, ctx, 0, true)
	return x.parts
}

// maxParts bounds an explanation.
const maxParts = 50

type explainer struct {
	expr  *Expr
	parts []Part
	// seen holds the expressions shown, so that what is referred to twice is shown once.
	seen map[string]bool
}

func (x *explainer) add(expression, value string, depth int) bool {
	if len(x.parts) >= maxParts || x.seen[expression] {
		return false
	}
	x.seen[expression] = true
	x.parts = append(x.parts, Part{Expression: cutMiddle(oneLine(expression)), Value: value, Depth: depth})
	return true
}

func oneLine(s string) string {
	if !strings.ContainsAny(s, "\n\r\t") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// show evaluates an expression and adds it with its value, or with why it has none.
func (x *explainer) show(e hclsyntax.Expression, ctx *hcl.EvalContext, depth int) bool {
	return x.add(x.expr.SourceOf(e), evaluatedText(e, ctx), depth)
}

func evaluatedText(e hclsyntax.Expression, ctx *hcl.EvalContext) string {
	v, diags := e.Value(ctx)
	if !diags.HasErrors() {
		return FormatValue(v)
	}
	var scope *Scope
	for _, d := range scope.explainMissing(e, ctx, diags) {
		if d.Severity == hcl.DiagError {
			return "not known: " + strings.TrimSuffix(oneLine(d.Detail), ".")
		}
	}
	return "not known"
}

// unwrap takes off parentheses and a template around a single expression.
func unwrap(e hclsyntax.Expression) hclsyntax.Expression {
	for {
		switch inner := e.(type) {
		case *hclsyntax.ParenthesesExpr:
			e = inner.Expression
		case *hclsyntax.TemplateWrapExpr:
			e = inner.Wrapped
		default:
			return e
		}
	}
}

// condition explains an expression that should be want. The expression itself is shown by the caller.
func (x *explainer) condition(e hclsyntax.Expression, ctx *hcl.EvalContext, depth int, want bool) {
	e = unwrap(e)
	switch e := e.(type) {
	case *hclsyntax.BinaryOpExpr:
		if e.Op == hclsyntax.OpLogicalAnd || e.Op == hclsyntax.OpLogicalOr {
			for _, operand := range operands(e, e.Op, nil) {
				x.operand(operand, ctx, depth, want)
			}
			return
		}
	case *hclsyntax.UnaryOpExpr:
		if e.Op == hclsyntax.OpLogicalNot {
			x.operand(e.Val, ctx, depth, !want)
			return
		}
	case *hclsyntax.FunctionCallExpr:
		if q := quantifierOf(e); q != "" {
			x.quantified(q, e, ctx, depth, want)
			return
		}
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.RelativeTraversalExpr, *hclsyntax.IndexExpr:
		x.operand(e, ctx, depth, want)
		return
	}
	x.inner(e, ctx, depth)
}

// operands flattens a chain of one operator.
func operands(e hclsyntax.Expression, op *hclsyntax.Operation, into []hclsyntax.Expression) []hclsyntax.Expression {
	if b, ok := unwrap(e).(*hclsyntax.BinaryOpExpr); ok && b.Op == op {
		return operands(b.RHS, op, operands(b.LHS, op, into))
	}
	return append(into, e)
}

// operand shows a part of a condition and what is in it.
func (x *explainer) operand(e hclsyntax.Expression, ctx *hcl.EvalContext, depth int, want bool) {
	e = unwrap(e)
	if isConstant(e) || !x.show(e, ctx, depth) {
		return
	}
	if !isReference(e) {
		x.condition(e, ctx, depth+1, want)
	}
}

func isReference(e hclsyntax.Expression) bool {
	_, ok := e.(*hclsyntax.ScopeTraversalExpr)
	return ok
}

// isConstant reports whether an expression says all by itself, so that its value is no news.
func isConstant(e hclsyntax.Expression) bool {
	switch e := unwrap(e).(type) {
	case *hclsyntax.LiteralValueExpr:
		return true
	case *hclsyntax.TemplateExpr:
		return e.IsStringLiteral()
	case *hclsyntax.UnaryOpExpr:
		return isConstant(e.Val)
	case *hclsyntax.TupleConsExpr:
		for _, item := range e.Exprs {
			if !isConstant(item) {
				return false
			}
		}
		return true
	}
	return false
}

// inner shows the expressions directly within e.
func (x *explainer) inner(e hclsyntax.Expression, ctx *hcl.EvalContext, depth int) {
	switch e := unwrap(e).(type) {
	case *hclsyntax.BinaryOpExpr:
		x.value(e.LHS, ctx, depth)
		x.value(e.RHS, ctx, depth)
	case *hclsyntax.UnaryOpExpr:
		x.value(e.Val, ctx, depth)
	case *hclsyntax.FunctionCallExpr:
		for _, arg := range e.Args {
			x.value(arg, ctx, depth)
		}
	case *hclsyntax.ConditionalExpr:
		x.operand(e.Condition, ctx, depth, true)
		branch := e.TrueResult
		if v, diags := e.Condition.Value(ctx); !diags.HasErrors() && isFalse(v) {
			branch = e.FalseResult
		}
		x.value(branch, ctx, depth)
	case *hclsyntax.IndexExpr:
		x.value(e.Collection, ctx, depth)
		x.value(e.Key, ctx, depth)
	case *hclsyntax.RelativeTraversalExpr:
		x.value(e.Source, ctx, depth)
	case *hclsyntax.TemplateExpr:
		for _, part := range e.Parts {
			x.value(part, ctx, depth)
		}
	case *hclsyntax.TupleConsExpr:
		for _, item := range e.Exprs {
			x.value(item, ctx, depth)
		}
	case *hclsyntax.ObjectConsExpr:
		for _, item := range e.Items {
			x.value(item.ValueExpr, ctx, depth)
		}
	}
}

// value shows one sub-expression, unless it is a constant, and those in it.
func (x *explainer) value(e hclsyntax.Expression, ctx *hcl.EvalContext, depth int) {
	e = unwrap(e)
	if isConstant(e) || !x.show(e, ctx, depth) {
		return
	}
	x.inner(e, ctx, depth+1)
}

// isFalse reports whether v is a known false; the mark of a sensitive value does not hide that, as the outcome shows it.
func isFalse(v cty.Value) bool {
	v, _ = v.Unmark()
	return v.Type() == cty.Bool && v.IsKnown() && !v.IsNull() && v.False()
}

func isTrue(v cty.Value) bool {
	v, _ = v.Unmark()
	return v.Type() == cty.Bool && v.IsKnown() && !v.IsNull() && v.True()
}
