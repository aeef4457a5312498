package validate

import (
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
)

// remedies checks what a step, its assertions and its thresholds say to do.
func remedies(c *checker, s *lang.Step) {
	lists := [][]*lang.Remedy{s.Remedies}
	for _, a := range s.Asserts {
		lists = append(lists, a.Remedies)
	}
	for _, t := range s.Thresholds {
		lists = append(lists, t.Remedies)
	}
	all := slices.Concat(lists...)
	if len(all) == 0 {
		return
	}
	p := c.after(s, "a remedy")
	p.self = c.ended(p.self)
	for _, r := range all {
		c.message(r.Text, p, "text")
		c.message(r.Guide, p, "guide")
		c.contact(r.Contact, p)
		c.escalation(r.Escalation, p)
	}
}

// ended is self with what is known only once the checks are done.
func (c *checker) ended(self cty.Value) cty.Value {
	if !self.Type().IsObjectType() {
		return self
	}
	types := maps.Clone(self.Type().AttributeTypes())
	maps.Copy(types, ending)
	return cty.UnknownVal(cty.Object(types))
}
