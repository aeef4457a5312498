package local

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// takesIn reports whether an expression takes something in that is not of the files and the run's own variables: a result, the
// environment, or what is in files.
func (b *branch) takesIn(e *lang.Expr) bool {
	if around := b.runbook.Surroundings(e); around.Environment || around.Files {
		return true
	}
	return slices.ContainsFunc(b.runbook.Uses(e), func(used *lang.Expr) bool {
		return slices.ContainsFunc(used.Refs, func(ref lang.Ref) bool {
			return ref.Kind == lang.RefStep || ref.Kind == lang.RefSelf || ref.Kind == lang.RefContact || ref.Kind == lang.RefEscalation
		})
	})
}

// inTheOpen reports whether an expression of a step says what stands in the open anyway, or is shown because its author says so.
func (b *branch) inTheOpen(step *lang.Step, e *lang.Expr) bool {
	if call, ok := e.Expression.(*hclsyntax.FunctionCallExpr); ok && call.Name == "nonsensitive" {
		return true
	}
	parts := []*lang.Expr{e}
	if slices.ContainsFunc(b.runbook.Uses(e), func(used *lang.Expr) bool { return refersTo(used, lang.RefEach) }) {
		if step.ForEach == nil {
			return false // of the step whose undo it is
		}
		parts = append(parts, step.ForEach)
	}
	open := true
	b.madeOf(step, parts, func(at *branch, _ *lang.Step, part *lang.Expr) { open = open && !at.takesIn(part) })
	return open
}

// echoed refuses arguments that others may read in which a secret of the run stands, be it one that a system gave back: nothing marks it as
// sensitive there. What stands in the open is not looked at, in which a word may be a secret by chance.
func (r *runner) echoed(step *lang.Step, args cty.Value, local lang.Frame) error {
	for i := range step.Spec.Spec().Args().Attributes {
		a := &step.Spec.Spec().Args().Attributes[i]
		if a.Public == "" || step.Args[a.Name] == nil {
			continue
		}
		if e := step.Args[a.Name].Expr; !r.inTheOpen(step, e.AsWritten()) && r.showsSecret(args.GetAttr(a.Name), r.openTexts(step, e.AsWritten(), local)) {
			return fmt.Errorf("%s holds what is a secret of the run too, from a result, a file or the environment: %s", a.Name, a.Public)
		}
	}
	return nil
}

// showsSecret reports whether something of a value would not be shown, beside texts that stand in the open.
func (r *runner) showsSecret(v cty.Value, open []string) bool {
	return slices.ContainsFunc(textsIn(v), func(text string) bool {
		for _, t := range open {
			text = strings.ReplaceAll(text, t, r.shown(t))
		}
		return r.shown(text) != text
	})
}

// openTexts are those among the parts of an expression that stand in the open, and hold what would not be shown elsewhere.
func (r *runner) openTexts(step *lang.Step, e *lang.Expr, local lang.Frame) []string {
	var out []string
	for _, used := range r.runbook.Uses(e) {
		used.Rewrite(func(part *lang.Expr, _ string) lang.Replacement {
			if !r.inTheOpen(step, part) {
				return lang.Replacement{Into: true}
			}
			if v, diags := r.scope.Value(part, local); !diags.HasErrors() {
				out = append(out, textsIn(v)...)
			}
			return lang.Replacement{}
		})
	}
	return slices.DeleteFunc(out, func(text string) bool { return text == "" || r.shown(text) == text })
}

// textsIn are the texts in a value that nothing marks as sensitive.
func textsIn(v cty.Value) []string {
	if provider.IsSensitive(v) {
		return nil
	}
	var out []string
	v, _ = v.UnmarkDeep()
	_ = cty.Walk(v, func(_ cty.Path, at cty.Value) (bool, error) { // the callback gives no error
		if at.IsKnown() && !at.IsNull() && at.Type() == cty.String {
			out = append(out, at.AsString())
		}
		return true, nil
	})
	return out
}
