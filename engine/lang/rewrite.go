package lang

import (
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Replacement is what becomes of a part of an expression: a value stands in its place, or (no value, into) parts of it are looked at, or it
// stays.
type Replacement struct {
	Value cty.Value
	Into  bool
}

// Span is where a part of an expression stands in the expression's own text, in bytes.
type Span struct{ Start, Length int }

// Rewrite is e with values in the place of some parts. Replace is asked about each, from the outside in.
func (e *Expr) Rewrite(replace func(part *Expr, at Span) Replacement) *Expr {
	w := rewriter{of: e, replace: replace}
	inner := w.expr(e.Expression)
	out := newExpr(inner, e.Source, e.base)
	out.timed = e.timed
	return out
}

type rewriter struct {
	of      *Expr
	replace func(part *Expr, at Span) Replacement
}

func (w *rewriter) expr(n hclsyntax.Expression) hclsyntax.Expression {
	at := n.Range()
	switch r := w.replace(w.of.part(n), Span{at.Start.Byte - w.of.base, at.End.Byte - at.Start.Byte}); {
	case r.Value != cty.NilVal:
		return &hclsyntax.LiteralValueExpr{Val: r.Value, SrcRange: at}
	case r.Into:
		return w.into(n)
	}
	return n
}

// into is a copy of an expression whose parts are rewritten. One of a kind that is not here stays.
func (w *rewriter) into(n hclsyntax.Expression) hclsyntax.Expression {
	switch n := n.(type) {
	case *hclsyntax.TemplateExpr:
		c := *n
		c.Parts = w.all(n.Parts)
		return &c
	case *hclsyntax.TemplateWrapExpr:
		c := *n
		c.Wrapped = w.expr(n.Wrapped)
		return &c
	case *hclsyntax.TupleConsExpr:
		c := *n
		c.Exprs = w.all(n.Exprs)
		return &c
	case *hclsyntax.ObjectConsExpr:
		return w.object(n)
	case *hclsyntax.FunctionCallExpr:
		c := *n
		c.Args = w.all(n.Args)
		return &c
	case *hclsyntax.ParenthesesExpr:
		c := *n
		c.Expression = w.expr(n.Expression)
		return &c
	case *hclsyntax.ForExpr:
		c := *n
		c.CollExpr, c.KeyExpr, c.ValExpr, c.CondExpr = w.expr(n.CollExpr), w.optional(n.KeyExpr), w.expr(n.ValExpr), w.optional(n.CondExpr)
		return &c
	}
	return w.operands(n)
}

func (w *rewriter) operands(n hclsyntax.Expression) hclsyntax.Expression {
	switch n := n.(type) {
	case *hclsyntax.ConditionalExpr:
		c := *n
		c.Condition, c.TrueResult, c.FalseResult = w.expr(n.Condition), w.expr(n.TrueResult), w.expr(n.FalseResult)
		return &c
	case *hclsyntax.BinaryOpExpr:
		c := *n
		c.LHS, c.RHS = w.expr(n.LHS), w.expr(n.RHS)
		return &c
	case *hclsyntax.UnaryOpExpr:
		c := *n
		c.Val = w.expr(n.Val)
		return &c
	case *hclsyntax.IndexExpr:
		c := *n
		c.Collection, c.Key = w.expr(n.Collection), w.expr(n.Key)
		return &c
	case *hclsyntax.RelativeTraversalExpr:
		c := *n
		c.Source = w.expr(n.Source)
		return &c
	case *hclsyntax.SplatExpr:
		c := *n
		c.Source = w.expr(n.Source)
		return &c
	}
	return n
}

// object leaves keys alone that are words, not references.
func (w *rewriter) object(n *hclsyntax.ObjectConsExpr) hclsyntax.Expression {
	c := *n
	c.Items = make([]hclsyntax.ObjectConsItem, len(n.Items))
	for i, item := range n.Items {
		c.Items[i] = hclsyntax.ObjectConsItem{KeyExpr: item.KeyExpr, ValueExpr: w.expr(item.ValueExpr)}
		if key, ok := item.KeyExpr.(*hclsyntax.ObjectConsKeyExpr); ok && key.ForceNonLiteral {
			k := *key
			k.Wrapped = w.expr(key.Wrapped)
			c.Items[i].KeyExpr = &k
		}
	}
	return &c
}

func (w *rewriter) all(list []hclsyntax.Expression) []hclsyntax.Expression {
	out := make([]hclsyntax.Expression, len(list))
	for i, n := range list {
		out[i] = w.expr(n)
	}
	return out
}

func (w *rewriter) optional(n hclsyntax.Expression) hclsyntax.Expression {
	if n == nil {
		return nil
	}
	return w.expr(n)
}
