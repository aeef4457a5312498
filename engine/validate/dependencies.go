package validate

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/lang"
)

// dependencies checks depends_on, and that run_if has something to go by. A step that depends on itself is a cycle,
// which the graph reports.
func dependencies(c *checker, s *lang.Step) {
	for i := range s.DependsOn {
		ref := &s.DependsOn[i]
		on := c.steps[ref.Name]
		if on == nil {
			c.error(ref.Range, "Unknown step", "There is no step %q%s", ref.Name, c.orNear(lang.RefStep, ref.Name))
			continue
		}
		c.instance(ref, on)
	}
	if s.RunIf == lang.RunIfFailure && c.graph != nil && !c.waits(s) {
		c.warn(s.Range, "Never runs", "Step %q runs only when a step that it depends on did not pass, and it depends on none. Name them in depends_on.", s.Name)
	}
}

// instance checks depends_on = [step.x["key"]].
func (c *checker) instance(ref *lang.Ref, on *lang.Step) {
	if len(ref.Traversal) < 3 {
		return
	}
	index, ok := ref.Traversal[2].(hcl.TraverseIndex)
	if !ok {
		return
	}
	if on.ForEach == nil {
		c.error(ref.Range, "No instances", "step.%s has no for_each, so it has no instances; write step.%[1]s.", on.Name)
		return
	}
	key, ok := knownText(index.Key)
	if !ok {
		return
	}
	if keys, found := hasKey(c.typed(on.ForEach, forEachPlace()), key); !found {
		c.error(ref.Range, "Unknown instance", "step.%s has no instance %q%s", on.Name, key, nearOrAll(key, keys))
	}
}

// waits reports whether a step waits for another because of a reference.
func (c *checker) waits(s *lang.Step) bool {
	n := c.graph.Node(s.Name)
	if n == nil {
		return true
	}
	for _, e := range n.In {
		if !e.Order {
			return true
		}
	}
	// A reference to a step that does not exist was reported, and is one all the same.
	return len(s.DependsOn) > 0
}
