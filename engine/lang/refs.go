package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// references finds the names that an expression takes from outside itself; those that a for expression declares are
// its own.
func references(e hclsyntax.Expression) []Ref {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return nil
	case *hclsyntax.ScopeTraversalExpr:
		return []Ref{reference(e.Traversal)}
	case *hclsyntax.TemplateExpr:
		if e.IsStringLiteral() {
			return nil
		}
	}
	var refs []Ref
	for _, t := range hclsyntax.Variables(e) {
		refs = append(refs, reference(t))
	}
	return refs
}

func reference(t hcl.Traversal) Ref {
	ref := Ref{Kind: RefKind(t.RootName()), Traversal: t, Range: t.SourceRange()}
	if len(t) > 1 && ref.Kind != RefSelf && ref.Kind != RefValue {
		if name, ok := t[1].(hcl.TraverseAttr); ok {
			ref.Name = name.Name
		}
	}
	ref.OutcomeOnly = ref.Kind == RefStep && readsOutcomeOnly(t)
	return ref
}

// outcomeAttributes are there however a step ended, so that reading them waits for the step and needs no success.
var outcomeAttributes = map[string]bool{"outcome": true, "error": true, "duration_ms": true, "attempts": true}

// readsOutcomeOnly reports whether t is step.x.outcome or step.x["literal key"].outcome, or the like.
func readsOutcomeOnly(t hcl.Traversal) bool {
	if len(t) < 3 {
		return false
	}
	at := t[2]
	if index, ok := at.(hcl.TraverseIndex); ok {
		if len(t) < 4 || index.Key.Type() != cty.String {
			return false
		}
		at = t[3]
	}
	attr, ok := at.(hcl.TraverseAttr)
	return ok && outcomeAttributes[attr.Name]
}
