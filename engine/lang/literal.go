package lang

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// constant evaluates an attribute that is read before anything else, so that it can refer to nothing. ok is false
// where that was reported; want says what to write ("a quoted string").
func (d *decoder) constant(a *attribute, t cty.Type, want string) (value cty.Value, ok bool) {
	e := d.expr(a)
	if literal, is := e.Expression.(*hclsyntax.TemplateExpr); is && literal.IsStringLiteral() {
		value, _ = literal.Value(nil)
	} else {
		if len(e.Refs) > 0 || e.Calls() {
			d.errorAt(e.Range(), "Not a constant", "%s is read before anything is evaluated, so it can't refer to other things. Write %s.", a.name, want)
			return cty.NilVal, false
		}
		var diags hcl.Diagnostics
		if value, diags = e.Value(nil); diags.HasErrors() {
			d.diags = append(d.diags, diags...)
			return cty.NilVal, false
		}
	}
	if value.IsNull() {
		// As if it were not written.
		return cty.NilVal, false
	}
	if !value.IsWhollyKnown() {
		// A part that could not be parsed, and was reported.
		return cty.NilVal, false
	}
	if !value.Type().Equals(t) && t != cty.DynamicPseudoType {
		d.errorAt(e.Range(), "Wrong type", "%s is %s; write %s.", a.name, withArticle(value.Type().FriendlyName()), want)
		return cty.NilVal, false
	}
	return value, true
}

func withArticle(noun string) string {
	if strings.ContainsAny(noun[:1], "aeiou") {
		return "an " + noun
	}
	return "a " + noun
}

// Calls reports whether an expression calls a function.
func (e *Expr) Calls() bool {
	found := false
	// The callback never gives diagnostics, so the walk has none.
	_ = hclsyntax.VisitAll(e.Expression, func(n hclsyntax.Node) hcl.Diagnostics {
		if _, is := n.(*hclsyntax.FunctionCallExpr); is {
			found = true
		}
		return nil
	})
	return found
}

func (d *decoder) text(a *attribute) string {
	v, ok := d.constant(a, cty.String, "a quoted string")
	if !ok {
		return ""
	}
	return v.AsString()
}

func (d *decoder) texts(a *attribute) []string {
	const want = "a list of quoted strings"
	v, ok := d.constant(a, cty.DynamicPseudoType, want)
	if !ok {
		return nil
	}
	if !v.Type().IsTupleType() {
		d.errorAt(a.raw.Range(), "Wrong type", "%s is %s; write %s.", a.name, withArticle(v.Type().FriendlyName()), want)
		return nil
	}
	var out []string
	for it := v.ElementIterator(); it.Next(); {
		_, item := it.Element()
		if item.IsNull() || item.Type() != cty.String {
			d.errorAt(a.raw.Range(), "Wrong type", "%s holds %s; write %s.", a.name, withArticle(item.Type().FriendlyName()), want)
			return nil
		}
		out = append(out, item.AsString())
	}
	return out
}

func (d *decoder) flag(a *attribute, fallback bool) bool {
	v, ok := d.constant(a, cty.Bool, "true or false")
	if !ok {
		return fallback
	}
	return v.True()
}

// count reads a whole number of at least least.
func (d *decoder) count(a *attribute, least, fallback int) int {
	want := fmt.Sprintf("a whole number of at least %d", least)
	v, ok := d.constant(a, cty.Number, want)
	if !ok {
		return fallback
	}
	n, accuracy := v.AsBigFloat().Int64()
	if accuracy != 0 || n < int64(least) || n > 1<<31 {
		d.errorAt(a.raw.Range(), "Number out of range", "%s is %s; write %s.", a.name, v.AsBigFloat().Text('g', 10), want)
		return fallback
	}
	return int(n)
}

func (d *decoder) oneOf(a *attribute, choices ...string) string {
	quoted := make([]string, len(choices))
	for i, c := range choices {
		quoted[i] = fmt.Sprintf("%q", c)
	}
	want := strings.Join(quoted[:len(quoted)-1], ", ") + " or " + quoted[len(quoted)-1]
	v, ok := d.constant(a, cty.String, want)
	if !ok {
		return ""
	}
	for _, c := range choices {
		if c == v.AsString() {
			return c
		}
	}
	hint := ""
	if s := Suggest(v.AsString(), choices); s != "" {
		hint = fmt.Sprintf(" Did you mean %q?", s)
	}
	d.errorAt(a.raw.Range(), "Not one of the choices", "%s is %q; it can be %s.%s", a.name, v.AsString(), want, hint)
	return ""
}

func (d *decoder) duration(a *attribute) (time.Duration, bool) {
	v, ok := d.constant(a, cty.String, "a duration in quotes, such as \"30s\", \"5m\" or \"7d\"")
	if !ok {
		return 0, false
	}
	length, err := provider.ParseDuration(v.AsString())
	if err != nil {
		d.errorAt(a.raw.Range(), "Not a duration", "%s: %s.", a.name, err)
		return 0, false
	}
	return length, true
}

// positive reads a duration above zero; zero where there is none.
func (d *decoder) positive(a *attribute) time.Duration {
	var out time.Duration
	d.positiveInto(a, &out)
	return out
}

// positiveInto sets into to a duration above zero, and leaves it where that was reported.
func (d *decoder) positiveInto(a *attribute, into *time.Duration) {
	length, ok := d.duration(a)
	switch {
	case !ok:
	case length <= 0:
		d.errorAt(a.raw.Range(), "Duration out of range", "%s is %s; it must be longer than nothing.", a.name, length)
	default:
		*into = length
	}
}

func (d *decoder) notNegative(a *attribute) time.Duration {
	length, ok := d.duration(a)
	if ok && length < 0 {
		d.errorAt(a.raw.Range(), "Duration out of range", "%s is %s; it can't be negative.", a.name, length)
		return 0
	}
	return length
}
