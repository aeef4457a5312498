package lang

import (
	"maps"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// EscalationsOf lists the escalations whose levels may fall due while a step waits for a person, by name: those that its
// escalation and that of its approval refer to, be it through locals. A wait can't come to any other.
func (r *Runbook) EscalationsOf(s *Step) []*Escalation {
	found := map[string]bool{}
	seen := map[string]bool{}
	var visit func(e *Expr)
	visit = func(e *Expr) {
		if e == nil {
			return
		}
		for _, ref := range e.Refs {
			switch {
			case ref.Kind == RefEscalation && r.Escalations[ref.Name] != nil:
				found[ref.Name] = true
			case ref.Kind == RefLocal && r.Locals[ref.Name] != nil && !seen[ref.Name]:
				seen[ref.Name] = true
				visit(r.Locals[ref.Name].Value)
			}
		}
	}
	visit(s.Escalation)
	if s.Approval != nil {
		visit(s.Approval.Escalation)
	}
	out := make([]*Escalation, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		out = append(out, r.Escalations[name])
	}
	return out
}

// Notifiers lists what tells the contacts of an escalation's levels, in their order.
func (e *Escalation) Notifiers() []*Step {
	var out []*Step
	for _, l := range e.Levels {
		if l.Notify != nil {
			out = append(out, l.Notify)
		}
	}
	return out
}

// LevelOf is the level that a notifier belongs to, from 1, and its escalation; nil for a step that is none.
func (r *Runbook) LevelOf(s *Step) (*Escalation, int) {
	for _, e := range r.Escalations {
		for i, l := range e.Levels {
			if l.Notify == s {
				return e, i + 1
			}
		}
	}
	return nil, 0
}

// Notice is what a notifier sees as self: the level that fell due, and the step that waits.
type Notice struct {
	// Escalation is the name of the level's escalation, Number counts its levels from 1.
	Escalation string
	Number     int
	// Contact is what the level's contact gave: a contact, or a text that names one. Brief is empty where there is none.
	Contact cty.Value
	Brief   string
	// Step is the whole address of the step that waits, For and Prompt what it asks.
	Step, For, Prompt string
	// AskedAt is when the question was asked, Deadline when its time is over; zero: never.
	AskedAt, Deadline time.Time
}

// Value is self. Its contact has the attributes of a contact, also where a text names it.
func (n *Notice) Value() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"escalation": cty.StringVal(n.Escalation), "number": cty.NumberIntVal(int64(n.Number)),
		"contact": asContact(n.Contact), "brief": orNull(n.Brief),
		"step": cty.StringVal(n.Step), "for": cty.StringVal(n.For), "prompt": cty.StringVal(n.Prompt),
		"asked_at": orNull(rfc3339(n.AskedAt)), "deadline": orNull(rfc3339(n.Deadline)),
	})
}

// NoticeType is the type of self in a notifier.
func NoticeType() cty.Type { return (&Notice{}).Value().Type() }

// asContact makes a contact of whatever names a person; cty.NilVal is nobody.
func asContact(who cty.Value) cty.Value {
	attrs := contactValue(&Contact{}).AsValueMap()
	if who == cty.NilVal {
		return cty.ObjectVal(attrs)
	}
	plain, marks := who.Unmark()
	text := func(v cty.Value) cty.Value {
		if converted, err := convert.Convert(v, cty.String); err == nil && converted.IsWhollyKnown() {
			return converted.WithMarks(marks)
		}
		return cty.NullVal(cty.String)
	}
	if plain.IsNull() || !plain.Type().IsObjectType() {
		attrs["name"] = text(plain)
		return cty.ObjectVal(attrs)
	}
	for name := range attrs {
		if plain.Type().HasAttribute(name) {
			attrs[name] = text(plain.GetAttr(name))
		}
	}
	return cty.ObjectVal(attrs)
}
