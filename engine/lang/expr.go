package lang

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// expr makes the model's form of an attribute's expression, whichever syntax it is written in.
func (d *decoder) expr(a *attribute) *Expr {
	if native, ok := a.raw.(hclsyntax.Expression); ok {
		at := native.Range()
		return newExpr(native, d.textAt(at), at.Start.Byte)
	}
	return d.jsonExpr(a.raw)
}

func (d *decoder) attr(a *attribute) *Attr {
	return &Attr{Name: a.name, Expr: d.expr(a), Range: a.rng, NameRange: a.nameRng}
}

func (d *decoder) textAt(r hcl.Range) string {
	if r.Start.Byte < 0 || r.End.Byte > len(d.source) || r.Start.Byte > r.End.Byte {
		return ""
	}
	return string(d.source[r.Start.Byte:r.End.Byte])
}

func newExpr(e hclsyntax.Expression, source string, base int) *Expr {
	return &Expr{Expression: e, Refs: references(e), Source: source, base: base, timed: callsNow(e, source)}
}

// callsNow reports whether an expression may call now, be it in a template of a file.
func callsNow(e hclsyntax.Expression, source string) bool {
	if !strings.Contains(source, "now") && !strings.Contains(source, "templatefile") && !strings.Contains(source, `\u`) {
		return false // most are told apart by their text, in which JSON may write a letter as \u006e
	}
	calls := false
	// The callback gives no diagnostics, so the walk has none.
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		calls = calls || ok && (call.Name == "now" || call.Name == "templatefile")
		return nil
	})
	return calls
}

// part makes an Expr of an expression within e.
func (e *Expr) part(inner hclsyntax.Expression) *Expr {
	out := newExpr(inner, e.SourceOf(inner), inner.Range().Start.Byte)
	out.json = e.json
	return out
}

// SourceOf gives the text of an expression within e, or of e itself.
func (e *Expr) SourceOf(inner hcl.Expression) string { return e.textAt(inner.Range()) }

func (e *Expr) textAt(r hcl.Range) string {
	start, end := r.Start.Byte-e.base, r.End.Byte-e.base
	if start < 0 || end > len(e.Source) || start > end {
		return e.Source
	}
	return e.Source[start:end]
}

// ParseExpression parses an expression that stands alone: a value of --var, a line of the console. filename names its
// origin in diagnostics. The result is nil where there are errors.
func ParseExpression(text, filename string) (*Expr, hcl.Diagnostics) {
	at := hcl.Range{Filename: filename, Start: hcl.InitialPos}
	parsed, diags := parseExpression([]byte(text), at)
	if diags.HasErrors() {
		return nil, diags
	}
	return newExpr(parsed, text, 0), diags
}

func parseExpression(src []byte, at hcl.Range) (hclsyntax.Expression, hcl.Diagnostics) {
	if bad := checkText(src, at.Filename); bad != nil {
		return nil, hcl.Diagnostics{bad}
	}
	if bad := checkNesting(src, at.Filename, at.Start, nativeSource); bad != nil {
		return nil, hcl.Diagnostics{bad}
	}
	return hclsyntax.ParseExpression(src, at.Filename, at.Start)
}

func parseTemplate(src []byte, filename string, start hcl.Pos) (hclsyntax.Expression, hcl.Diagnostics) {
	if bad := checkNesting(src, filename, start, templateSource); bad != nil {
		return nil, hcl.Diagnostics{bad}
	}
	return hclsyntax.ParseTemplate(src, filename, start)
}

// jsonString gives the text of a JSON string and the place of its first character.
func jsonString(e hcl.Expression) (string, hcl.Range, bool) {
	if _, native := e.(hclsyntax.Expression); native {
		return "", hcl.Range{}, false
	}
	v, diags := e.Value(nil)
	if diags.HasErrors() || v.IsNull() || v.Type() != cty.String {
		return "", hcl.Range{}, false
	}
	at := e.Range()
	at.Start.Byte++
	at.Start.Column++
	return v.AsString(), at, true
}

// jsonExpr converts an expression of the JSON syntax to the native syntax' tree, so that all that looks at trees sees
// one kind: strings are templates, arrays tuples, objects objects.
func (d *decoder) jsonExpr(e hcl.Expression) *Expr {
	converted := d.jsonTree(e)
	text, at, isString := jsonString(e)
	if !isString {
		out := newExpr(converted, d.textAt(e.Range()), e.Range().Start.Byte)
		out.json = out.Source
		return out
	}
	if wrap, ok := converted.(*hclsyntax.TemplateWrapExpr); ok {
		whole := &Expr{Source: text, base: at.Start.Byte}
		return whole.part(wrap.Wrapped)
	}
	out := newExpr(converted, text, at.Start.Byte)
	out.json = text
	return out
}

func (d *decoder) jsonTree(e hcl.Expression) hclsyntax.Expression {
	at := e.Range()
	if items, diags := hcl.ExprList(e); !diags.HasErrors() {
		tuple := &hclsyntax.TupleConsExpr{SrcRange: at, OpenRange: e.StartRange()}
		for _, item := range items {
			tuple.Exprs = append(tuple.Exprs, d.jsonTree(item))
		}
		return tuple
	}
	if pairs, diags := hcl.ExprMap(e); !diags.HasErrors() {
		object := &hclsyntax.ObjectConsExpr{SrcRange: at, OpenRange: e.StartRange()}
		for _, pair := range pairs {
			object.Items = append(object.Items, hclsyntax.ObjectConsItem{
				KeyExpr:   &hclsyntax.ObjectConsKeyExpr{Wrapped: d.jsonTree(pair.Key)},
				ValueExpr: d.jsonTree(pair.Value),
			})
		}
		return object
	}
	if text, inner, ok := jsonString(e); ok {
		parsed, diags := parseTemplate([]byte(text), at.Filename, inner.Start)
		d.diags = append(d.diags, diags...)
		if diags.HasErrors() {
			return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: at}
		}
		return parsed
	}
	// Numbers, true, false and null have no diagnostics.
	v, _ := e.Value(nil)
	return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: at}
}

// stepRefs reads depends_on: a list of step.<name>, or in JSON of such strings.
func (d *decoder) stepRefs(a *attribute) []Ref {
	const want = "depends_on is a list of steps, such as [step.nodes, step.pods]"
	items, diags := hcl.ExprList(a.raw)
	if diags.HasErrors() {
		d.errorAt(a.raw.Range(), "Not a list of steps", "%s.", want)
		return nil
	}
	var refs []Ref
	for _, item := range items {
		traversal, diags := hcl.AbsTraversalForExpr(item)
		if diags.HasErrors() || traversal.RootName() != string(RefStep) || len(traversal) < 2 || len(traversal) > 3 {
			d.errorAt(item.Range(), "Not a step", "%s%s.", want, hintStep(item))
			continue
		}
		ref := reference(traversal)
		if _, isInstance := traversal[len(traversal)-1].(hcl.TraverseIndex); ref.Name == "" || len(traversal) == 3 && !isInstance {
			d.errorAt(item.Range(), "Not a step", "%s%s.", want, hintStep(item))
			continue
		}
		ref.OutcomeOnly = false
		ref.Range = item.Range()
		refs = append(refs, ref)
	}
	return refs
}

// hintStep helps those who write a name in quotes or leave the "step." out.
func hintStep(item hcl.Expression) string {
	if v, diags := item.Value(nil); !diags.HasErrors() && v.Type() == cty.String && !v.IsNull() && hclsyntax.ValidIdentifier(v.AsString()) {
		return fmt.Sprintf(": write step.%s without quotes", v.AsString())
	}
	if traversal, diags := hcl.AbsTraversalForExpr(item); !diags.HasErrors() && len(traversal) == 1 {
		return fmt.Sprintf(": write step.%s", traversal.RootName())
	}
	return ""
}
