package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/internal/report"
)

// TestReportsAreTold holds guide/reports.md against the declarations: each format, and each field of the JSON.
func TestReportsAreTold(t *testing.T) {
	page := read(t, "guide/reports.md")
	for _, format := range report.Formats() {
		if !strings.Contains(page, "| `"+format+"` |") {
			t.Errorf("docs/guide/reports.md does not tell the format %q", format)
		}
	}
	_, page, _ = strings.Cut(page, "## JSON")
	parsed, err := parser.ParseFile(token.NewFileSet(), "../internal/report/run.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	fields := 0
	ast.Inspect(parsed, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok && f.Tag != nil {
			name, _, _ := strings.Cut(reflect.StructTag(unquoted(t, f.Tag)).Get("json"), ",")
			if fields++; !strings.Contains(page, "`"+name+"`") {
				t.Errorf("docs/guide/reports.md does not tell the field %q", name)
			}
		}
		return true
	})
	if fields == 0 {
		t.Error("there is no field")
	}
}
