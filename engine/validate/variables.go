package validate

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
)

// variables checks the conditions of validations, and that a default passes its own. That a default fits its type is
// the loader's to check.
func variables(c *checker) {
	for _, name := range c.namesOf(lang.RefVar) {
		v := c.rb.Variables[name]
		for _, validation := range v.Validations {
			c.validation(v, validation)
		}
	}
}

func (c *checker) validation(v *lang.Variable, validation *lang.Condition) {
	p := outside("a variable's validation", false)
	p.only = []lang.RefKind{lang.RefVar}
	before := len(c.diags)
	c.boolean(validation.Condition, p, "A validation")
	c.message(validation.ErrorMessage, p, "error_message")
	if len(c.diags) > before || v.Default == cty.NilVal || v.Default.IsNull() || !v.Default.IsWhollyKnown() {
		return
	}
	p.variables = map[string]cty.Value{v.Name: v.Default}
	held, diags := c.evaluate(validation.Condition, p)
	if diags.HasErrors() {
		c.error(validation.Condition.Range(), "Default does not pass", "The default of variable %q can't be validated: %s", v.Name, diags[0].Detail)
		return
	}
	if held.Type() == cty.Bool && held.IsKnown() && !held.IsNull() && held.False() {
		c.error(validation.Condition.Range(), "Default does not pass", "The default of variable %q does not pass its own validation%s", v.Name, c.why(validation, p))
	}
}

// why is the validation's own message, where it is known.
func (c *checker) why(validation *lang.Condition, p *place) string {
	if validation.ErrorMessage == nil {
		return "."
	}
	v, diags := c.evaluate(validation.ErrorMessage, p)
	text, ok := knownText(v)
	if !ok || diags.HasErrors() {
		return "."
	}
	return fmt.Sprintf(": %s", text)
}
