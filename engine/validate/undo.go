package validate

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/policy"
	"github.com/e82355ed/runbook/engine/validate/typecheck"
)

// undo checks the step that takes another one's effect back, as it checks steps: see [checker.before] for what it may
// refer to.
func undo(c *checker, s *lang.Step) {
	if s.Undo == nil {
		return
	}
	u := s.Undo.Step
	binding(c, u)
	arguments(c, u)
	groups(c, u)
	undonePlace(c, s)
	lacking(c, s)
}

// undonePlace refuses an undo that leaves out what its step says of where it acts: it would act where the configuration does.
func undonePlace(c *checker, s *lang.Step) {
	u := s.Undo.Step
	if s.Spec == nil || u.Spec == nil || !s.UndoesThere() {
		return
	}
	for _, name := range u.Spec.Spec().PlaceArgs() {
		said, arg := c.set(s, []string{name}), u.Spec.Spec().Args().Attribute(name)
		if len(said) == 0 || len(c.set(u, said)) > 0 || arg.Required || saysItself(u, arg.SaidIn) || !slices.Contains(s.Spec.Spec().PlaceArgs(), name) {
			continue
		}
		c.error(s.Undo.Range, "An undo in another place", "Step %q says where it acts by %s, and its undo does not, so that it would act where the provider's configuration does. Give it %[2]s = %s.",
			s.Name, name, strings.Join(strings.Fields(s.Args[name].Expr.Source), " "))
	}
}

// saysItself reports whether an argument of an undo is of what its step found, and so says where that was.
func saysItself(u *lang.Step, name string) bool {
	attr := u.Args[name]
	return attr != nil && slices.ContainsFunc(attr.Expr.Refs, func(ref lang.Ref) bool { return ref.Kind == lang.RefSelf })
}

// lacking warns of an undo that counts on a result that the step does not have with its arguments.
func lacking(c *checker, s *lang.Step) {
	if s.Spec == nil {
		return
	}
	lacks := s.Spec.Spec().Lacks(c.args(s))
	if len(lacks) == 0 {
		return
	}
	for name, at := range s.UndoResults() {
		if why := lacks[name]; why != "" {
			c.warn(at, "Undo without a value", "self.%s is null after step %q: %s. The undo would fail, or get null, when it runs.", name, s.Name, why)
		}
	}
}

// child checks the variables that a step gives to the runbook that it runs.
func child(c *checker, s *lang.Step) {
	if s.Child == nil {
		return
	}
	given := map[string]bool{}
	all := false
	if attr := s.Args["variables"]; attr != nil {
		v := c.typed(attr.Expr, c.before(s, "a step's arguments"))
		t := v.Type()
		switch {
		case t.IsObjectType():
			for name, vt := range t.AttributeTypes() {
				given[name] = true
				value := cty.UnknownVal(vt)
				if v.IsKnown() && !v.IsNull() {
					value = v.GetAttr(name)
				}
				c.childVariable(s, attr, name, value)
			}
		case isNull(v):
		case t == cty.DynamicPseudoType || t.IsMapType():
			all = true // only the run knows which
		default:
			c.error(attr.Expr.Range(), "Wrong type", "variables is a map of values by name; this is %s.", typecheck.Friendly(t))
			all = true
		}
	}
	for name, v := range s.Child.Variables {
		if !all && !given[name] && v.Default == cty.NilVal && !fromEnvironment(s.Child, name) {
			c.error(s.Range, "Variable not set", "Runbook %q needs the variable %q, which has no default; give it in variables = { %[2]s = … }.", s.Child.Name, name)
		}
	}
}

// fromEnvironment reports whether an environment may give a variable its value: the chosen one, or any where none is.
func fromEnvironment(rb *lang.Runbook, name string) bool {
	if rb.Environment != nil {
		return rb.Environment.Variables[name] != nil
	}
	for _, e := range rb.Environments {
		if e.Variables[name] != nil {
			return true
		}
	}
	return false
}

func (c *checker) childVariable(s *lang.Step, attr *lang.Attr, name string, v cty.Value) {
	at := partOf(attr.Expr.Expression, cty.StringVal(name)).Range()
	declared := s.Child.Variables[name]
	if declared == nil {
		var names []string
		for n := range s.Child.Variables {
			names = append(names, n)
		}
		c.error(at, "Unknown variable", "Runbook %q has no variable %q%s", s.Child.Name, name, nearOrAll(name, names))
		return
	}
	want := declared.Type.WithoutOptionalAttributesDeep()
	if _, err := convert.Convert(v, want); err != nil && v.Type().IsPrimitiveType() {
		c.error(at, "Wrong type", "The variable %q of runbook %q is %s; this is %s.", name, s.Child.Name, typecheck.Friendly(want), typecheck.Friendly(v.Type()))
	}
}

// outputsOf is what step.x.outputs holds: any value under each output's name.
func outputsOf(rb *lang.Runbook) cty.Type {
	types := make(map[string]cty.Type, len(rb.Outputs))
	for _, o := range rb.Outputs {
		types[o.Name] = cty.DynamicPseudoType
	}
	return cty.Object(types)
}

// policies holds a step and its undo against what the workspace, and the environment that was chosen, allow. What only a
// run can know is held against them there.
func policies(c *checker, s *lang.Step) {
	if len(c.rb.Policies) == 0 {
		return
	}
	c.use(policy.Use{Step: s}, s)
	if s.Undo != nil {
		c.use(policy.Use{Step: s, Undo: true}, s.Undo.Step)
	}
}

func (c *checker) use(u policy.Use, s *lang.Step) {
	if s.Spec == nil {
		return
	}
	u.Args = c.args(s)
	u.Effect = policy.Judged(s, u.Args)
	c.diags = append(c.diags, policy.Check(c.rb.Policies, u)...)
}
