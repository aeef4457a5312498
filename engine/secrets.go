package engine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
)

// readSecrets evaluates every secret(…) that the steps will surely need, or the notifiers that may run while they wait, and that is known beforehand, so that a missing
// one stops the run before its first step and not in its middle. Secrets of provider blocks are read when the blocks'
// targets are worked out.
func (p *planner) readSecrets(within string) hcl.Diagnostics {
	var diags hcl.Diagnostics
	seen := map[*lang.Expr]bool{}
	for _, n := range p.plan.Graph.Nodes {
		who := "step " + within + n.Step.Name
		if n.Step.IsCheck() {
			who = "check " + within + n.Step.Name
		}
		diags = append(diags, secretsOf(p.plan.scope, n.Step, who, seen)...)
	}
	for _, n := range p.notifies {
		if !n.Suppressed {
			diags = append(diags, secretsOf(p.plan.scope, n.step, fmt.Sprintf("level %d of escalation %s", n.Level, n.Escalation), seen)...)
		}
	}
	return diags
}

// secretsOf reads those of a step, and of its undo, which who names in the middle of a sentence.
func secretsOf(scope *lang.Scope, s *lang.Step, who string, seen map[*lang.Expr]bool) (diags hcl.Diagnostics) {
	for _, name := range slices.Sorted(maps.Keys(s.Args)) {
		diags = append(diags, neededBy(secretsIn(scope, s.Args[name].Expr, seen), fmt.Sprintf("the argument %q of %s", name, who))...)
	}
	if s.Undo != nil {
		diags = append(diags, secretsOf(scope, s.Undo.Step, "the undo of "+who, seen)...)
	}
	for _, e := range graph.Expressions(s) {
		diags = append(diags, neededBy(secretsIn(scope, e, seen), who)...)
	}
	return diags
}

// neededBy says of what can't be read what needs it: a secret of a local stands somewhere else.
func neededBy(diags hcl.Diagnostics, who string) hcl.Diagnostics {
	for i, d := range diags {
		told := *d
		told.Detail = fmt.Sprintf("%s It is needed by %s.", d.Detail, who)
		diags[i] = &told
	}
	return diags
}

// ofConfig says so of the secrets that a provider block lacks.
func ofConfig(diags hcl.Diagnostics, s *lang.Step) hcl.Diagnostics {
	for i, d := range diags {
		if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok && call.CalledFunctionName() == "secret" {
			diags[i] = neededBy(diags[i:i+1], "the block of provider "+graph.Configuration(s))[0]
		}
	}
	return diags
}

func secretsIn(scope *lang.Scope, e *lang.Expr, seen map[*lang.Expr]bool) hcl.Diagnostics {
	return readIn(scope, e, lang.Frame{}, seen, secretCalls{})
}

// readIn evaluates the secrets of an expression, those that of collects.
func readIn(scope *lang.Scope, e *lang.Expr, frame lang.Frame, seen map[*lang.Expr]bool, of secretCalls) hcl.Diagnostics {
	if e == nil || seen[e] {
		return nil
	}
	seen[e] = true
	calls := of
	diags := hclsyntax.Walk(e.Expression, &calls)
	for _, name := range calls.locals {
		if l := scope.Runbook.Locals[name]; l != nil {
			diags = append(diags, readIn(scope, l.Value, frame, seen, of)...)
		}
	}
	for _, call := range calls.found {
		_, more := scope.Value(e.Part(call), frame)
		diags = append(diags, more...)
	}
	return diags
}

// secretCalls collects calls of secret that will be evaluated whatever the run finds, and choices between some. What
// try and can may catch is left to the run.
type secretCalls struct {
	// past collects also what try and can may catch, and what only the run could tell: it has been evaluated.
	past  bool
	found []hclsyntax.Expression
	// locals are the names of the locals that are as sure to be evaluated.
	locals []string
	// inside counts the calls of try and can, and the choices, around the node that is visited.
	inside int
}

var catches = map[string]bool{"try": true, "can": true}

func (c *secretCalls) Enter(n hclsyntax.Node) hcl.Diagnostics {
	switch n := n.(type) {
	case *hclsyntax.FunctionCallExpr:
		if catches[n.Name] && !c.past {
			c.inside++
		} else if n.Name == "secret" {
			c.take(n)
		}
	case *hclsyntax.ScopeTraversalExpr:
		if (c.inside == 0 || c.past) && n.Traversal.RootName() == string(lang.RefLocal) && len(n.Traversal) > 1 {
			if name, ok := n.Traversal[1].(hcl.TraverseAttr); ok {
				c.locals = append(c.locals, name.Name)
			}
		}
	case *hclsyntax.ConditionalExpr:
		c.take(n) // only the side that is chosen is needed
		c.inside++
	}
	return nil
}

func (c *secretCalls) Exit(n hclsyntax.Node) hcl.Diagnostics {
	switch n := n.(type) {
	case *hclsyntax.FunctionCallExpr:
		if catches[n.Name] && !c.past {
			c.inside--
		}
	case *hclsyntax.ConditionalExpr:
		c.inside--
	}
	return nil
}

// take keeps an expression that needs nothing but inputs.
func (c *secretCalls) take(e hclsyntax.Expression) {
	if c.inside > 0 {
		return
	}
	needsSecret := false
	// The callback gives no diagnostics, so the walk has none.
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		needsSecret = needsSecret || ok && call.Name == "secret"
		return nil
	})
	if !needsSecret {
		return
	}
	for _, t := range e.Variables() {
		if root := lang.RefKind(t.RootName()); !c.past && root != lang.RefVar && root != lang.RefLocal {
			return
		}
	}
	c.found = append(c.found, e)
}
