package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// explainMissing rewrites HCL's diagnostics of e about parts of values that are not there: it says which value, why the part
// is missing or what is there instead. It works without a scope too, with less to tell.
func (s *Scope) explainMissing(e hclsyntax.Expression, ctx *hcl.EvalContext, diags hcl.Diagnostics) hcl.Diagnostics {
	out := make(hcl.Diagnostics, 0, len(diags))
	for _, d := range diags {
		d = withoutSecrets(e, withMarks(e, withoutStack(d), ctx), ctx)
		m, ok := missingPart(d, ctx)
		if !ok {
			out = append(out, s.withNullStep(d, ctx))
			continue
		}
		if local := s.failedLocal(m); local != nil {
			out = append(out, local...)
			continue
		}
		m.lost = s.whyLost(m, d, ctx)
		rewritten := *d
		rewritten.Summary = "Missing value"
		rewritten.Detail = s.missingDetail(m)
		out = append(out, &rewritten)
	}
	return out
}

// withoutStack rewrites the error of a function or an operator that panicked, which cty tells with its stack.
func withoutStack(d *hcl.Diagnostic) *hcl.Diagnostic {
	before, _, panicked := strings.Cut(d.Detail, "panic in function implementation")
	if !panicked {
		return d
	}
	rewritten := *d
	rewritten.Detail = before + "it can't work with these values; is one of them infinite, as of a division by zero?"
	return &rewritten
}

// missed is a part of a value that an expression asked for in vain.
type missed struct {
	// traversal leads to the value, as written; nil where an expression other than a reference gave it.
	traversal hcl.Traversal
	// base is the value's source, name the missing part.
	base, name string
	index      bool // asked for in brackets
	sensitive  bool // its keys are not shown
	value      cty.Value
	// lost is why the result is not known that the part would be of.
	lost string
}

// missingSummaries are those of HCL's diagnostics that may be about a part that is not there.
var missingSummaries = map[string]bool{
	"Unsupported attribute": true, "Invalid index": true, "Missing map element": true,
	"Attempt to get attribute from null value": true, "Attempt to index null value": true,
}

// missingPart finds the value that lacks the part which a diagnostic is about.
func missingPart(d *hcl.Diagnostic, ctx *hcl.EvalContext) (missed, bool) {
	if d.Severity != hcl.DiagError || !missingSummaries[d.Summary] {
		return missed{}, false
	}
	if d.EvalContext != nil {
		ctx = d.EvalContext
	}
	switch e := d.Expression.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		root, ok := lookUp(ctx, e.Traversal.RootName())
		if !ok {
			return missed{}, false
		}
		return walkTraversal(root, e.Traversal, 1)
	case *hclsyntax.RelativeTraversalExpr:
		if _, anonymous := e.Source.(*hclsyntax.AnonSymbolExpr); anonymous {
			// The element of a splat: its value is gone by now.
			return missed{}, false
		}
		root, diags := e.Source.Value(ctx)
		if diags.HasErrors() {
			return missed{}, false
		}
		return walkTraversal(root, e.Traversal, 0)
	}
	return missed{}, false
}

func lookUp(ctx *hcl.EvalContext, name string) (cty.Value, bool) {
	for ; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[name]; ok {
			return v, true
		}
	}
	return cty.NilVal, false
}

// walkTraversal goes along t from its step first and stops where a part is missing.
func walkTraversal(v cty.Value, t hcl.Traversal, first int) (missed, bool) {
	sensitive := false
	for i := first; i < len(t); i++ {
		unmarked, marks := v.Unmark()
		v, sensitive = unmarked, sensitive || len(marks) > 0
		next, diags := t[i : i+1].TraverseRel(v)
		if !diags.HasErrors() {
			v = next
			continue
		}
		m := missed{base: TraversalText(t[:i]), value: v, sensitive: sensitive}
		if first == 1 {
			m.traversal = t[:i]
		}
		switch step := t[i].(type) {
		case hcl.TraverseAttr:
			m.name = step.Name
		case hcl.TraverseIndex:
			m.name, m.index = keyText(step.Key), true
		}
		return m, v.IsKnown()
	}
	return missed{}, false
}

func keyText(key cty.Value) string {
	if key.Type() == cty.String && key.IsKnown() && !key.IsNull() {
		return key.AsString()
	}
	return FormatValue(key)
}

func indexText(key cty.Value) string {
	if unmarked, _ := key.Unmark(); unmarked.IsKnown() && !unmarked.IsNull() && unmarked.Type().IsPrimitiveType() {
		return FormatValue(unmarked)
	}
	return "…"
}

// TraversalText writes a reference as it stands in a file; a key that is not known is "…".
func TraversalText(t hcl.Traversal) string {
	var out strings.Builder
	for _, step := range t {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			out.WriteString(step.Name)
		case hcl.TraverseAttr:
			out.WriteString("." + step.Name)
		case hcl.TraverseIndex:
			out.WriteString("[" + indexText(step.Key) + "]")
		}
	}
	return out.String()
}

// failedLocal gives the errors of a local that Context left out because it could not be evaluated.
func (s *Scope) failedLocal(m missed) hcl.Diagnostics {
	if s == nil || len(m.traversal) != 1 || m.traversal.RootName() != string(RefLocal) || s.Runbook.Locals[m.name] == nil {
		return nil
	}
	_, diags := s.local(m.name, nil)
	return diags
}

func (s *Scope) missingDetail(m missed) string {
	if why := s.withoutResult(m); why != "" {
		return why
	}
	base := m.base
	if base == "" {
		base = "This value"
	}
	t := m.value.Type()
	part := "attribute"
	if m.index {
		part = "key"
	}
	switch {
	case m.value.IsNull():
		return fmt.Sprintf("%s is null, so it has no %s %q.", base, part, m.name)
	case m.sensitive:
		return fmt.Sprintf("%s has no %s %q.", base, part, m.name)
	case t.IsObjectType() || t.IsMapType():
		return fmt.Sprintf("%s has no %s %q%s", base, part, m.name, instead(m.name, slices.Sorted(maps.Keys(m.value.AsValueMap()))))
	case t.IsListType() || t.IsTupleType():
		if m.index {
			return fmt.Sprintf("%s has %s, so there is none at %s.", base, counted(m.value.LengthInt()), m.name)
		}
		return fmt.Sprintf("%s is a list, so it has no attribute %q; its elements may: %s[*].%s, %s[0].%s.", base, m.name, base, m.name, base, m.name)
	}
	return fmt.Sprintf("%s is %s: it has no %s %q.", base, withArticle(t.FriendlyName()), part, m.name)
}

// instead ends a sentence about a name that is not there with what is.
func instead(given string, names []string) string {
	const most = 12
	if len(names) == 0 {
		return "; it is empty."
	}
	text := strings.Join(names, ", ")
	if len(names) > most {
		text = strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	if near := Suggest(given, names); near != "" {
		return fmt.Sprintf("; did you mean %q? It has %s.", near, text)
	}
	return "; it has " + text + "."
}
