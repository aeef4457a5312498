package graph

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// Effect is the worst that a step can do as far as its text says: what its author states, and what its action
// declares for the arguments that are constants. An argument, or an element of a list or an object, that is computed counts as unknown. A step that runs a
// runbook is as bad as the worst step of that. What an undo does is not counted: its own step tells.
func Effect(s *lang.Step) provider.Effect { return newEffects().of(s) }

// effects remembers what each action can do with arguments that aren't known, and what each runbook does that steps run.
type effects struct {
	worst    map[*provider.Spec]provider.Effect
	children map[*lang.Runbook]*childWrites
}

// childWrites is what a runbook that a step runs can do.
type childWrites struct {
	effect provider.Effect
	// through are the configurations that it, or an undo of it, writes through, sorted.
	through []string
}

func newEffects() *effects {
	return &effects{worst: map[*provider.Spec]provider.Effect{}, children: map[*lang.Runbook]*childWrites{}}
}

// child looks at each runbook once, however many steps run it.
func (e *effects) child(rb *lang.Runbook) *childWrites {
	if known := e.children[rb]; known != nil {
		return known
	}
	out := &childWrites{}
	e.children[rb] = out
	for _, s := range rb.Steps {
		out.effect = max(out.effect, e.of(s))
		through := e.writesThrough(s)
		if s.Undo != nil {
			through = append(slices.Clip(through), e.writesThrough(s.Undo.Step)...)
		}
		for _, config := range through {
			if !slices.Contains(out.through, config) {
				out.through = append(out.through, config)
			}
		}
	}
	slices.Sort(out.through)
	return out
}

// writesThrough lists the configurations that a step writes through; nil for a read.
func (e *effects) writesThrough(s *lang.Step) []string {
	switch {
	case s.Child != nil:
		return e.child(s.Child).through
	case e.of(s) == provider.Read:
		return nil
	}
	return []string{Configuration(s)}
}

func (e *effects) of(s *lang.Step) provider.Effect {
	if s.Child != nil {
		effect := e.child(s.Child).effect
		if s.Effect != nil {
			effect = max(effect, *s.Effect)
		}
		return effect
	}
	if s.Spec == nil {
		if s.Effect != nil {
			return *s.Effect
		}
		return provider.Read
	}
	spec := s.Spec.Spec()
	if s.Effect != nil && spec.AuthorStatesEffect {
		return *s.Effect
	}
	declared := e.declared(s, spec)
	if s.Effect != nil {
		declared = max(declared, *s.Effect)
	}
	return declared
}

// declared is what the action declares for the step's arguments, with as little evaluated as will do.
func (e *effects) declared(s *lang.Step, spec *provider.Spec) provider.Effect {
	if fixed, ok := spec.FixedEffect(s.HasArg); ok {
		return fixed
	}
	worst, ok := e.worst[spec]
	if !ok {
		worst = spec.Classify(cty.UnknownVal(spec.Args().Type()))
		e.worst[spec] = worst
	}
	if worst == provider.Read {
		return worst
	}
	return spec.Classify(constants(s, spec.Args()))
}

// constants is an object of the arguments' type: absent ones are null, those without references have their value, the
// rest is unknown.
func constants(s *lang.Step, args *provider.Object) cty.Value {
	values := make(map[string]cty.Value, len(args.Attributes))
	for i := range args.Attributes {
		a := &args.Attributes[i]
		attr := s.Args[a.Name]
		if attr == nil {
			values[a.Name] = cty.NullVal(a.Type)
			continue
		}
		values[a.Name] = cty.UnknownVal(a.Type)
		if attr.Expr != nil {
			values[a.Name] = constant(attr.Expr.Expression, a.Type)
		}
	}
	return cty.ObjectVal(values)
}

// constant evaluates an expression that is written out, of a list and of an object each element that is; any other is unknown.
func constant(e hclsyntax.Expression, want cty.Type) cty.Value {
	if writtenOut(e) {
		if v, diags := e.Value(nil); !diags.HasErrors() {
			if v, err := convert.Convert(v, want); err == nil {
				return v
			}
		}
	}
	switch e := e.(type) {
	case *hclsyntax.TupleConsExpr:
		if want == cty.DynamicPseudoType {
			return cty.TupleVal(constantItems(e, want))
		} else if want.IsListType() && len(e.Exprs) > 0 {
			return cty.ListVal(constantItems(e, want.ElementType()))
		}
	case *hclsyntax.ObjectConsExpr:
		if want == cty.DynamicPseudoType {
			return constantObject(e)
		}
	}
	return cty.UnknownVal(want)
}

func constantItems(e *hclsyntax.TupleConsExpr, want cty.Type) []cty.Value {
	items := make([]cty.Value, len(e.Exprs))
	for i, item := range e.Exprs {
		items[i] = constant(item, want)
	}
	return items
}

// constantObject has each attribute, where all of their names are written out.
func constantObject(e *hclsyntax.ObjectConsExpr) cty.Value {
	values := make(map[string]cty.Value, len(e.Items))
	for _, item := range e.Items {
		key, ok := item.KeyExpr.(*hclsyntax.ObjectConsKeyExpr)
		if !ok {
			return cty.DynamicVal
		}
		name := hcl.ExprAsKeyword(key)
		if name == "" && writtenOut(key.Wrapped) {
			if v, diags := key.Value(nil); !diags.HasErrors() && v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
				name = v.AsString()
			}
		}
		if name == "" {
			return cty.DynamicVal
		}
		values[name] = constant(item.ValueExpr, cty.DynamicPseudoType)
	}
	return cty.ObjectVal(values)
}

// writtenOut reports whether an expression is strings, true, false, null, small numbers, and lists of these. Evaluating
// more could take long, and no effect depends on it.
func writtenOut(e hclsyntax.Expression) bool {
	switch e := e.(type) {
	case *hclsyntax.TemplateExpr:
		for _, part := range e.Parts {
			if literal, ok := part.(*hclsyntax.LiteralValueExpr); !ok || literal.Val.Type() != cty.String {
				return false
			}
		}
		return true
	case *hclsyntax.LiteralValueExpr:
		const most = 1 << 10
		if e.Val.Type() != cty.Number || e.Val.IsNull() || !e.Val.IsKnown() {
			return true
		}
		exponent := e.Val.AsBigFloat().MantExp(nil)
		return -most < exponent && exponent < most
	case *hclsyntax.TupleConsExpr:
		for _, item := range e.Exprs {
			if !writtenOut(item) {
				return false
			}
		}
		return true
	}
	return false
}
