package validate

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// configurations checks the provider blocks: they are evaluated before any step runs.
func configurations(c *checker) {
	for _, config := range c.rb.Providers {
		p := outside("a provider block", false)
		if config.ForEach != nil {
			over := c.collection(config.ForEach, outside("a provider block's for_each", false))
			p.eachValue = elementOf(over)
		}
		var schema *provider.Object
		if config.Schema != nil {
			schema = config.Schema.Config()
			c.required(config.Config, schema.Attributes, config.Range, "provider "+config.Provider)
		}
		for _, attr := range config.Config {
			c.attribute(attr, schema, config.Schema, p, "provider "+config.Provider)
		}
	}
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
