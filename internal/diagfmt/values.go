package diagfmt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
)

// maxValue is how many bytes of a string value are shown.
const maxValue = 80

// valuesOf tells what the references in the diagnostic's expression stood for, each once, in order of their names.
func valuesOf(d *hcl.Diagnostic) []Value {
	values := []Value{}
	if d.Expression == nil || d.EvalContext == nil {
		return values
	}
	seen := map[string]bool{}
	for _, traversal := range d.Expression.Variables() {
		for len(traversal) > 1 { // the longest part that has a value says most
			v, diags := traversal.TraverseAbs(d.EvalContext)
			if diags.HasErrors() {
				traversal = traversal[:len(traversal)-1]
				continue
			}
			name := lang.TraversalText(traversal)
			if statement := statementOf(v); statement != "" && !seen[name] {
				seen[name] = true
				values = append(values, Value{Traversal: name, Statement: statement})
			}
			break
		}
	}
	slices.SortFunc(values, func(a, b Value) int { return strings.Compare(a.Traversal, b.Traversal) })
	return values
}

func literal(v cty.Value) string {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || !v.Type().IsPrimitiveType() {
		return "..."
	}
	if v.Type() == cty.String {
		return `"` + escape(v.AsString()) + `"`
	}
	text, err := convert.Convert(v, cty.String)
	if err != nil {
		return "..."
	}
	return text.AsString()
}

// escape writes a string as the inside of a literal in a runbook.
func escape(text string) string {
	quoted := fmt.Sprintf("%q", text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], "${", "$${")
}

// statementOf completes "var.x …"; empty where nothing useful is known.
func statementOf(v cty.Value) string {
	switch {
	case v.IsMarked():
		return "is (sensitive)"
	case !v.IsKnown() && v.Type() == cty.DynamicPseudoType:
		return ""
	case !v.IsKnown():
		return "is a " + v.Type().FriendlyName() + ", known only at run time"
	case v.IsNull():
		return "is null"
	case v.Type() == cty.String && len(v.AsString()) > maxValue:
		text := v.AsString()
		return fmt.Sprintf("is %s… (%d bytes)", strings.ToValidUTF8(`"`+escape(text[:maxValue]), ""), len(text))
	case v.Type().IsPrimitiveType():
		return "is " + literal(v)
	case v.Type().IsObjectType():
		return "is an object with " + plural(len(v.Type().AttributeTypes()), "attribute")
	case v.Type().IsTupleType():
		return "is a list of " + plural(len(v.Type().TupleElementTypes()), "element")
	case v.CanIterateElements():
		return "is a " + v.Type().FriendlyName() + " with " + plural(v.LengthInt(), "element")
	}
	return ""
}
