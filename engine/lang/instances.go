package lang

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Instances is what a for_each gives.
type Instances struct {
	// Value is that of the expression.
	Value cty.Value
	// Keys are in order, Frames what the instances see as each; nil where a key is not known, or no string.
	Keys   []string
	Frames []Frame
}

// Instances evaluates a for_each. What only variables and constants decide is worked out once: a plan and the run behind it
// ask alike, and a set of thousands takes long to be made and to be put in order.
func (s *Scope) Instances(e *Expr, f Frame) (*Instances, hcl.Diagnostics) {
	fixed := s.isFixed(e)
	if fixed {
		s.mu.Lock()
		known := s.instances[e]
		s.mu.Unlock()
		if known != nil {
			return known, nil
		}
	}
	v, diags := s.Value(e, f)
	if diags.HasErrors() {
		return nil, diags
	}
	out := InstancesOf(v)
	if fixed {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.instances == nil {
			s.instances = map[*Expr]*Instances{}
		}
		s.instances[e] = out
	}
	return out, diags
}

// KnowFrom takes over what another scope with the same variables has worked out of them alone.
func (s *Scope) KnowFrom(other *Scope) {
	other.mu.Lock()
	defer other.mu.Unlock()
	s.instances = maps.Clone(other.instances)
}

// isFixed reports whether an expression, and the locals that it refers to, read variables alone.
func (s *Scope) isFixed(e *Expr) bool {
	if around := s.Runbook.Surroundings(e); around.Environment || around.Clock || around.Files {
		return false
	}
	for i := range e.Refs {
		switch ref := &e.Refs[i]; ref.Kind {
		case RefVar:
		case RefLocal:
			if at := s.Runbook.Locals[ref.Name]; at == nil || !s.isFixed(at.Value) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// InstancesOf takes the instances of a value of for_each.
func InstancesOf(v cty.Value) *Instances {
	out := &Instances{Value: v}
	if v.IsMarked() || v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return out
	}
	byKey := make(map[string]cty.Value, v.LengthInt())
	keys := make([]string, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		k, value := it.Element()
		if v.Type().IsSetType() {
			k = value
		}
		if k.IsMarked() || !k.IsKnown() || k.IsNull() || k.Type() != cty.String {
			return out
		}
		byKey[k.AsString()] = value
		keys = append(keys, k.AsString())
	}
	slices.Sort(keys)
	out.Keys, out.Frames = keys, make([]Frame, 0, len(keys))
	for _, k := range keys {
		out.Frames = append(out.Frames, Frame{EachKey: cty.StringVal(k), EachValue: byKey[k]})
	}
	return out
}
