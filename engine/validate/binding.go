package validate

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/validate/typecheck"
)

// binding checks that a step's provider configuration exists and fits its action, and that a write has one.
func binding(c *checker, s *lang.Step) {
	if s.Provider == nil {
		if s.ProviderRef != nil && s.ProviderRef.Key != nil {
			c.typed(s.ProviderRef.Key, c.before(s, "the provider argument"))
		}
		return
	}
	if s.ProviderRef == nil {
		c.byDefault(s)
		return
	}
	ref := s.ProviderRef
	if owner := c.undone[s]; owner != nil && owner.ProviderRef == ref {
		// It is the step's, and checked with it.
		if config := c.config(ref.Provider, ref.Alias); config != nil && c.effectAtLeast(owner) == provider.Read {
			c.targeted(s, config)
		}
		return
	}
	if ref.Key != nil {
		c.key(s)
	}
	if ref.Provider != s.Provider.Name {
		c.error(ref.Range, "Another provider", "Action %s belongs to provider %s, so it can't run through provider.%s.", s.Action, s.Provider.Name, ref.Provider)
		return
	}
	config := c.config(ref.Provider, ref.Alias)
	switch {
	case config == nil && ref.Alias != "":
		c.error(ref.Range, "Unknown provider configuration", "There is no configuration of provider %s with the alias %q%s",
			ref.Provider, ref.Alias, nearOrAll(ref.Alias, c.aliases(ref.Provider)))
	case config == nil && ref.Key != nil:
		c.error(ref.Range, "Unknown provider configuration", "There is no provider %q block with for_each, so there are no keys to choose from.", ref.Provider)
	case config == nil:
		without := "use what is found in the surroundings"
		if owner := c.undone[s]; owner != nil && owner.Provider == s.Provider {
			without = "act where the step does"
		}
		c.error(ref.Range, "Unknown provider configuration", "There is no provider %q block. Write one, or leave this argument out to %s.", ref.Provider, without)
	case ref.Key != nil && config.ForEach == nil:
		c.error(ref.Range, "No keys", "The provider %q block at %s has no for_each, so it has no keys; write provider.%[1]s.", ref.Provider, config.Place())
	case ref.Key == nil && config.ForEach != nil:
		c.error(ref.Range, "Which configuration?", "%s", c.whichKey(s, config))
	default:
		c.targeted(s, config)
	}
}

// byDefault checks a step that names no configuration.
func (c *checker) byDefault(s *lang.Step) {
	config := c.config(s.Provider.Name, "")
	if config != nil && config.ForEach != nil {
		c.error(s.Range, "Which configuration?", "%s", c.whichKey(s, config))
		return
	}
	c.targeted(s, config)
}

// targeted refuses a write through a configuration, perhaps none, that does not name its target.
func (c *checker) targeted(s *lang.Step, config *lang.ProviderConfig) {
	if !s.Provider.NeedsTarget || c.effectAtLeast(s) == provider.Read {
		return
	}
	d := ""
	switch {
	case config == nil:
		d = s.Provider.WithoutTarget(capital(c.called(s)), "")
		if aliases := c.aliases(s.Provider.Name); len(aliases) > 0 {
			d += fmt.Sprintf(" Or name one: provider = provider.%s.%s.", s.Provider.Name, aliases[0])
		}
	case s.Provider.ReadsUnnamed && s.Provider.Unnamed(c.configured(config)) != "": // else the block itself is an error
		d = s.Provider.WithoutTarget(capital(c.called(s)), config.Place())
	default:
		return
	}
	c.error(s.Range, "A write without a target", "%s", d)
}

func (c *checker) whichKey(s *lang.Step, config *lang.ProviderConfig) string {
	or := ", or [each.key] in a step with the same for_each"
	if c.notifiers[s] {
		or = ""
	}
	return fmt.Sprintf("The provider %q block at %s has for_each, so %s must say which one: provider = provider.%[1]s[\"key\"]%[4]s.",
		config.Provider, config.Place(), c.called(s), or)
}

// called names a step in a sentence, or what is none: an undo, a notifier.
func (c *checker) called(s *lang.Step) string {
	switch {
	case c.undone[s] != nil:
		return fmt.Sprintf("the undo of step %q", s.Name)
	case c.notifiers[s]:
		return "the notifier of " + s.Name
	}
	return fmt.Sprintf("step %q", s.Name)
}

// key checks the key of provider.x[key].
func (c *checker) key(s *lang.Step) {
	key := s.ProviderRef.Key
	v := c.typed(key, c.before(s, "the provider argument"))
	converted, err := convert.Convert(v, cty.String)
	if err != nil || isNull(v) {
		c.error(key.Range(), "Wrong type", "The key of a provider configuration is a string; this is %s.", typecheck.Friendly(v.Type()))
		return
	}
	config := c.config(s.ProviderRef.Provider, "")
	if config == nil || config.ForEach == nil {
		return
	}
	over := c.typed(config.ForEach, outside("a provider block's for_each", false))
	for _, text := range c.keysNamed(s, converted) {
		if keys, found := hasKey(over, text); !found {
			c.error(key.Range(), "Unknown provider configuration", "The for_each of the provider %q block has no key %q%s", config.Provider, text, nearOrAll(text, keys))
		}
	}
}

// keysNamed lists the keys that a step's provider argument surely names: a constant, or all that each.key will be.
func (c *checker) keysNamed(s *lang.Step, v cty.Value) []string {
	if text, ok := knownText(v); ok {
		return []string{text}
	}
	t, ok := s.ProviderRef.Key.Expression.(*hclsyntax.ScopeTraversalExpr)
	if !ok || lang.TraversalText(t.Traversal) != "each.key" || s.ForEach == nil {
		return nil
	}
	keys, _ := keysOf(c.typed(s.ForEach, forEachPlace()))
	return keys
}

func (c *checker) config(name, alias string) *lang.ProviderConfig {
	for _, p := range c.rb.Providers {
		if p.Provider == name && p.Alias == alias {
			return p
		}
	}
	return nil
}

func (c *checker) aliases(name string) []string {
	var aliases []string
	for _, p := range c.rb.Providers {
		if p.Provider == name && p.Alias != "" {
			aliases = append(aliases, p.Alias)
		}
	}
	return aliases
}
