package validate

import (
	"maps"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// meta are the attributes that every step has beside its action's result; ending are those that only others and a
// remedy can see, since they are decided by the checks.
var (
	meta   = map[string]cty.Type{"started_at": cty.String, "duration_ms": cty.Number, "attempts": cty.Number}
	ending = map[string]cty.Type{"outcome": cty.String, "error": cty.String}
)

func unknownObject(types ...map[string]cty.Type) cty.Value {
	all := map[string]cty.Type{}
	for _, t := range types {
		maps.Copy(all, t)
	}
	return cty.UnknownVal(cty.Object(all))
}

// one is a step's result as others see it, or one instance's.
func (c *checker) one(s *lang.Step) cty.Value {
	return c.result(s, c.results, meta, ending)
}

// self is a step's result as its own checks see it.
func (c *checker) self(s *lang.Step) cty.Value { return c.result(s, c.selves, meta) }

func (c *checker) result(s *lang.Step, cache map[*provider.Spec]cty.Value, more ...map[string]cty.Type) cty.Value {
	var spec *provider.Spec // nil for checks
	if s.Spec != nil {
		spec = s.Spec.Spec()
	} else if !s.IsCheck() {
		return cty.DynamicVal // an unknown action, which was reported
	}
	if s.Child != nil {
		return unknownObject(append(more, map[string]cty.Type{"outputs": outputsOf(s.Child)})...)
	}
	v, ok := cache[spec]
	if !ok {
		if spec != nil {
			more = append(more, spec.Results().Type().AttributeTypes())
		}
		v = unknownObject(more...)
		cache[spec] = v
	}
	return v
}

// step is what step.x is: a result, or for_each's results by key.
func (c *checker) step(s *lang.Step) cty.Value {
	if s.ForEach == nil {
		return c.one(s)
	}
	if v, ok := c.stepValues[s]; ok {
		return v
	}
	c.stepValues[s] = cty.DynamicVal
	one := c.one(s)
	v := cty.DynamicVal
	if keys, known := keysOf(c.typed(s.ForEach, forEachPlace())); known {
		instances := make(map[string]cty.Value, len(keys))
		for _, k := range keys {
			instances[k] = one
		}
		v = cty.ObjectVal(instances)
	} else if one.Type() != cty.DynamicPseudoType {
		v = cty.UnknownVal(cty.Map(one.Type()))
	}
	c.stepValues[s] = v
	return v
}

// keysOf lists the keys that for_each gives, where they are known.
func keysOf(v cty.Value) ([]string, bool) {
	t := v.Type()
	if t.IsObjectType() {
		var keys []string
		for name := range t.AttributeTypes() {
			keys = append(keys, name)
		}
		return keys, true
	}
	if !v.IsKnown() || v.IsNull() || !t.IsMapType() && !t.IsSetType() {
		return nil, false
	}
	var keys []string
	for it := v.ElementIterator(); it.Next(); {
		k, _ := it.Element()
		if !k.IsKnown() || k.IsNull() || k.Type() != cty.String {
			return nil, false
		}
		keys = append(keys, k.AsString())
	}
	return keys, true
}
