package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// TestEventsAreTold holds guide/events.md against the declarations: each type of event, and each field of an event and of what is in
// it, stands there.
func TestEventsAreTold(t *testing.T) {
	page := read(t, "guide/events.md")
	told := func(what, name string) {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("docs/guide/events.md does not tell the %s %q", what, name)
		}
	}
	types, fields := 0, 0
	for _, file := range []string{"event.go", "people.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), "../engine/run/"+file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "Type" {
					types++
					told("event", unquoted(t, n.Values[0].(*ast.BasicLit)))
				}
			case *ast.Field:
				if n.Tag == nil {
					break
				}
				tag, ok := reflect.StructTag(unquoted(t, n.Tag)).Lookup("json")
				if name, _, _ := strings.Cut(tag, ","); ok && name != "" && name != "-" {
					fields++
					told("field", name)
				}
			}
			return true
		})
	}
	if types == 0 || fields == 0 {
		t.Errorf("found %d types of events and %d fields", types, fields)
	}
}

func unquoted(t *testing.T, lit *ast.BasicLit) string {
	t.Helper()
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
