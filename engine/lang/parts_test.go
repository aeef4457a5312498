package lang

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestParts: what an expression is made of is offered from the outside in, and nothing within what was taken.
func TestParts(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{`"a constant"`, nil},
		{`"${local.a} and ${self.id}"`, []string{"local.a"}},
		{`["sh", "-c", "${upper(local.a)} ${self.id}"]`, []string{"upper(local.a)"}},
		{`{ (var.k) = self.id, b = env("B") }`, []string{"var.k", `env("B")`}},
		{`join(local.a, self.ids)`, []string{"local.a"}},
		{`self.ok ? local.a : local.b`, []string{"local.a", "local.b"}},
		{`[for v in self.ids : "${local.a}${v}"]`, []string{"local.a", "v"}},
	} {
		e, diags := ParseExpression(c.text, "test")
		if diags.HasErrors() {
			t.Fatal(c.text, diags)
		}
		var got []string
		e.Parts(func(part *Expr) bool {
			usesSelf := slices.ContainsFunc(part.Refs, func(r Ref) bool { return r.Kind == RefSelf })
			if !usesSelf {
				got = append(got, part.Source)
			}
			return !usesSelf
		})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.text, diff)
		}
	}
}
