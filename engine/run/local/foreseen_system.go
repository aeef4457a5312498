package local

import (
	"errors"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// errNotForeseen is why a plan can't name a system.
var errNotForeseen = errors.New("which system it is depends on what only a run reads")

// unknownYet is the extra of a diagnostic about what is not known.
type unknownYet struct{}

// notKnown says that something is not known.
func notKnown(summary, detail string, at hcl.Range) hcl.Diagnostics {
	diags := diagnostic(summary, detail, at)
	diags[0].Extra = unknownYet{}
	return diags
}

// NotForeseen reports whether all that is wrong is that something is not known, which in a plan is no mistake: it may depend on a result.
func NotForeseen(diags hcl.Diagnostics) bool {
	return !slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool {
		_, unknown := d.Extra.(unknownYet)
		return d.Severity == hcl.DiagError && !unknown
	})
}

// standIn is a value with some text in the place of each that is not known, and with some key where the keys are not. False:
// it holds something else that is not known.
func standIn(v cty.Value) (cty.Value, bool) {
	v, _ = v.UnmarkDeep()
	ok := true
	out, err := cty.Transform(v, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		switch ty := v.Type(); {
		case v.IsKnown():
			return v, nil
		case ty == cty.String:
			return cty.StringVal("x"), nil
		case ty == cty.Map(cty.String):
			return cty.MapVal(map[string]cty.Value{"x": cty.StringVal("x")}), nil
		case ty == cty.List(cty.String):
			return cty.ListVal([]cty.Value{cty.StringVal("x")}), nil
		}
		ok = false
		return v, nil
	})
	return out, ok && err == nil
}

// foreseen names the system of a configuration of which some texts, such as a token, are read only by a run: where it is the
// same without them and with any in their place, they don't decide it. It gives the configuration too, as far as it is known. False: more
// than that is not known.
func (c *Configs) foreseen(
	schema *provider.Provider, block *lang.ProviderConfig, local lang.Frame, request provider.OpenRequest,
) (func() (provider.Place, error), cty.Value, bool) {
	known, without, with := map[string]cty.Value{}, map[string]cty.Value{}, map[string]cty.Value{}
	attributes := schema.Config().Attributes
	for i := range attributes {
		a := &attributes[i]
		v := cty.NullVal(a.Type)
		if attr := block.Config[a.Name]; attr != nil {
			given, diags := c.scope.Value(attr.Expr, local)
			converted, err := convert.Convert(given, a.Type)
			if diags.HasErrors() || err != nil {
				return nil, cty.NilVal, false
			}
			v = converted
		}
		known[a.Name], without[a.Name], with[a.Name] = v, v, v
		if plain, _ := v.UnmarkDeep(); plain.IsWhollyKnown() {
			continue
		}
		some, ok := standIn(v)
		if !ok {
			return nil, cty.NilVal, false
		}
		without[a.Name], with[a.Name] = cty.NullVal(a.Type), some.Mark(provider.Sensitive)
	}
	return func() (provider.Place, error) {
		request.Config = cty.ObjectVal(without)
		a, err := schema.Place(request)
		if err != nil {
			return a, errNotForeseen
		}
		request.Config = cty.ObjectVal(with)
		b, err := schema.Place(request)
		switch {
		case err != nil || a.System() != b.System():
			return b, errNotForeseen
		case a.Text == b.Text && a.Within != b.Within:
			return provider.Place{Short: a.Shown(), Hidden: true}, nil
		case a.Text != b.Text:
			return provider.Place{Short: a.System(), Hidden: true}, nil // the run knows where in it
		}
		return a, nil
	}, cty.ObjectVal(known), true
}
