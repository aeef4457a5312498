package lang

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// duplicateKey is the summary of HCL's diagnostic that repeats a key which a for expression made twice.
const duplicateKey = "Duplicate object key"

// withoutSecrets hides the reason of a function's error where an argument is sensitive: it may repeat the argument, also
// where it is about another one.
func withoutSecrets(e hclsyntax.Expression, d *hcl.Diagnostic, ctx *hcl.EvalContext) *hcl.Diagnostic {
	call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d)
	if duplicate := d.Summary == duplicateKey; !ok && !duplicate || d.Expression == nil {
		return d
	}
	if d.EvalContext != nil {
		ctx = d.EvalContext
	}
	if !readsSensitive(d.Expression, ctx) && !slices.ContainsFunc(callsOf(e, d.Expression), func(call hcl.Expression) bool {
		return readsSensitive(call, ctx)
	}) {
		return d
	}
	rewritten := *d
	if !ok {
		rewritten.Detail = "Two items have the same key, which is not shown, as it is sensitive. To group values by key, write an ellipsis (...) after the value."
		return &rewritten
	}
	rewritten.Detail = fmt.Sprintf("Call to function %q failed; the reason is not shown, as an argument is sensitive.", call.CalledFunctionName())
	return &rewritten
}

// readsSensitive reports whether an expression, an argument of the call that it is, or a name in it is sensitive.
func readsSensitive(e hcl.Expression, ctx *hcl.EvalContext) bool {
	parts := []hcl.Expression{e}
	if call, ok := e.(*hclsyntax.FunctionCallExpr); ok {
		for _, arg := range call.Args {
			parts = append(parts, arg)
		}
	}
	for _, t := range e.Variables() {
		parts = append(parts, &hclsyntax.ScopeTraversalExpr{Traversal: t})
	}
	return slices.ContainsFunc(parts, func(part hcl.Expression) bool {
		// What can't be evaluated has no value that could be shown.
		v, _ := part.Value(ctx)
		return v.ContainsMarked()
	})
}

// callsOf are the calls in e that have argument among their arguments.
func callsOf(e hclsyntax.Expression, argument hcl.Expression) []hcl.Expression {
	var out []hcl.Expression
	visit(e, func(n hclsyntax.Node) {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		if ok && slices.ContainsFunc(call.Args, func(arg hclsyntax.Expression) bool { return hcl.Expression(arg) == argument }) {
			out = append(out, call)
		}
	})
	return out
}

// withMarks gives the names that for expressions in e declare their marks back, in the context of a diagnostic: HCL takes
// those of the collection off, and puts them on the result, which a diagnostic is in place of.
func withMarks(e hclsyntax.Expression, d *hcl.Diagnostic, ctx *hcl.EvalContext) *hcl.Diagnostic {
	if d.Subject == nil || d.EvalContext == nil || d.EvalContext == ctx {
		return d
	}
	marks := marksAround(e, *d.Subject, d.EvalContext)
	if len(marks) == 0 {
		return d
	}
	rewritten := *d
	rewritten.EvalContext = marked(d.EvalContext, ctx, marks)
	return &rewritten
}

// marksAround are the marks of the collections that for expressions around a place go over.
func marksAround(e hclsyntax.Expression, place hcl.Range, ctx *hcl.EvalContext) cty.ValueMarks {
	marks := cty.ValueMarks{}
	visit(e, func(n hclsyntax.Node) {
		loop, ok := n.(*hclsyntax.ForExpr)
		if !ok || !contains(loop.Range(), place) {
			return
		}
		// Its own names may hide others of the same names, which its collection is made of.
		for at := ctx; at != nil; at = at.Parent() {
			v, _ := loop.CollExpr.Value(at)
			maps.Copy(marks, v.Marks())
		}
	})
	return marks
}

func contains(outer, inner hcl.Range) bool {
	return outer.Filename == inner.Filename && outer.Start.Byte <= inner.Start.Byte && inner.End.Byte <= outer.End.Byte
}

// marked copies the contexts from ctx up to outer, the latter excluded, with marks on the values of all names.
func marked(ctx, outer *hcl.EvalContext, marks cty.ValueMarks) *hcl.EvalContext {
	if ctx == nil || ctx == outer {
		return ctx
	}
	parent := marked(ctx.Parent(), outer, marks)
	if parent == nil {
		return ctx
	}
	out := parent.NewChild()
	out.Functions, out.Variables = ctx.Functions, make(map[string]cty.Value, len(ctx.Variables))
	for name, v := range ctx.Variables {
		out.Variables[name] = v.WithMarks(marks)
	}
	return out
}

func visit(e hclsyntax.Expression, f func(hclsyntax.Node)) {
	// What f finds is no problem of the file.
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		f(n)
		return nil
	})
}
