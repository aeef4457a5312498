package engine

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/e82355ed/runbook/engine/lang"
)

// readSecrets evaluates every call of secret(…) with a constant argument in the steps that will run, so that a missing
// one stops the run before its first step and not in its middle. Secrets of provider blocks are read when the blocks'
// targets are worked out.
func (p *planner) readSecrets() hcl.Diagnostics {
	var diags hcl.Diagnostics
	seen := map[*lang.Expr]bool{}
	for _, n := range p.plan.Graph.Nodes {
		for _, attr := range n.Step.Args {
			diags = append(diags, p.secretsIn(attr.Expr, seen)...)
		}
	}
	return diags
}

func (p *planner) secretsIn(e *lang.Expr, seen map[*lang.Expr]bool) hcl.Diagnostics {
	if e == nil || seen[e] {
		return nil
	}
	seen[e] = true
	var diags hcl.Diagnostics
	for _, ref := range e.Refs {
		if l := p.plan.Runbook.Locals[ref.Name]; ref.Kind == lang.RefLocal && l != nil {
			diags = append(diags, p.secretsIn(l.Value, seen)...)
		}
	}
	calls := &secretCalls{}
	diags = append(diags, hclsyntax.Walk(e.Expression, calls)...)
	for _, call := range calls.found {
		_, more := p.plan.scope.Value(&lang.Expr{Expression: call}, lang.Frame{})
		diags = append(diags, more...)
	}
	return diags
}

// secretCalls collects calls of secret whose argument needs no names.
type secretCalls struct {
	found []hclsyntax.Expression
}

func (c *secretCalls) Enter(n hclsyntax.Node) hcl.Diagnostics {
	if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && call.Name == "secret" && len(call.Variables()) == 0 {
		c.found = append(c.found, call)
	}
	return nil
}

func (c *secretCalls) Exit(hclsyntax.Node) hcl.Diagnostics { return nil }
