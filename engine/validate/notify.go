package validate

import (
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/policy"
	"github.com/e82355ed/runbook/engine/provider"
)

// notifiers checks what tells the contacts of levels, as it checks steps: see [checker.before] for what it may refer to. It
// runs by itself, perhaps when nobody looks, so it must not lose anything.
func notifiers(c *checker) {
	for _, name := range c.namesOf(lang.RefEscalation) {
		for _, s := range c.rb.Escalations[name].Notifiers() {
			c.notifier(s)
		}
	}
}

func (c *checker) notifier(s *lang.Step) {
	binding(c, s)
	arguments(c, s)
	groups(c, s)
	if s.Spec == nil {
		return
	}
	if c.effectAtLeast(s) == provider.Destructive {
		c.error(s.ActionRange, "A destructive notifier", "With these arguments %s is destructive. A notifier runs by itself and nobody is asked then, so it is a read or a write.", s.Action)
		return
	}
	if len(c.rb.Policies) > 0 {
		c.use(policy.Use{Step: s, Notifies: true}, s)
	}
}
