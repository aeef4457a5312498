package lang

import (
	"io/fs"
	"testing"
)

// TestWrittenInJSON: two expressions of the JSON syntax that say something else are not written alike, whatever comments of the native syntax
// look like; those that differ in nothing are.
func TestWrittenInJSON(t *testing.T) {
	t.Parallel()
	written := func(value string) string {
		rb, diags := Load("/x.hcl.json", LoadOptions{ReadFile: func(path string) ([]byte, error) {
			if path != "/x.hcl.json" {
				return nil, fs.ErrNotExist
			}
			return []byte(`{"runbook": {"x": {}}, "locals": {"a": ` + value + `}}`), nil
		}})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return rb.Locals["a"].Value.Written()
	}
	values := []string{
		`"http://a"`, `"http://b"`, `"a # 1"`, `"a # 2"`, `"1"`, `1`, `true`, `"true"`, `{"a": "http://a"}`, `{"a": "http://b"}`,
		`"${[\"http://a\"]}"`, `"${[\"http://b\"]}"`, `["x // 1"]`, `["x // 2"]`,
	}
	seen := map[string]string{}
	for _, v := range values {
		w := written(v)
		if seen[w] != "" {
			t.Errorf("%s and %s are written alike", v, seen[w])
		}
		if seen[w] = v; written(v) != w {
			t.Errorf("%s is not written as itself", v)
		}
	}
}
