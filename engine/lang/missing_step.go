package lang

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// endedWithout says how a step ended that has no result.
var endedWithout = map[string]string{
	"skipped": "was skipped", "blocked": "was blocked", "cancelled": "was cancelled", "error": "ended with an error",
}

// withoutResult explains that a step has no result, where that is why the part is missing.
func (s *Scope) withoutResult(m missed) string {
	if !m.value.Type().IsObjectType() && !m.value.IsNull() {
		return ""
	}
	if m.lost != "" {
		text := fmt.Sprintf("The result of %s is not known, so it has no %q: %s. ", m.base, m.name, m.lost)
		if m.base == string(RefSelf) { // of an undo; to go on with the run with another file would do again what was undone
			return text + "What the undo was to do can't be worked out, so it has to be taken back by hand."
		}
		return text + fmt.Sprintf("Write what you know of it into the file, as in try(%s.%s, …), and go on with resume --with-changes: change only the step that needs it, as one that changed runs again.",
			m.base, m.name)
	}
	outcome, cause := "", stepError(m.value)
	if m.value.Type().IsObjectType() && m.value.Type().HasAttribute("outcome") && m.value.Type().HasAttribute("attempts") {
		if v, _ := m.value.GetAttr("outcome").Unmark(); v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
			outcome = v.AsString()
		}
	} else if s != nil && s.StepOutcome != nil && len(m.traversal) == 2 && m.traversal.RootName() == string(RefStep) {
		if attr, ok := m.traversal[1].(hcl.TraverseAttr); ok {
			outcome = s.StepOutcome(attr.Name)
		}
	}
	if outcome == "warn" && cause != "" && len(m.value.Type().AttributeTypes()) == ownAttributes {
		outcome = "error" // which continue_on_error made a warning
	}
	how, ok := endedWithout[outcome]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s %s%s, so it has no result %q. Where that may happen, write try(%s.%s, …).", m.base, how, cause, m.name, m.base, m.name)
}

// selfLost is where a context keeps Frame.SelfLost; no expression can name it.
const selfLost = "self, lost"

// whyLost says why the result that lacks a part is not known.
func (s *Scope) whyLost(m missed, d *hcl.Diagnostic, ctx *hcl.EvalContext) string {
	t := m.traversal
	if len(t) == 0 || !m.value.Type().IsObjectType() || len(m.value.Type().AttributeTypes()) < ownAttributes {
		return ""
	}
	if d.EvalContext != nil {
		ctx = d.EvalContext
	}
	switch RefKind(t.RootName()) {
	case RefSelf:
		if v, ok := lookUp(ctx, selfLost); ok && len(t) == 1 {
			return v.AsString()
		}
	case RefStep:
		if s == nil || s.StepLost == nil || len(t) < 2 || len(t) > 3 {
			return ""
		}
		name, ok := t[1].(hcl.TraverseAttr)
		if !ok {
			return ""
		}
		if len(t) == 2 {
			return s.StepLost(name.Name, "")
		}
		if key, ok := t[2].(hcl.TraverseIndex); ok {
			return s.StepLost(name.Name, keyText(key.Key))
		}
	}
	return ""
}

// ownAttributes is how many attributes a step has beside its action's result: outcome, error, started_at, duration_ms, attempts.
const ownAttributes = 5

// stepError is the error of a step's value in parentheses; empty where there is none that may be shown.
func stepError(step cty.Value) string {
	if !step.Type().IsObjectType() || step.IsNull() || !step.Type().HasAttribute("error") {
		return ""
	}
	v, marks := step.GetAttr("error").Unmark()
	if len(marks) > 0 || v.Type() != cty.String || !v.IsKnown() || v.IsNull() {
		return ""
	}
	return " (" + strings.TrimSuffix(v.AsString(), ".") + ")"
}

// withNullStep adds how a step with for_each ended that never came to its instances, where an expression takes it as a
// whole: its value is null.
func (s *Scope) withNullStep(d *hcl.Diagnostic, ctx *hcl.EvalContext) *hcl.Diagnostic {
	if s == nil || s.StepOutcome == nil || d.Expression == nil || d.Severity != hcl.DiagError {
		return d
	}
	steps, ok := lookUp(ctx, string(RefStep))
	if !ok {
		return d
	}
	for _, t := range d.Expression.Variables() {
		if len(t) < 2 || t.RootName() != string(RefStep) {
			continue
		}
		name, ok := t[1].(hcl.TraverseAttr)
		if !ok || !steps.Type().HasAttribute(name.Name) || !steps.GetAttr(name.Name).IsNull() {
			continue
		}
		if how, ok := endedWithout[s.StepOutcome(name.Name)]; ok {
			rewritten := *d
			rewritten.Detail = fmt.Sprintf("step.%s %s, so it has no instances. %s", name.Name, how, d.Detail)
			return &rewritten
		}
	}
	return d
}
