package validate

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// configurations checks the provider blocks: they are evaluated before any step runs.
func configurations(c *checker) {
	for _, config := range c.rb.Providers {
		if config.ForEach != nil {
			c.collection(config.ForEach, outside("a provider block's for_each", false))
		}
		p := c.inConfig(config)
		var schema *provider.Object
		if config.Schema != nil {
			schema = config.Schema.Config()
			c.required(config.Config, schema.Attributes, config.Range, "provider "+config.Provider)
		}
		for _, attr := range config.Config {
			c.attribute(attr, schema, config.Schema, p, "provider "+config.Provider)
		}
		if config.Schema == nil || config.Schema.ReadsUnnamed {
			continue
		}
		if set := config.Schema.Unnamed(c.configured(config)); set != "" {
			c.error(config.Range, "No target", "The provider %q block names no server: %s.", config.Provider, set)
		}
	}
}

// inConfig is where the attributes of a provider block stand.
func (c *checker) inConfig(config *lang.ProviderConfig) *place {
	p := outside("a provider block", false)
	if config.ForEach != nil {
		p.eachValue = elementOf(c.typed(config.ForEach, outside("a provider block's for_each", false)))
	}
	return p
}

// configured is what is known of what a provider block says.
func (c *checker) configured(config *lang.ProviderConfig) cty.Value {
	values := map[string]cty.Value{}
	p := c.inConfig(config)
	for _, a := range config.Schema.Config().Attributes {
		values[a.Name] = cty.NullVal(a.Type)
		if attr := config.Config[a.Name]; attr != nil {
			v, err := convert.Convert(c.typed(attr.Expr, p), a.Type)
			if err != nil {
				v = cty.UnknownVal(a.Type)
			}
			values[a.Name] = v
		}
	}
	return cty.ObjectVal(values)
}

// required reports the arguments that are not given.
func (c *checker) required(given map[string]*lang.Attr, attributes []provider.Attribute, at hcl.Range, of string) {
	for i := range attributes {
		a := &attributes[i]
		if a.Required && given[a.Name] == nil {
			c.error(at, "Missing argument", "%s needs the argument %q: %s", capital(of), a.Name, a.Doc)
		}
	}
}
