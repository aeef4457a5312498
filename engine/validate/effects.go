package validate

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// effect checks that an author does not call an action more harmless than it is.
func effect(c *checker, s *lang.Step) {
	if s.Effect == nil || s.Spec == nil || s.Spec.Spec().AuthorStatesEffect {
		return
	}
	if declared := c.effectAtLeast(s); *s.Effect < declared {
		c.error(s.EffectRange, "Effect lowered", "With these arguments %s is %q. An author may raise its effect, and not lower it to %q.", s.Action, declared, *s.Effect)
	}
}

// polls checks that what is repeated may be repeated.
func polls(c *checker, s *lang.Step) {
	if s.Child != nil && s.Poll != nil {
		c.error(s.Poll.Range, "Poll of a runbook", "poll repeats a read, and step %q runs a runbook. Put the poll into a step of that runbook.", s.Name)
		return
	}
	if s.Child != nil && s.Retry != nil {
		c.warn(s.Retry.Range, "Nothing to repeat", "A runbook is not run a second time: its steps have retry blocks of their own. Put this one there.")
	}
	if s.Spec == nil || (s.Poll == nil && (s.Retry == nil || !s.Retry.Writes)) {
		return
	}
	effect := c.effectAtLeast(s)
	if s.Effect != nil {
		effect = *s.Effect
	}
	if s.Poll != nil && effect != provider.Read {
		c.error(s.Poll.Range, "Poll of a write", "poll repeats reads, and the effect of step %q is %q. Put the poll into a step of its own that reads, after this one.", s.Name, effect)
	}
	if s.Retry != nil && s.Retry.Writes && effect == provider.Read {
		c.warn(s.Retry.Range, "No write to repeat", "writes = true lets a write be repeated, and step %q only reads.", s.Name)
	}
}

// effectAtLeast is the effect that an action surely has, whatever the arguments are that aren't known.
func (c *checker) effectAtLeast(s *lang.Step) provider.Effect {
	if s.Child != nil {
		return graph.Effect(s)
	}
	if s.Spec == nil {
		return provider.Read
	}
	spec := s.Spec.Spec()
	if declared, ok := c.uniform(spec); ok {
		return declared
	}
	return spec.AtLeast(c.args(s))
}

// args is an object of a step's arguments as far as they are known.
func (c *checker) args(s *lang.Step) cty.Value {
	args := s.Spec.Spec().Args()
	values := make(map[string]cty.Value, len(args.Attributes))
	for i := range args.Attributes {
		a := &args.Attributes[i]
		values[a.Name] = cty.NullVal(a.Type)
		attr := s.Args[a.Name]
		if attr == nil {
			continue
		}
		v := c.typed(attr.Expr, c.before(s, "a step's arguments"))
		values[a.Name] = cty.UnknownVal(a.Type)
		if converted, err := convert.Convert(v, a.Type); err == nil {
			values[a.Name] = converted
		}
	}
	return cty.ObjectVal(values)
}

// uniform gives the effect of an action that reads whatever its arguments are.
func (c *checker) uniform(spec *provider.Spec) (provider.Effect, bool) {
	worst, ok := c.worst[spec]
	if !ok {
		worst = spec.Classify(cty.UnknownVal(spec.Args().Type()))
		c.worst[spec] = worst
	}
	return worst, worst == provider.Read
}
