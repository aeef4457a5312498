package kubernetes

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"k8s.io/client-go/util/jsonpath"

	"github.com/e82355ed/runbook/engine/provider"
)

// parseJSONPath accepts what kubectl does for its columns: "{.spec.replicas}", ".spec.replicas", "spec.replicas".
func parseJSONPath(text string) (*jsonpath.JSONPath, error) {
	expression := text
	if !strings.HasPrefix(expression, "{") {
		expression = "{." + strings.TrimPrefix(strings.TrimPrefix(expression, "$"), ".") + "}"
	}
	if text == "" || strings.Count(expression, "{") != 1 || !strings.HasSuffix(expression, "}") {
		return nil, fmt.Errorf("%q is not one JSONPath expression; write one like \".spec.template.spec.containers[*].image\"", text)
	}
	path := jsonpath.New("field").AllowMissingKeys(true)
	if err := path.Parse(expression); err != nil {
		return nil, fmt.Errorf("%q is not a JSONPath expression: %w", text, err)
	}
	return path, nil
}

// manySigns stand in expressions that may find several values: wildcards, filters, slices, unions.
const manySigns = "*?:,"

// find gives what the expression finds: a list for an expression that may find several, so that its type does not
// depend on how many there are; else the value, or null. The path is parsed each time because evaluating one changes it.
func find(object rawObject, text string) (cty.Value, error) {
	path, err := parseJSONPath(text)
	if err != nil {
		return cty.NilVal, err
	}
	groups, err := path.FindResults(object)
	if err != nil && outOfBounds(err) && !strings.ContainsAny(text, manySigns) {
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	if err != nil {
		return cty.NilVal, err
	}
	var values []any
	for _, group := range groups {
		for _, v := range group {
			values = append(values, v.Interface())
		}
	}
	if len(values) > 1 || strings.ContainsAny(text, manySigns) {
		return provider.FromGo(values), nil
	}
	if len(values) == 0 {
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	return provider.FromGo(values[0]), nil
}

// outOfBounds tells the error about an element that a list does not have: a missing key is none. The package has no
// type for it.
func outOfBounds(err error) bool { return strings.HasPrefix(err.Error(), "array index out of bounds") }
