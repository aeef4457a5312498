package lang

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Text evaluates an expression for people to read. Of a template of which a part is sensitive, [Blank] stands for that part alone.
func (s *Scope) Text(e *Expr, f Frame) (cty.Value, hcl.Diagnostics) {
	v, diags := s.Value(e, f)
	template, is := e.Expression.(*hclsyntax.TemplateExpr)
	if diags.HasErrors() || !is || !v.IsMarked() {
		return v, diags
	}
	b := &contextBuilder{scope: s, frame: f, file: e.Range().Filename, timed: e.timed}
	ctx, diags := b.build(e.Refs)
	if diags.HasErrors() {
		return v, diags
	}
	var text strings.Builder
	for _, part := range template.Parts {
		shown := Blank
		if v, diags := part.Value(ctx); !diags.HasErrors() && !v.ContainsMarked() {
			if plain, err := convert.Convert(v, cty.String); err == nil && plain.IsKnown() && !plain.IsNull() {
				shown = plain.AsString()
			}
		}
		text.WriteString(shown)
	}
	return cty.StringVal(text.String()), nil
}
