package enginetest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Syntax is one in which a runbook can be written.
type Syntax struct {
	// Ending is that of a file's name.
	Ending string
	// Of writes a text of the native syntax in this one.
	Of func(t testing.TB, text string) string
}

// Syntaxes are the native one and JSON.
var Syntaxes = []Syntax{
	{Ending: ".hcl", Of: func(_ testing.TB, text string) string { return text }},
	{Ending: ".hcl.json", Of: inJSON},
}

func inJSON(t testing.TB, text string) string {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(text), "x.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	body, _ := file.Body.(*hclsyntax.Body)
	out, err := json.MarshalIndent(jsonBody(t, body, file.Bytes), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// jsonBody has each block as an object of its own, in lists that keep their order.
func jsonBody(t testing.TB, body *hclsyntax.Body, source []byte) map[string]any {
	t.Helper()
	out := map[string]any{}
	for name, attr := range body.Attributes {
		out[name] = jsonAttribute(t, name, attr.Expr, source)
	}
	for _, b := range body.Blocks {
		var inner any = jsonBody(t, b.Body, source)
		for _, label := range slices.Backward(b.Labels) {
			inner = map[string]any{label: inner}
		}
		list, _ := out[b.Type].([]any)
		out[b.Type] = append(list, inner)
	}
	return out
}

func jsonAttribute(t testing.TB, name string, e hclsyntax.Expression, source []byte) any {
	t.Helper()
	text := string(e.Range().SliceBytes(source))
	list, isList := e.(*hclsyntax.TupleConsExpr)
	switch {
	case name == "depends_on" && isList:
		out := []any{}
		for _, item := range list.Exprs {
			out = append(out, jsonAttribute(t, name, item, source))
		}
		return out
	case name == "depends_on" || name == "provider" || name == "type":
		return text
	}
	v, diags := e.Value(nil)
	if diags.HasErrors() || !v.IsWhollyKnown() {
		return "${" + text + "}"
	}
	if v.Type() == cty.String {
		return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(v.AsString())
	}
	plain, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		t.Fatal(err)
	}
	return json.RawMessage(plain)
}
