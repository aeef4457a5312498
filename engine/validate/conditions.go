package validate

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/validate/typecheck"
)

// conditions checks a step's when, precondition, assertions and poll.until.
func conditions(c *checker, s *lang.Step) {
	if s.When != nil {
		c.boolean(s.When, c.before(s, "when"), "when")
	}
	if s.Precondition != nil {
		c.mustHold(s.Precondition.Condition, c.before(s, "a precondition"), "This precondition")
		c.message(s.Precondition.ErrorMessage, c.before(s, "a precondition"), "error_message")
	}
	if s.Poll != nil {
		c.mustHold(s.Poll.Until, c.after(s, "poll"), "until")
	}
	for _, a := range s.Asserts {
		c.mustHold(a.Condition, c.after(s, "an assertion"), "This assertion")
		c.message(a.ErrorMessage, c.after(s, "an assertion"), "error_message")
	}
}

// boolean checks that an expression is a bool, and gives its value.
func (c *checker) boolean(e *lang.Expr, p *place, what string) cty.Value {
	v := c.typed(e, p)
	switch {
	case e == nil:
	case isNull(v):
		c.error(e.Range(), "Condition is null", "%s is true or false; this is null.", what)
		return cty.DynamicVal
	case v.Type() != cty.Bool && v.Type() != cty.DynamicPseudoType:
		c.error(e.Range(), "Condition is not a bool", "%s is true or false; this is %s%s.", what, typecheck.Friendly(v.Type()), asCondition(v))
		return cty.DynamicVal
	}
	return v
}

// asCondition says how a value of another type is made a condition.
func asCondition(v cty.Value) string {
	switch t := v.Type(); {
	case t == cty.Number:
		return ". Compare it, such as with > 0"
	case t == cty.String:
		return ". Compare it, such as with == \"ok\""
	case t.IsCollectionType() || t.IsTupleType():
		return ". Ask for its length, or join the elements' conditions with alltrue or anytrue"
	}
	return ""
}

// mustHold checks a condition that has to be true for the step to pass: one that is false whatever happens is a mistake.
func (c *checker) mustHold(e *lang.Expr, p *place, what string) {
	v := c.boolean(e, p, what)
	if v.Type() == cty.Bool && v.IsKnown() && v.False() {
		c.error(e.Range(), "Condition can never hold", "%s is false whatever the run finds.", what)
	}
}

// message checks that an expression makes a text.
func (c *checker) message(e *lang.Expr, p *place, what string) {
	if e == nil {
		return
	}
	v := c.typed(e, p)
	if _, err := convert.Convert(v, cty.String); err != nil {
		c.error(e.Range(), "Not a text", "%s is a text; this is %s.", what, typecheck.Friendly(v.Type()))
	}
}

// show checks the expression that a step prints, which may be of any type.
func show(c *checker, s *lang.Step) {
	if s.Show != nil {
		c.typed(s.Show, c.after(s, "show"))
	}
}
