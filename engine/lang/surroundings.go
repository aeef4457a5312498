package lang

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Surroundings is what an expression, or a local that it refers to, reads beside the runbook, its variables and results.
type Surroundings struct {
	// Environment is set for variables of the environment and secrets: what stays the same while a run goes on, unless somebody sets
	// it otherwise.
	Environment bool
	// Secrets is set for secrets alone.
	Secrets bool
	// Clock is set for the time, Files for what may be in them, which the run may change itself.
	Clock, Files bool
	// Variables is set for variables of the runbook.
	Variables bool
}

// Surroundings tells what an expression reads.
func (r *Runbook) Surroundings(e *Expr) Surroundings {
	var out Surroundings
	for _, used := range r.Uses(e) {
		out.add(used)
		out.Variables = out.Variables || slices.ContainsFunc(used.Refs, func(ref Ref) bool { return ref.Kind == RefVar })
	}
	return out
}

// ReadsClock reports whether an expression says something else at another time.
func (s *Scope) ReadsClock(e *Expr) bool { return s.Runbook.Surroundings(e).Clock }

func (s *Surroundings) add(e *Expr) {
	// The callback gives no diagnostics, so the walk has none.
	_ = hclsyntax.VisitAll(e.Expression, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok {
			s.Environment = s.Environment || slices.Contains(readEnvironment, call.Name)
			s.Secrets = s.Secrets || call.Name == "secret"
			s.Clock = s.Clock || call.Name == "now" || call.Name == "templatefile"
			s.Files = s.Files || readsFiles(call.Name)
		}
		return nil
	})
}

// readEnvironment are the functions that read variables of the environment: pathexpand reads HOME.
var readEnvironment = []string{"env", "secret", "pathexpand"}
