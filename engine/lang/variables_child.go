package lang

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// ResolveChild gives the variables of the runbook that a step runs their values. Later wins: the default, the environment,
// what the step gives in its argument `variables`. What sets variables from outside, --var and RUNBOOK_VAR_x, is for the
// runbook that was started. values is that argument: null, or an object or a map; where it is unknown, so are the variables.
func ResolveChild(s *Step, values cty.Value) (map[string]cty.Value, hcl.Diagnostics) {
	values, marks := values.Unmark()
	if !values.IsKnown() {
		return nil, nil // a scope knows the types of variables without values
	}
	given := map[string]cty.Value{}
	if !values.IsNull() {
		for it := values.ElementIterator(); it.Next(); {
			key, value := it.Element()
			given[key.AsString()] = value.WithMarks(marks)
		}
	}
	return ResolveVariables(s.Child, VariableSources{Given: given, GivenFrom: fmt.Sprintf("step %q (%s)", s.Name, place(s.Range))})
}
