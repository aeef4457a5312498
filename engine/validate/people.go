package validate

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/validate/typecheck"
)

// people checks whom escalations name. What contacts hold are constants, which the loader reads.
func people(c *checker) {
	for _, name := range c.namesOf(lang.RefEscalation) {
		levels := c.rb.Escalations[name].Levels
		for i, level := range levels {
			c.contact(level.Contact, outside("an escalation", false))
			if i > 0 && level.After < levels[i-1].After {
				c.error(level.Range, "Level out of order", "Level %d of escalation %q falls due before the one before it: after %s, and that after %s. Levels stand in the order in which they fall due.",
					i+1, name, level.After, levels[i-1].After)
			}
		}
	}
}

// owner checks the runbook's owner.
func owner(c *checker) {
	c.contact(c.rb.Owner, outside("the runbook's owner", false))
}

// contact checks an expression that names a person: a contact, or a text.
func (c *checker) contact(e *lang.Expr, p *place) {
	if e == nil {
		return
	}
	v := c.typed(e, p)
	t := v.Type()
	switch {
	case t == cty.DynamicPseudoType || t.Equals(contactType):
	case t != cty.String:
		c.error(e.Range(), "Not a contact", "This takes a contact, such as contact.%s, or a text; this is %s.", c.example(lang.RefContact), typecheck.Friendly(t))
	default:
		if text, ok := knownText(v); ok && c.rb.Contacts[text] != nil {
			c.warn(e.Range(), "A text, not a contact", "There is a contact %q; without quotes, contact.%[1]s shows how to reach them.", text)
		}
	}
}

// escalation checks an expression that names an escalation.
func (c *checker) escalation(e *lang.Expr, p *place) {
	if e == nil {
		return
	}
	v := c.typed(e, p)
	if t := v.Type(); t != cty.DynamicPseudoType && !isEscalation(t) {
		c.error(e.Range(), "Not an escalation", "This takes an escalation, such as escalation.%s; this is %s.", c.example(lang.RefEscalation), typecheck.Friendly(t))
	}
}

// contactType is what contact.x is.
var contactType = cty.Object(map[string]cty.Type{
	"id": cty.String, "name": cty.String, "role": cty.String, "phone": cty.String, "email": cty.String,
	"slack": cty.String, "pagerduty": cty.String, "url": cty.String, "hours": cty.String,
})

// escalationType is what escalation.x is. A level's contact is a contact or a text.
func escalationType(e *lang.Escalation) cty.Type {
	level := cty.Object(map[string]cty.Type{"contact": cty.DynamicPseudoType, "after_seconds": cty.Number, "brief": cty.String})
	levels := make([]cty.Type, len(e.Levels))
	for i := range levels {
		levels[i] = level
	}
	return cty.Object(map[string]cty.Type{"name": cty.String, "levels": cty.Tuple(levels)})
}

func isEscalation(t cty.Type) bool { return t.IsObjectType() && t.HasAttribute("levels") }
