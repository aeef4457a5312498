package validate

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/validate/typecheck"
)

// approval checks what a step's approval asks, and whom. A read may need one too: some reads are costly.
func approval(c *checker, s *lang.Step) {
	a := s.Approval
	if a == nil {
		return
	}
	p := c.before(s, "an approval")
	c.message(a.Prompt, p, "prompt")
	c.escalation(a.Escalation, p)
	if a.Approvers != nil {
		c.approvers(a.Approvers, p)
	}
}

// approvers checks a contact or a text, or a list of them.
func (c *checker) approvers(e *lang.Expr, p *place) {
	v := c.typed(e, p)
	t := v.Type()
	c.logins(e)
	switch {
	case isNull(v):
		c.error(e.Range(), "No approvers", "approvers is null; leave it out where anybody may approve.")
	case t.IsTupleType():
		if t.Length() == 0 {
			c.error(e.Range(), "No approvers", "With an empty list nobody may approve; leave approvers out where anybody may.")
		}
		written, _ := e.Expression.(*hclsyntax.TupleConsExpr)
		for i, et := range t.TupleElementTypes() {
			if isPerson(et) {
				continue
			}
			at := e.Range()
			if written != nil && i < len(written.Exprs) {
				at = written.Exprs[i].Range()
			}
			c.error(at, "Not a contact", "An approver is a contact, such as contact.%s, or a name; this is %s.", c.example(lang.RefContact), typecheck.Friendly(et))
		}
	case (t.IsListType() || t.IsSetType()) && isPerson(t.ElementType()), isPerson(t):
	default:
		c.error(e.Range(), "Not a contact", "approvers is a contact, such as contact.%s, a name, or a list of them; this is %s.", c.example(lang.RefContact), typecheck.Friendly(t))
	}
}

// logins warns of contacts that nobody can answer as: who answers is known by the name of an account.
func (c *checker) logins(e *lang.Expr) {
	for _, ref := range e.Refs {
		contact := c.rb.Contacts[ref.Name]
		if ref.Kind != lang.RefContact || contact == nil || len(ref.Traversal) != 2 || contact.Email != "" || contact.Slack != "" {
			continue
		}
		if contact.Name == "" || strings.ContainsAny(contact.Name, " \t") {
			c.warn(ref.Range, "Nobody can answer as this contact",
				"Who answers is known by the name of their account, and contact %q has none: give it an email = \"NAME@…\" or a slack = \"@NAME\" with that name, or write the name in its place.", ref.Name)
		}
	}
}

func isPerson(t cty.Type) bool {
	return t == cty.DynamicPseudoType || t == cty.String || t.Equals(contactType)
}

// asking checks a step that a person answers: its question, as far as it is known, and what happens when nobody answers.
func asking(c *checker, s *lang.Step) {
	if s.Spec == nil || !s.Spec.Spec().Asks {
		return
	}
	c.escalation(s.Escalation, c.before(s, "an escalation"))
	args := c.args(s)
	if late := s.Args["on_timeout"]; late != nil {
		v := args.GetAttr("on_timeout")
		switch {
		case isNull(v):
		case !s.TimeoutSet:
			c.error(late.NameRange, "Missing argument", "on_timeout says what happens when the time is over, and step %q has no timeout (timeout = \"30m\").", s.Name)
		case s.Escalation == nil && v.IsKnown() && v.Type() == cty.String && v.AsString() == "escalate":
			c.error(late.Expr.Range(), "Missing argument", "on_timeout = \"escalate\" calls the next contact, so step %q needs an escalation (escalation = escalation.%s).", s.Name, c.example(lang.RefEscalation))
		}
	}
	asker, ok := s.Spec.(provider.Asker)
	args = withPrompt(args)
	if !ok || !args.IsWhollyKnown() || slices.ContainsFunc(s.Spec.Spec().Args().Attributes, func(a provider.Attribute) bool {
		return a.Required && args.GetAttr(a.Name).IsNull()
	}) {
		return
	}
	if _, err := asker.Question(args); err != nil {
		at := s.Range
		if name, _, ok := strings.Cut(err.Error(), ":"); ok && s.Args[name] != nil {
			at = s.Args[name].Expr.Range()
		}
		c.error(at, "Can't be asked", "%s.", err)
	}
}

// withPrompt has a prompt that only the run knows be any, as nothing else of a question depends on it.
func withPrompt(args cty.Value) cty.Value {
	if !args.Type().HasAttribute("prompt") || args.GetAttr("prompt").IsKnown() {
		return args
	}
	known := args.AsValueMap()
	known["prompt"] = cty.StringVal("?")
	return cty.ObjectVal(known)
}
