package lang

import "testing"

// TestTextBlanksAPart: of a text that holds something sensitive, people read the rest.
func TestTextBlanksAPart(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`"Act in ${upper("eu")} with ${var.marked}, ${1 + 2} times?"`: "Act in EU with (sensitive), 3 times?",
		`"%{ if var.marked != "" }set%{ endif } in ${lower("EU")}"`:   "(sensitive) in eu",
		`"Both ${jsonencode({ a = var.marked })} and ${1}"`:           "Both (sensitive) and 1",
		`"in ${lower("EU")}"`:             "in eu",
		`var.marked`:                      "",
		`upper("act with ${var.marked}")`: "",
	} {
		e, diags := ParseExpression(source, "test.hcl")
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		v, diags := testScope(nil).Text(e, Frame{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if want == "" {
			if !v.IsMarked() {
				t.Errorf("%s: nothing says that it is sensitive", source)
			}
			continue
		}
		if v.IsMarked() || v.AsString() != want {
			t.Errorf("%s: got %#v, want %q", source, v, want)
		}
	}
}
