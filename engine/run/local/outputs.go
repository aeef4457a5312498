package local

import (
	"encoding/json"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// evaluateOutputs gives every output; one that needs a step which did not run has an error in place of its value.
func (r *runner) evaluateOutputs() ([]run.OutputValue, hcl.Diagnostics) {
	var out []run.OutputValue
	var diags hcl.Diagnostics
	for _, o := range r.runbook.Outputs {
		if r.leftOut(o.Value) {
			continue
		}
		got := run.OutputValue{Name: o.Name, Description: o.Description, Sensitive: o.Sensitive, Value: json.RawMessage("null")}
		v, more := r.scope.Value(o.Value, lang.Frame{})
		diags = append(diags, more...)
		switch {
		case more.HasErrors():
			got.Error = text(more)
		case !v.IsWhollyKnown() && r.needsUnread(o.Value):
			got.Error = "it needs a variable that is encrypted, and was not read in this session"
		case o.Sensitive:
			got.Value = json.RawMessage(`"(sensitive)"`)
		default:
			got.Value = lang.ValueToJSON(v)
		}
		out = append(out, got)
	}
	return out, diags
}

// leftOut reports whether an expression refers to a step that --target left out, be it through locals.
func (r *runner) leftOut(e *lang.Expr) bool {
	return r.hasRef(e, func(ref lang.Ref) bool { return ref.Kind == lang.RefStep && r.graph.Node(ref.Name) == nil })
}

// needsUnread reports whether an expression refers to a variable that this session did not read, be it through locals.
func (r *runner) needsUnread(e *lang.Expr) bool {
	return r.hasRef(e, func(ref lang.Ref) bool {
		v, given := r.scope.Variables[ref.Name]
		return ref.Kind == lang.RefVar && given && !v.IsWhollyKnown()
	})
}

// hasRef reports whether an expression, or a local that it refers to, has such a reference.
func (r *runner) hasRef(e *lang.Expr, such func(lang.Ref) bool) bool {
	return slices.ContainsFunc(r.runbook.Uses(e), func(used *lang.Expr) bool { return slices.ContainsFunc(used.Refs, such) })
}
