package local

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// object evaluates attributes into an object of a schema: converted to its types, null where absent. sink is told the
// secrets among them.
func object(scope *lang.Scope, schema *provider.Object, attrs map[string]*lang.Attr, local lang.Frame, sink SecretSink) (cty.Value, hcl.Diagnostics) {
	values := make(map[string]cty.Value, len(schema.Attributes))
	var diags hcl.Diagnostics
	for i := range schema.Attributes {
		a := &schema.Attributes[i]
		attr := attrs[a.Name]
		if attr == nil {
			values[a.Name] = cty.NullVal(a.Type)
			continue
		}
		v, more := scope.Value(attr.Expr, local)
		diags = append(diags, more...)
		if more.HasErrors() {
			continue
		}
		converted, err := convert.Convert(v, a.Type)
		if err != nil {
			diags = append(diags, diagnostic("Wrong type", fmt.Sprintf("%s must be %s: %s.", a.Name, a.Type.FriendlyName(), err), attr.Range)...)
			continue
		}
		if unmarked, _ := converted.Unmark(); unmarked.IsNull() && a.Required {
			diags = append(diags, diagnostic("A required argument is null", fmt.Sprintf("%s = %s gave null.", a.Name, attr.Expr.Source), attr.Range)...)
			continue
		}
		if !converted.IsWhollyKnown() {
			diags = append(diags, notKnown("A value is not known any more", fmt.Sprintf("%s = %s %s.", a.Name, attr.Expr.Source, whyUnknown(scope, attr.Expr, local)), attr.Range)...)
			continue
		}
		if a.Sensitive {
			converted = converted.Mark(provider.Sensitive)
		}
		if values[a.Name] = converted; a.File {
			scope.NamesFile(attr.Expr, converted)
		}
		TellAttribute(a, converted, sink)
	}
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	return cty.ObjectVal(values), diags
}

// whyUnknown says why an expression has no value that it once had.
func whyUnknown(scope *lang.Scope, e *lang.Expr, local lang.Frame) string {
	if local.EachLost != "" && refersTo(e, lang.RefEach) {
		return "needs each.value, and " + local.EachLost
	}
	for _, ref := range e.Refs {
		of, lost := "self", ""
		switch {
		case ref.Kind == lang.RefSelf:
			lost = local.SelfLost
		case ref.Kind == lang.RefStep && scope.StepLost != nil:
			of, lost = "step."+ref.Name, scope.StepLost(ref.Name, keyIn(ref))
		}
		if lost != "" {
			return "needs what is not known of the result of " + of + ": " + lost
		}
	}
	if scope.VariablesLost != "" {
		return "needs a variable of its runbook, which is not to be had: " + strings.TrimSuffix(scope.VariablesLost, ".")
	}
	return "needs a result of an earlier session that was not kept: it was sensitive, or an older version did not record it"
}

// keyIn is the key of an instance in a reference to a step; empty: there is none, or it is not written as such.
func keyIn(ref lang.Ref) string {
	if len(ref.Traversal) > 2 {
		if at, ok := ref.Traversal[2].(hcl.TraverseIndex); ok && at.Key.Type() == cty.String && at.Key.IsKnown() && !at.Key.IsNull() {
			return at.Key.AsString()
		}
	}
	return ""
}

// Text writes diagnostics' errors in one line, as events do.
func Text(diags hcl.Diagnostics) string { return text(diags) }

// text writes diagnostics' errors in one line, for events.
func text(diags hcl.Diagnostics) string {
	var parts []string
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		part := d.Summary
		if d.Detail != "" {
			part = d.Detail
		}
		if d.Subject != nil {
			part = fmt.Sprintf("%s:%d: %s", baseName(d.Subject.Filename), d.Subject.Start.Line, part)
		}
		if !slices.Contains(parts, part) { // of each element of a list
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "; ")
}

func baseName(path string) string {
	return path[strings.LastIndexAny(path, `/\`)+1:]
}

// KnownArgs evaluates what can be known of a step's arguments before it runs; the rest is unknown.
func KnownArgs(scope *lang.Scope, step *lang.Step, local lang.Frame) cty.Value {
	schema := step.Spec.Spec().Args()
	values := make(map[string]cty.Value, len(schema.Attributes))
	for i := range schema.Attributes {
		a := &schema.Attributes[i]
		attr := step.Args[a.Name]
		if attr == nil {
			values[a.Name] = cty.NullVal(a.Type)
			continue
		}
		values[a.Name] = cty.UnknownVal(a.Type)
		if v, diags := scope.Value(attr.Expr, local); !diags.HasErrors() {
			if converted, err := convert.Convert(v, a.Type); err == nil {
				values[a.Name] = converted
			}
		}
		if a.File {
			scope.NamesFile(attr.Expr, values[a.Name])
		}
	}
	return cty.ObjectVal(values)
}
