package engine

import (
	"iter"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run/local"
)

// TellLiterals tells what stands in the files: in the open, and, as secrets, constants of sensitive arguments and defaults of
// sensitive variables. A diagnostic shows source lines, and these must not be readable there either.
func (r *Runbook) TellLiterals(secrets local.SecretSink) {
	if r == nil || secrets == nil {
		return
	}
	tellOpen(r.Runbook, secrets)
	for _, v := range r.Variables {
		if v.Sensitive && v.Default != cty.NilVal {
			local.TellInputs(v.Default.Mark(provider.Sensitive), secrets)
		}
	}
	for at, schema := range sensitiveAttributes(r.Runbook) {
		if len(at.Expr.Refs) > 0 || at.Expr.Calls() {
			continue
		}
		if v, diags := at.Expr.Value(nil); !diags.HasErrors() {
			local.TellAttribute(schema, v.Mark(provider.Sensitive), secrets)
		}
	}
}

// tellOpen tells the texts of the files of a runbook, and of those that its steps run.
func tellOpen(rb *lang.Runbook, secrets local.SecretSink) {
	secrets.Open(openLiterals(rb))
	for _, s := range rb.Steps {
		if s.Child != nil {
			tellOpen(s.Child, secrets)
		}
	}
}

// tellVariables tells the values of variables: those of sensitive ones are secrets, and the others stand in the open.
func tellVariables(variables map[string]cty.Value, secrets local.SecretSink) {
	if secrets == nil {
		return
	}
	secrets.Open(func(yield func(string) bool) {
		for _, v := range variables {
			if provider.IsSensitive(v) {
				continue
			}
			for text := range lang.Texts(v) {
				if !yield(text) {
					return
				}
			}
		}
	})
	for _, v := range variables {
		local.TellInputs(v, secrets)
	}
}

// sensitiveAttributes are the attributes of a runbook, and of those that its steps run, that are or may hold secrets.
func sensitiveAttributes(rb *lang.Runbook) iter.Seq2[*lang.Attr, *provider.Attribute] {
	return func(yield func(*lang.Attr, *provider.Attribute) bool) {
		for _, p := range rb.Providers {
			if p.Schema != nil && !sensitiveAmong(p.Schema.Config(), p.Config, yield) {
				return
			}
		}
		for s := range allSteps(rb) {
			if s.Spec != nil && !sensitiveAmong(s.Spec.Spec().Args(), s.Args, yield) {
				return
			}
		}
	}
}

func sensitiveAmong(schema *provider.Object, attrs map[string]*lang.Attr, yield func(*lang.Attr, *provider.Attribute) bool) bool {
	if !schema.Sensitive() {
		return true
	}
	for _, attr := range attrs {
		a := schema.Attribute(attr.Name)
		if a == nil || !a.Sensitive && (a.Fields == nil || !a.Fields.Sensitive()) {
			continue
		}
		if !yield(attr, a) {
			return false
		}
	}
	return true
}

// allSteps are the steps of a runbook with their undos, the notifiers, and the steps of the runbooks that steps run.
func allSteps(rb *lang.Runbook) iter.Seq[*lang.Step] {
	return func(yield func(*lang.Step) bool) {
		var visit func(s *lang.Step) bool
		all := func(steps []*lang.Step) bool {
			for _, s := range steps {
				if !visit(s) {
					return false
				}
			}
			return true
		}
		inside := func(rb *lang.Runbook) bool {
			for _, e := range rb.Escalations {
				if !all(e.Notifiers()) {
					return false
				}
			}
			return all(rb.Steps)
		}
		visit = func(s *lang.Step) bool {
			return yield(s) && (s.Undo == nil || visit(s.Undo.Step)) && (s.Child == nil || inside(s.Child))
		}
		inside(rb)
	}
}

// openLiterals are the constants in the files of a runbook, but for those of what is sensitive.
func openLiterals(rb *lang.Runbook) iter.Seq[string] {
	return func(yield func(string) bool) {
		w := &literalWalker{hidden: map[hcl.Range]bool{}, take: yield, more: true}
		for at := range sensitiveAttributes(rb) {
			w.hidden[at.Expr.Range()] = true
		}
		for _, file := range rb.Sources {
			if body, ok := file.Body.(*hclsyntax.Body); ok {
				// The walker gives no diagnostics, so the walk has none.
				_ = hclsyntax.Walk(body, w)
			}
		}
	}
}

// literalWalker offers texts and numbers until take has enough.
type literalWalker struct {
	hidden map[hcl.Range]bool
	take   func(string) bool
	more   bool
	within int // how deep it is within something hidden
}

func (w *literalWalker) Enter(n hclsyntax.Node) hcl.Diagnostics {
	if w.within > 0 || w.hides(n) {
		w.within++
		return nil
	}
	switch n := n.(type) {
	case *hclsyntax.LiteralValueExpr:
		for text := range lang.Texts(n.Val) {
			w.offer(text)
		}
	case *hclsyntax.ObjectConsKeyExpr:
		w.offer(hcl.ExprAsKeyword(n.Wrapped))
	case *hclsyntax.Block:
		for _, label := range n.Labels {
			w.offer(label)
		}
	}
	return nil
}

func (w *literalWalker) hides(n hclsyntax.Node) bool {
	switch n := n.(type) {
	case *hclsyntax.FunctionCallExpr:
		return n.Name == "sensitive"
	case *hclsyntax.Block: // one of the workspace may not count here, where the runbook has its own
		return n.Type == "provider"
	case hclsyntax.Expression:
		return w.hidden[n.Range()]
	}
	return false
}

func (w *literalWalker) offer(text string) { w.more = w.more && w.take(text) }

func (w *literalWalker) Exit(hclsyntax.Node) hcl.Diagnostics {
	w.within = max(w.within-1, 0)
	return nil
}
