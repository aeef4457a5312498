package validate

import (
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/validate/typecheck"
)

// arguments checks the types of a step's arguments, and the form of those that are constants.
func arguments(c *checker, s *lang.Step) {
	p := c.before(s, "a step's arguments")
	var schema *provider.Object
	if s.Spec != nil {
		schema = s.Spec.Spec().Args()
	}
	for _, attr := range s.Args {
		c.attribute(attr, schema, s.Provider, p, s.Action)
	}
}

// attribute checks one argument of an action or of a provider block. A nil schema leaves its type open.
func (c *checker) attribute(attr *lang.Attr, schema *provider.Object, owner *provider.Provider, p *place, of string) {
	v := c.typed(attr.Expr, p)
	if schema == nil {
		return
	}
	a := schema.Attribute(attr.Name)
	if a == nil {
		return // reported by the loader
	}
	if a.Public != "" && c.shows(attr.Expr) {
		c.error(attr.Expr.Range(), "A secret would be seen", "The argument %q of %s holds a sensitive value: %s.", attr.Name, of, a.Public)
		return
	}
	if isNull(v) {
		if a.Required {
			c.error(attr.Expr.Range(), "Missing argument", "The argument %q of %s is required, so it can't be null.", attr.Name, of)
		}
		return
	}
	converted, err := convert.Convert(v, a.Type)
	if err != nil {
		if text, ok := knownText(v); ok && a.Type.IsPrimitiveType() && !a.Sensitive {
			c.error(attr.Expr.Range(), "Wrong type", "The argument %q of %s is %s, and %q is not one.", attr.Name, of, typecheck.Friendly(a.Type), text)
			return
		}
		m := misfitOf(attr.Expr.Expression, v.Type(), a.Type, err)
		c.error(m.part.Range(), "Wrong type", "The argument %q of %s is %s; %s.", attr.Name, of, typecheck.Friendly(a.Type), m.why)
		return
	}
	if takes := a.Lacks(converted); takes != "" {
		c.error(attr.Expr.Range(), "Empty argument", "The argument %q of %s takes %s: %s", a.Name, of, takes, a.Doc)
		return
	}
	if key, null := a.NullElement(converted); null {
		c.error(partOf(attr.Expr.Expression, key).Range(), "Null element", "The argument %q of %s takes no null in it.", attr.Name, of)
		return
	}
	c.form(attr.Expr.Expression, converted, a, owner)
}

func isNull(v cty.Value) bool { return v.IsKnown() && v.IsNull() }

// form checks the constants in an argument's value: one of few, durations, and whatever the provider checks.
func (c *checker) form(e hclsyntax.Expression, v cty.Value, a *provider.Attribute, owner *provider.Provider) {
	if a.Fields == nil && a.Check == "" && a.CheckKeys == "" && !a.Duration && len(a.OneOf) == 0 {
		return
	}
	t := v.Type()
	switch {
	case v.IsNull() || !v.IsKnown():
	case t == cty.String:
		c.text(e, v.AsString(), a, owner)
	case t == cty.Number:
		c.check(e, v.AsBigFloat().Text('f', -1), a.Check, a.Name, owner)
	case t.IsObjectType() && a.Fields != nil:
		for i := range a.Fields.Attributes {
			field := &a.Fields.Attributes[i]
			c.form(partOf(e, cty.StringVal(field.Name)), v.GetAttr(field.Name), field, owner)
		}
	case t.IsListType() || t.IsSetType() || t.IsMapType():
		i := int64(0)
		for it := v.ElementIterator(); it.Next(); i++ {
			key, item := it.Element()
			if t.IsSetType() {
				// A set has an order of its own, so its elements can't be found in the file.
				c.form(e, item, a, owner)
				continue
			}
			if t.IsMapType() {
				c.check(keyOf(e, key), key.AsString(), a.CheckKeys, a.Name, owner)
			}
			c.form(partOf(e, key), item, a, owner)
		}
	}
}

// partOf finds the expression of an element in a list or object that is written out; else it gives the whole.
func partOf(e hclsyntax.Expression, key cty.Value) hclsyntax.Expression {
	switch whole := e.(type) {
	case *hclsyntax.TupleConsExpr:
		if i, err := intOf(key); err == nil && i < len(whole.Exprs) {
			return whole.Exprs[i]
		}
	case *hclsyntax.ObjectConsExpr:
		for _, item := range whole.Items {
			k, diags := item.KeyExpr.Value(nil)
			if !diags.HasErrors() && k.RawEquals(key) {
				return item.ValueExpr
			}
		}
	}
	return e
}

// keyOf finds the expression of a key of an object that is written out; else it gives the whole.
func keyOf(e hclsyntax.Expression, key cty.Value) hclsyntax.Expression {
	if whole, ok := e.(*hclsyntax.ObjectConsExpr); ok {
		for _, item := range whole.Items {
			k, diags := item.KeyExpr.Value(nil)
			if !diags.HasErrors() && k.RawEquals(key) {
				return item.KeyExpr
			}
		}
	}
	return e
}

func intOf(v cty.Value) (int, error) {
	if v.Type() != cty.Number {
		return 0, fmt.Errorf("not a number")
	}
	i, _ := v.AsBigFloat().Int64()
	return int(i), nil
}

// text checks one constant string.
func (c *checker) text(e hclsyntax.Expression, text string, a *provider.Attribute, owner *provider.Provider) {
	if len(a.OneOf) > 0 {
		for _, choice := range a.OneOf {
			if choice == text {
				return
			}
		}
		c.error(e.Range(), "Not one of the choices", "%q is not one of the values of %q%s", text, a.Name, nearOrAll(text, a.OneOf))
		return
	}
	if a.Duration {
		if _, err := provider.ParseDuration(text); err != nil {
			c.error(e.Range(), "Not a duration", "%s: %s.", a.Name, err)
			return
		}
	}
	c.check(e, text, a.Check, a.Name, owner)
}

// check has the provider look at a constant of the argument called of.
func (c *checker) check(e hclsyntax.Expression, text, name, of string, owner *provider.Provider) {
	if name == "" || owner == nil {
		return
	}
	check := owner.Check(c.options.Host, name)
	if check == nil {
		return
	}
	key := checkedText{owner.Name, name, text}
	err, seen := c.checked[key]
	if !seen {
		err = check(text)
		c.checked[key] = err
	}
	var at *provider.PositionError
	switch {
	case err == nil:
	case errors.As(err, &at) && at.Doubtful:
		c.warn(c.within(e, text, err), "Doubtful "+of, "%s.", sentence(err))
	default:
		c.error(c.within(e, text, err), "Invalid "+of, "%s.", sentence(err))
	}
}
