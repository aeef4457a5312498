package local

import (
	"errors"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// errNotForeseen is why a plan can't name a system.
var errNotForeseen = errors.New("which system it is depends on what only a run reads")

// foreseen names the system of a configuration of which some texts, such as a token, are read only by a run: where it is the
// same without them and with any in their place, they don't decide it. False: more than that is not known.
func (c *Configs) foreseen(schema *provider.Provider, block *lang.ProviderConfig, local lang.Frame, request provider.OpenRequest) (func() (string, error), bool) {
	without, with := map[string]cty.Value{}, map[string]cty.Value{}
	attributes := schema.Config().Attributes
	for i := range attributes {
		a := &attributes[i]
		v := cty.NullVal(a.Type)
		if attr := block.Config[a.Name]; attr != nil {
			given, diags := c.scope.Value(attr.Expr, local)
			converted, err := convert.Convert(given, a.Type)
			if diags.HasErrors() || err != nil {
				return nil, false
			}
			v = converted
		}
		without[a.Name], with[a.Name] = v, v
		if plain, _ := v.UnmarkDeep(); plain.IsWhollyKnown() {
			continue
		}
		if a.Type != cty.String {
			return nil, false
		}
		without[a.Name], with[a.Name] = cty.NullVal(cty.String), cty.StringVal("x").Mark(provider.Sensitive)
	}
	return func() (string, error) {
		request.Config = cty.ObjectVal(without)
		a, err := schema.Target(request)
		if err != nil {
			return "", errNotForeseen
		}
		request.Config = cty.ObjectVal(with)
		b, err := schema.Target(request)
		if err != nil || a != b {
			return "", errNotForeseen
		}
		return a, nil
	}, true
}
