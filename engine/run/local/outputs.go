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
	for _, o := range r.Runbook.Outputs {
		if r.leftOut(o) {
			continue
		}
		got := run.OutputValue{Name: o.Name, Description: o.Description, Sensitive: o.Sensitive, Value: json.RawMessage("null")}
		v, more := r.Scope.Value(o.Value, lang.Frame{})
		diags = append(diags, more...)
		switch {
		case more.HasErrors():
			got.Error = text(more)
		case o.Sensitive:
			got.Value = json.RawMessage(`"(sensitive)"`)
		default:
			got.Value = lang.ValueToJSON(v)
		}
		out = append(out, got)
	}
	return out, diags
}

// leftOut reports whether an output refers to a step that --target left out.
func (r *runner) leftOut(o *lang.Output) bool {
	for _, ref := range o.Value.Refs {
		if ref.Kind == lang.RefStep && r.Graph.Node(ref.Name) == nil {
			return true
		}
	}
	return false
}
