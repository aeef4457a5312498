package lang

import (
	"io/fs"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestNowByPlace: an expression that stands at a place asks the clock for it, a local for its own, wherever it is used; one
// without a place, and the context of a check, have the time of their evaluation.
func TestNowByPlace(t *testing.T) {
	files := map[string][]byte{
		"t.tmpl": []byte("${now()}"),
		"r.hcl": []byte(`runbook "r" {}
locals {
  plain = "now"
  own   = now()
  file  = templatefile("t.tmpl", {})
}
output "none" { value = "${local.plain} and then" }
output "here" { value = "${now()}" }
output "inner" { value = [for x in [1] : { at = now() }] }
output "file" { value = templatefile("t.tmpl", {}) }
output "local" { value = local.own }
output "local_file" { value = local.file }
`),
		"r.hcl.json": []byte(`{"runbook": {"r": {}}, "output": {
  "json": {"value": "${now()}"}, "list": {"value": ["${\u006eow()}"]}
}}`),
	}
	read := func(path string) ([]byte, error) {
		for name, text := range files {
			if path == name || len(path) > len(name) && path[len(path)-len(name)-1:] == "/"+name {
				return text, nil
			}
		}
		return nil, fs.ErrNotExist
	}
	got := map[string][]Place{}
	for _, file := range []string{"r.hcl", "r.hcl.json"} {
		rb, diags := Load(file, LoadOptions{ReadFile: read})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		for _, o := range rb.Outputs {
			var asked []Place
			scope := &Scope{
				Runbook: rb, Clock: func(at Place) time.Time { asked = append(asked, at); return time.Time{} },
				Host: FunctionHost{ReadFile: read, Now: func() time.Time { return time.Unix(0, 0) }},
			}
			v, diags := scope.Value(o.Value, Frame{At: Place{Step: "s", Part: "arguments"}})
			if diags.HasErrors() {
				t.Fatal(o.Name, diags)
			}
			if len(asked) == 0 && o.Name != "none" {
				t.Errorf("%s asks no clock and gives %s", o.Name, FormatValue(v))
			}
			got[o.Name] = asked
			live, diags := (&Scope{Runbook: rb, Clock: scope.Clock, Host: scope.Host}).Value(o.Value, Frame{})
			if diags.HasErrors() || o.Name == "here" && FormatValue(live) != `"1970-01-01T00:00:00Z"` {
				t.Errorf("without a place, %s gives %s %v", o.Name, FormatValue(live), diags)
			}
		}
	}
	here := []Place{{Step: "s", Part: "arguments"}}
	want := map[string][]Place{
		"none": nil, "here": here, "inner": here, "file": append(here, here...), "json": here, "list": here,
		"local": {{Part: "local.own"}}, "local_file": {{Part: "local.file"}, {Part: "local.file"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
