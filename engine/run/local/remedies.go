package local

import (
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// remedies evaluates what to do. A part that can't be evaluated says so in place of its text: the rest still helps.
func (r *runner) remedies(list []*lang.Remedy, local lang.Frame) []run.Remedy {
	if len(list) == 0 {
		return nil
	}
	out := make([]run.Remedy, 0, len(list))
	for _, remedy := range list {
		out = append(out, run.Remedy{
			Text: r.remedyText(remedy.Text, local), Guide: r.remedyText(remedy.Guide, local),
			Contact: r.remedyText(remedy.Contact, local), Escalation: r.remedyText(remedy.Escalation, local),
		})
	}
	return out
}

func (r *runner) remedyText(e *lang.Expr, local lang.Frame) string {
	if e == nil {
		return ""
	}
	v, diags := r.scope.Text(e, local)
	if diags.HasErrors() {
		return "(can't be evaluated: " + text(diags) + ")"
	}
	if unmarked, _ := v.Unmark(); !unmarked.IsNull() && unmarked.Type().IsObjectType() {
		if unmarked.Type().HasAttribute("levels") {
			return escalationText(unmarked)
		}
		return contactText(unmarked)
	}
	return stringOf(v)
}

// contactParts are a contact's attributes in the order in which someone in need reads them.
var contactParts = []string{"role", "name", "phone", "slack", "email", "pagerduty", "url", "hours"}

func contactText(contact cty.Value) string {
	var parts []string
	for _, name := range contactParts {
		if s := attributeText(contact, name); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

func escalationText(escalation cty.Value) string {
	var parts []string
	for it := escalation.GetAttr("levels").ElementIterator(); it.Next(); {
		_, level := it.Element()
		part := ""
		if level.Type().HasAttribute("contact") {
			part = whoText(level.GetAttr("contact"))
		}
		if after := levelAfter(level); after > 0 {
			part = "after " + run.InUnits(after) + ": " + part
		}
		if brief := attributeText(level, "brief"); brief != "" {
			part += " (" + brief + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// whoText names a contact, or whom a text names.
func whoText(who cty.Value) string {
	unmarked, _ := who.Unmark()
	switch {
	case unmarked.IsNull():
		return ""
	case unmarked.Type().IsObjectType():
		return contactText(unmarked)
	}
	return stringOf(who)
}

// levelAfter is how long to wait before a level's contact is called; zero where it is called at once.
func levelAfter(level cty.Value) time.Duration {
	if !level.Type().HasAttribute("after_seconds") {
		return 0
	}
	seconds, _ := level.GetAttr("after_seconds").AsBigFloat().Float64()
	return time.Duration(seconds * float64(time.Second))
}

func attributeText(object cty.Value, name string) string {
	if !object.Type().HasAttribute(name) {
		return ""
	}
	v := object.GetAttr(name)
	if unmarked, _ := v.Unmark(); unmarked.IsNull() {
		return ""
	}
	return stringOf(v)
}
