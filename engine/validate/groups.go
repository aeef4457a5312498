package validate

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// groups checks that a step has the arguments that its action requires, and none that exclude each other.
func groups(c *checker, s *lang.Step) {
	if s.Spec == nil {
		return
	}
	spec := s.Spec.Spec()
	c.required(s.Args, spec.Args().Attributes, s.Range, fmt.Sprintf("%s (%s)", c.called(s), s.Action))
	for _, group := range spec.ExactlyOne {
		switch set := c.set(s, group); {
		case len(set) == 0:
			c.error(s.Range, "Missing argument", "%s (%s) needs one of %s.", capital(c.called(s)), s.Action, quoted(group))
		case len(set) > 1:
			c.excluding(s, set, "exactly one")
		case provider.Blank(c.typed(s.Args[set[0]].Expr, c.before(s, "a step's arguments"))):
			c.error(s.Args[set[0]].Expr.Range(), "Empty argument", "%q is empty, and would leave open what %s is to work on. Write it out, or use another of %s.", set[0], s.Action, quoted(group))
		}
	}
	for _, group := range spec.AtMostOne {
		if set := c.set(s, group); len(set) > 1 {
			c.excluding(s, set, "at most one")
		}
	}
	for name, why := range spec.Misfits(c.args(s)) {
		if attr := s.Args[name]; attr != nil {
			c.error(attr.Expr.Range(), "Arguments don't go together", "%s.", capital(why))
		}
	}
}

// set lists the arguments of a group that are given and not null.
func (c *checker) set(s *lang.Step, group []string) []string {
	var set []string
	for _, name := range group {
		if attr := s.Args[name]; attr != nil && !isNull(c.typed(attr.Expr, c.before(s, "a step's arguments"))) {
			set = append(set, name)
		}
	}
	return set
}

// excluding reports the one of two arguments that stands later in the file.
func (c *checker) excluding(s *lang.Step, set []string, howMany string) {
	var last hcl.Range
	for _, name := range set {
		if at := s.Args[name].NameRange; at.Start.Byte >= last.Start.Byte {
			last = at
		}
	}
	c.error(last, "Arguments exclude each other", "%s sets %s; %s takes %s of them.", capital(c.called(s)), quoted(set), s.Action, howMany)
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	if len(out) < 2 {
		return strings.Join(out, "")
	}
	return strings.Join(out[:len(out)-1], ", ") + " and " + out[len(out)-1]
}
