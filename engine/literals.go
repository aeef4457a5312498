package engine

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run/local"
)

// LiteralSecrets tells the secrets that the files themselves hold: constants of sensitive arguments and defaults of
// sensitive variables. A diagnostic shows source lines, and these must not be readable there either.
func (r *Runbook) LiteralSecrets(tell func(string)) {
	if r == nil {
		return
	}
	for _, v := range r.Variables {
		if v.Sensitive && v.Default != cty.NilVal {
			local.TellSecrets(v.Default.Mark(provider.Sensitive), tell)
		}
	}
	for _, p := range r.Providers {
		if p.Schema != nil {
			literalsOf(p.Schema.Config(), p.Config, tell)
		}
	}
	for _, s := range r.Steps {
		stepLiterals(s, tell)
	}
	for _, e := range r.Escalations {
		for _, s := range e.Notifiers() {
			stepLiterals(s, tell)
		}
	}
}

// stepLiterals looks at a step, its undo, and the runbook that it runs.
func stepLiterals(s *lang.Step, tell func(string)) {
	if s.Spec != nil {
		literalsOf(s.Spec.Spec().Args(), s.Args, tell)
	}
	if s.Undo != nil {
		stepLiterals(s.Undo.Step, tell)
	}
	if s.Child != nil {
		(&Runbook{Runbook: s.Child}).LiteralSecrets(tell)
	}
}

func literalsOf(schema *provider.Object, attrs map[string]*lang.Attr, tell func(string)) {
	if !schema.Sensitive() {
		return
	}
	for _, attr := range attrs {
		a := schema.Attribute(attr.Name)
		if a == nil || len(attr.Expr.Refs) > 0 || attr.Expr.Calls() {
			continue
		}
		if inner := a.Fields != nil && a.Fields.Sensitive(); !a.Sensitive && !inner {
			continue
		}
		if v, diags := attr.Expr.Value(nil); !diags.HasErrors() {
			local.TellSecrets(v.Mark(provider.Sensitive), tell)
		}
	}
}
