package lang

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// maxElements is how many elements of a list are named; of more, their number is told.
const maxElements = 5

// quantifierOf gives "alltrue" or "anytrue" for a call of one of them with one argument.
func quantifierOf(e hclsyntax.Expression) string {
	if call, ok := e.(*hclsyntax.FunctionCallExpr); ok && len(call.Args) == 1 && (call.Name == "alltrue" || call.Name == "anytrue") {
		return call.Name
	}
	return ""
}

// quantified explains alltrue or anytrue: when it is as it should be, by the number of elements, else by those elements
// that made it so.
func (x *explainer) quantified(name string, call *hclsyntax.FunctionCallExpr, ctx *hcl.EvalContext, depth int, want bool) {
	result, diags := call.Value(ctx)
	arg := unwrap(call.Args[0])
	if tuple, ok := arg.(*hclsyntax.TupleConsExpr); ok {
		for _, item := range tuple.Exprs {
			x.operand(item, ctx, depth, want)
		}
		return
	}
	list := elementsOf(arg, ctx)
	switch {
	case diags.HasErrors() || list == nil:
		x.value(arg, ctx, depth)
	case len(list.items) == 0:
		x.add(x.expr.SourceOf(list.source), "empty", depth)
	case want && isTrue(result) || !want && isFalse(result):
		x.add(x.expr.SourceOf(list.source), counted(len(list.items)), depth)
	default:
		// alltrue is false for what is not true, anytrue true for what is.
		x.offenders(list, ctx, name == "anytrue" && !want, depth)
	}
}

func counted(n int) string {
	switch n {
	case 0:
		return "no elements"
	case 1:
		return "1 element"
	}
	return fmt.Sprintf("%d elements", n)
}

// elements are what alltrue and anytrue look at: conditions, each of an element of a source.
type elements struct {
	source hclsyntax.Expression
	items  []element
	// shows are the parts of an element that its condition reads, attributes as paths from the element.
	shows []hcl.Traversal
	// others are what the conditions refer to besides the element.
	others []hclsyntax.Expression
}

type element struct {
	key, value, holds cty.Value
}

// elementsOf evaluates the argument of a quantifier element by element; nil where that can't be done.
func elementsOf(arg hclsyntax.Expression, ctx *hcl.EvalContext) *elements {
	switch arg := arg.(type) {
	case *hclsyntax.ForExpr:
		return forElements(arg, ctx)
	case *hclsyntax.SplatExpr:
		if list := splatElements(arg, ctx); list != nil {
			return list
		}
	}
	v, diags := arg.Value(ctx)
	if diags.HasErrors() {
		return nil
	}
	list := &elements{source: arg}
	ok := eachElement(v, func(key, value cty.Value) {
		list.items = append(list.items, element{key: key, value: value, holds: value})
	})
	if !ok {
		return nil
	}
	return list
}

// eachElement goes over a collection; false where v is none or not known. The elements of a sensitive one are so too.
func eachElement(v cty.Value, f func(key, value cty.Value)) bool {
	v, marks := v.Unmark()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return false
	}
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		f(key.WithMarks(marks), value.WithMarks(marks))
	}
	return true
}

func forElements(e *hclsyntax.ForExpr, ctx *hcl.EvalContext) *elements {
	collection, diags := e.CollExpr.Value(ctx)
	if diags.HasErrors() || e.KeyExpr != nil {
		return nil
	}
	list := &elements{source: e.CollExpr}
	failed := false
	ok := eachElement(collection, func(key, value cty.Value) {
		child := ctx.NewChild()
		child.Variables = map[string]cty.Value{e.ValVar: value}
		if e.KeyVar != "" {
			child.Variables[e.KeyVar] = key
		}
		if e.CondExpr != nil {
			included, diags := e.CondExpr.Value(child)
			failed = failed || diags.HasErrors()
			if diags.HasErrors() || !isTrue(included) {
				return
			}
		}
		holds, diags := e.ValExpr.Value(child)
		failed = failed || diags.HasErrors()
		list.items = append(list.items, element{key: key, value: value, holds: holds})
	})
	if !ok || failed {
		return nil
	}
	for _, t := range hclsyntax.Variables(e.ValExpr) {
		switch t.RootName() {
		case e.ValVar:
			list.shows = append(list.shows, t[1:])
		case e.KeyVar:
		default:
			list.others = append(list.others, &hclsyntax.ScopeTraversalExpr{Traversal: t, SrcRange: t.SourceRange()})
		}
	}
	return list
}

// splatElements handles self.nodes[*].ready; other splats are shown by their values.
func splatElements(e *hclsyntax.SplatExpr, ctx *hcl.EvalContext) *elements {
	each, ok := e.Each.(*hclsyntax.RelativeTraversalExpr)
	if !ok {
		return nil
	}
	if _, direct := each.Source.(*hclsyntax.AnonSymbolExpr); !direct {
		return nil
	}
	collection, diags := e.Source.Value(ctx)
	if diags.HasErrors() || !isSequence(collection.Type()) {
		return nil
	}
	list := &elements{source: e.Source, shows: []hcl.Traversal{each.Traversal}}
	failed := false
	ok = eachElement(collection, func(key, value cty.Value) {
		holds, diags := each.Traversal.TraverseRel(value)
		failed = failed || diags.HasErrors()
		list.items = append(list.items, element{key: key, value: value, holds: holds})
	})
	if !ok || failed {
		return nil
	}
	return list
}

func isSequence(t cty.Type) bool { return t.IsListType() || t.IsTupleType() || t.IsSetType() }

// offenders names the elements whose condition is bad.
func (x *explainer) offenders(list *elements, ctx *hcl.EvalContext, bad bool, depth int) {
	source := x.expr.SourceOf(list.source)
	named, more := 0, 0
	for _, item := range list.items {
		if isTrue(item.holds) != bad {
			continue
		}
		if named++; named > maxElements {
			more++
			continue
		}
		x.add(fmt.Sprintf("%s[%s]", source, FormatValue(item.key)), list.describe(item), depth)
	}
	if more > 0 {
		x.add(source, fmt.Sprintf("%d more like these, of %s", more, counted(len(list.items))), depth)
	}
	for _, other := range list.others {
		x.show(other, ctx, depth)
	}
}

// namingAttributes tell one element from another; the first that an element has is shown with it.
var namingAttributes = [...]string{"name", "id", "instance", "path", "namespace", "key", "mount", "group"}

// describe writes what of an element matters: its name and what its condition reads.
func (l *elements) describe(item element) string {
	if item.value.IsMarked() || !item.value.Type().IsObjectType() || item.value.IsNull() || !item.value.IsKnown() || len(l.shows) == 0 {
		return FormatValue(item.value)
	}
	var parts []string
	seen := map[string]bool{}
	add := func(path string, v cty.Value) {
		if !seen[path] {
			seen[path] = true
			parts = append(parts, path+" = "+FormatValue(v))
		}
	}
	for _, name := range namingAttributes {
		if item.value.Type().HasAttribute(name) {
			add(name, item.value.GetAttr(name))
			break
		}
	}
	for _, t := range l.shows {
		if len(t) == 0 {
			return FormatValue(item.value)
		}
		if v, diags := t.TraverseRel(item.value); !diags.HasErrors() {
			add(strings.TrimPrefix(TraversalText(t), "."), v)
		}
	}
	return cutMiddle("{" + strings.Join(parts, ", ") + "}")
}

// NothingToCheck reports whether a condition holds only because an alltrue had no elements to look at.
func NothingToCheck(e *Expr, ctx *hcl.EvalContext) bool {
	return vacuous(e.Expression, ctx) && holds(e.Expression, ctx)
}

func vacuous(e hclsyntax.Expression, ctx *hcl.EvalContext) bool {
	switch e := unwrap(e).(type) {
	case *hclsyntax.BinaryOpExpr:
		switch e.Op {
		case hclsyntax.OpLogicalAnd:
			return vacuous(e.LHS, ctx) || vacuous(e.RHS, ctx)
		case hclsyntax.OpLogicalOr:
			// One side that holds for a reason is enough.
			left, right := vacuous(e.LHS, ctx), vacuous(e.RHS, ctx)
			return (left || right) && (left || !holds(e.LHS, ctx)) && (right || !holds(e.RHS, ctx))
		}
	case *hclsyntax.FunctionCallExpr:
		if quantifierOf(e) != "alltrue" {
			return false
		}
		list, diags := e.Args[0].Value(ctx)
		list, _ = list.Unmark()
		return !diags.HasErrors() && list.IsKnown() && !list.IsNull() && list.CanIterateElements() && list.LengthInt() == 0
	}
	return false
}

func holds(e hclsyntax.Expression, ctx *hcl.EvalContext) bool {
	v, diags := e.Value(ctx)
	return !diags.HasErrors() && isTrue(v)
}
