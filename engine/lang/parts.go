package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Parts offers an expression and those within it, each before its own parts, and goes into those that take refuses. Literals, and what
// only puts others together, such as a list or a template, are not offered.
func (e *Expr) Parts(take func(part *Expr) bool) {
	// The walker gives no diagnostics, so the walk has none.
	_ = hclsyntax.Walk(e.Expression, &partWalker{whole: e, take: take})
}

// partWalker counts how deep it is within a part that was taken; zero: outside all.
type partWalker struct {
	whole  *Expr
	take   func(*Expr) bool
	within int
}

func (w *partWalker) Enter(n hclsyntax.Node) hcl.Diagnostics {
	if w.within > 0 {
		w.within++
		return nil
	}
	inner, ok := n.(hclsyntax.Expression)
	if !ok {
		return nil
	}
	switch inner.(type) {
	case *hclsyntax.LiteralValueExpr, *hclsyntax.TemplateExpr, *hclsyntax.TemplateWrapExpr, *hclsyntax.ParenthesesExpr,
		*hclsyntax.TupleConsExpr, *hclsyntax.ObjectConsExpr, *hclsyntax.ObjectConsKeyExpr:
		return nil
	}
	if w.take(w.whole.part(inner)) {
		w.within = 1
	}
	return nil
}

func (w *partWalker) Exit(hclsyntax.Node) hcl.Diagnostics {
	w.within = max(w.within-1, 0)
	return nil
}
