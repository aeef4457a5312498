package validate

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/validate/typecheck"
)

// thresholds checks that a threshold's value is a number, which is never made of a string, and its conditions.
func thresholds(c *checker, s *lang.Step) {
	for _, t := range s.Thresholds {
		v := c.typed(t.Value, c.after(s, "a threshold"))
		switch {
		case isNull(v):
			c.error(t.Value.Range(), "Value is not a number", "Threshold %q takes a number; this is null.", t.Name)
		case v.Type() != cty.Number && v.Type() != cty.DynamicPseudoType:
			hint := ""
			if v.Type() == cty.String {
				hint = " A text is not converted here: write tonumber(…) around it."
			}
			if v.Type().IsCollectionType() || v.Type().IsTupleType() {
				hint = " Write length(…), sum(…) or max(…) of it."
			}
			c.error(t.Value.Range(), "Value is not a number", "Threshold %q takes a number; this is %s.%s", t.Name, typecheck.Friendly(v.Type()), hint)
		}
		p := c.after(s, "a threshold")
		p.value = cty.UnknownVal(cty.Number)
		if v.Type() == cty.Number && v.IsKnown() && !v.IsNull() {
			p.value = v
		}
		if t.Expect != nil {
			c.mustHold(t.Expect, p, "expect")
		}
		if t.Warn != nil {
			c.boolean(t.Warn, p, "warn")
		}
	}
}
