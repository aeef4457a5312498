package local

import (
	"encoding/json"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// evaluateOutputs gives every output; one that needs a step which did not run has an error in place of its value.
func (r *runner) evaluateOutputs() ([]run.OutputValue, hcl.Diagnostics) {
	var out []run.OutputValue
	var diags hcl.Diagnostics
	for _, o := range r.runbook.Outputs {
		if r.leftOut(o.Value, map[string]bool{}) {
			continue
		}
		got := run.OutputValue{Name: o.Name, Description: o.Description, Sensitive: o.Sensitive, Value: json.RawMessage("null")}
		v, more := r.scope.Value(o.Value, lang.Frame{})
		diags = append(diags, more...)
		switch {
		case more.HasErrors():
			got.Error = text(more)
		case !v.IsWhollyKnown():
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
func (r *runner) leftOut(e *lang.Expr, seen map[string]bool) bool {
	for _, ref := range e.Refs {
		switch ref.Kind {
		case lang.RefStep:
			if r.graph.Node(ref.Name) == nil {
				return true
			}
		case lang.RefLocal:
			if local := r.runbook.Locals[ref.Name]; local != nil && !seen[ref.Name] {
				seen[ref.Name] = true
				if r.leftOut(local.Value, seen) {
					return true
				}
			}
		}
	}
	return false
}
