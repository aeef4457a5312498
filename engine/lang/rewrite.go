package lang

import (
	"strconv"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Replacement is what becomes of a part of an expression: a value stands in its place, or (no value, into) parts of it are looked at, or it
// stays.
type Replacement struct {
	Value cty.Value
	Into  bool
}

// Rewrite is e with values in the place of some parts. Replace is asked about each, from the outside in, with its place among the others:
// "", and ".1.0" for the first part of the second, whatever white space is between them.
func (e *Expr) Rewrite(replace func(part *Expr, at string) Replacement) *Expr {
	w := rewriter{of: e, replace: replace}
	inner := w.expr(e.Expression, "")
	out := newExpr(inner, e.Source, e.base)
	out.timed, out.original = e.timed, e.AsWritten()
	return out
}

// AsWritten is the expression as it stands in its file: without what [Expr.Rewrite] put in the place of its parts.
func (e *Expr) AsWritten() *Expr {
	if e.original != nil {
		return e.original
	}
	return e
}

type rewriter struct {
	of      *Expr
	replace func(part *Expr, at string) Replacement
}

func (w *rewriter) expr(n hclsyntax.Expression, at string) hclsyntax.Expression {
	switch r := w.replace(w.of.part(n), at); {
	case r.Value != cty.NilVal:
		return &hclsyntax.LiteralValueExpr{Val: r.Value, SrcRange: n.Range()}
	case r.Into:
		return w.into(n, at)
	}
	return n
}

// nth is a part of the part at a place.
func (w *rewriter) nth(i int, n hclsyntax.Expression, at string) hclsyntax.Expression {
	if n == nil {
		return nil
	}
	return w.expr(n, at+"."+strconv.Itoa(i))
}

// into is a copy of an expression whose parts are rewritten. One of a kind that is not here stays.
func (w *rewriter) into(n hclsyntax.Expression, at string) hclsyntax.Expression {
	switch n := n.(type) {
	case *hclsyntax.TemplateExpr:
		c := *n
		c.Parts = w.all(n.Parts, at)
		return &c
	case *hclsyntax.TemplateWrapExpr:
		c := *n
		c.Wrapped = w.nth(0, n.Wrapped, at)
		return &c
	case *hclsyntax.TupleConsExpr:
		c := *n
		c.Exprs = w.all(n.Exprs, at)
		return &c
	case *hclsyntax.ObjectConsExpr:
		return w.object(n, at)
	case *hclsyntax.FunctionCallExpr:
		c := *n
		c.Args = w.all(n.Args, at)
		return &c
	case *hclsyntax.ParenthesesExpr:
		c := *n
		c.Expression = w.nth(0, n.Expression, at)
		return &c
	case *hclsyntax.ForExpr:
		c := *n
		c.CollExpr, c.KeyExpr, c.ValExpr, c.CondExpr = w.nth(0, n.CollExpr, at), w.nth(1, n.KeyExpr, at), w.nth(2, n.ValExpr, at), w.nth(3, n.CondExpr, at)
		return &c
	}
	return w.operands(n, at)
}

func (w *rewriter) operands(n hclsyntax.Expression, at string) hclsyntax.Expression {
	switch n := n.(type) {
	case *hclsyntax.ConditionalExpr:
		c := *n
		c.Condition, c.TrueResult, c.FalseResult = w.nth(0, n.Condition, at), w.nth(1, n.TrueResult, at), w.nth(2, n.FalseResult, at)
		return &c
	case *hclsyntax.BinaryOpExpr:
		c := *n
		c.LHS, c.RHS = w.nth(0, n.LHS, at), w.nth(1, n.RHS, at)
		return &c
	case *hclsyntax.UnaryOpExpr:
		c := *n
		c.Val = w.nth(0, n.Val, at)
		return &c
	case *hclsyntax.IndexExpr:
		c := *n
		c.Collection, c.Key = w.nth(0, n.Collection, at), w.nth(1, n.Key, at)
		return &c
	case *hclsyntax.RelativeTraversalExpr:
		c := *n
		c.Source = w.nth(0, n.Source, at)
		return &c
	case *hclsyntax.SplatExpr:
		c := *n
		c.Source = w.nth(0, n.Source, at)
		return &c
	}
	return n
}

// object leaves keys alone that are words, not references.
func (w *rewriter) object(n *hclsyntax.ObjectConsExpr, at string) hclsyntax.Expression {
	c := *n
	c.Items = make([]hclsyntax.ObjectConsItem, len(n.Items))
	for i, item := range n.Items {
		c.Items[i] = hclsyntax.ObjectConsItem{KeyExpr: item.KeyExpr, ValueExpr: w.nth(2*i+1, item.ValueExpr, at)}
		if key, ok := item.KeyExpr.(*hclsyntax.ObjectConsKeyExpr); ok && key.ForceNonLiteral {
			k := *key
			k.Wrapped = w.nth(2*i, key.Wrapped, at)
			c.Items[i].KeyExpr = &k
		}
	}
	return &c
}

func (w *rewriter) all(list []hclsyntax.Expression, at string) []hclsyntax.Expression {
	out := make([]hclsyntax.Expression, len(list))
	for i, n := range list {
		out[i] = w.nth(i, n, at)
	}
	return out
}
