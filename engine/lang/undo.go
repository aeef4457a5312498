package lang

import (
	"iter"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// UndoResults are the results of the step that its undo names, each with where; a result of no name is the whole of self.
func (s *Step) UndoResults() iter.Seq2[string, hcl.Range] {
	return func(yield func(string, hcl.Range) bool) {
		if s.Undo == nil {
			return
		}
		for _, attr := range s.Undo.Step.Args {
			for _, ref := range attr.Expr.Refs {
				if ref.Kind == RefSelf && !yield(resultOf(ref.Traversal), ref.Range) {
					return
				}
			}
		}
	}
}

// UndoesThere reports whether the step's undo acts through the same configuration as the step.
func (s *Step) UndoesThere() bool {
	return s.Provider != nil && s.Undo.Step.Provider == s.Provider && s.ProviderRef.same(s.Undo.Step.ProviderRef)
}

func (ref *ProviderRef) same(other *ProviderRef) bool {
	var a, b ProviderRef
	if ref != nil {
		a = *ref
	}
	if other != nil {
		b = *other
	}
	if a.Key == nil || b.Key == nil {
		return a.Alias == b.Alias && a.Key == b.Key
	}
	return a.Key.Written() == b.Key.Written()
}

// UndoSeesResult reports whether the step's undo uses anything that its action gave: one that does not takes back all of it each time.
func (s *Step) UndoSeesResult() bool {
	if s.Spec == nil {
		return false
	}
	return slices.ContainsFunc(s.Spec.Spec().Results().Names(), s.UndoCountsOn)
}

// resultOf is the name behind self; empty where the whole is meant.
func resultOf(t hcl.Traversal) string {
	if len(t) > 1 {
		if name, ok := t[1].(hcl.TraverseAttr); ok {
			return name.Name
		}
	}
	return ""
}

// UndoCountsOn reports whether the step's undo uses a result.
func (s *Step) UndoCountsOn(result string) bool {
	for name := range s.UndoResults() {
		if name == result || name == "" {
			return true
		}
	}
	return false
}
