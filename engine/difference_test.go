package engine

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/lang"
)

// written is a runbook of these files; the first is its own.
func written(t *testing.T, files map[string]string) *lang.Runbook {
	t.Helper()
	own := "/x.hcl"
	if _, json := files["x.hcl.json"]; json {
		own = "/x.hcl.json"
	}
	rb, diags := lang.Load(own, lang.LoadOptions{ReadFile: func(path string) ([]byte, error) {
		switch text, ok := files[strings.TrimPrefix(path, "/")]; {
		case ok && (filepath.Base(path) == "workspace.hcl" || filepath.Ext(path) == ".json"):
			return []byte(text), nil
		case ok:
			return []byte("runbook \"r\" {}\n" + text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return rb
}

// TestWhatChangedIsTold of each attribute and block, as it was and as it is, with no secret in it.
func TestWhatChangedIsTold(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ab ", 30)
	threshold := func(name string) string {
		return "  threshold \"" + name + "\" {\n    value = self.n\n    warn = value > 1\n  }\n"
	}
	asserts := func(conditions ...string) string {
		out := ""
		for _, c := range conditions {
			out += "  assert {\n    condition = " + c + "\n    error_message = \"x\"\n  }\n"
		}
		return out
	}
	step := func(text string) string { return "step \"a_b\" \"one\" {\n" + text + "\n}\nstep \"a_b\" \"two\" {}\n" }
	tests := map[string]struct {
		was, is string
		told    []string
	}{
		"nothing":          {"  a = 1", "  # a word\n  a=1", nil},
		"what stands else": {"  a = 1\n  b = 2\n  retry { attempts = 2 }\n  approval {}", "  approval {}\n  b = 2\n  retry { attempts = 2 }\n  a = 1", nil},
		"a value":          {"  timeout = \"10m\"", "  timeout = \"5m\"", []string{`step one differs: timeout = "10m" is now "5m"`}},
		"several": {"  a = 1\n  b = [step.two.x, 2] # two\n  c = 3", "  a = var.n\n  b = [\n    step.two.x,\n    3\n  ]\n  c = 3",
			[]string{`step one differs: a = 1 is now var.n, b = [step.two.x, 2] is now [ step.two.x, 3 ]`}},
		"come and gone":         {"  a = 1\n  depends_on = [step.two]", "  b = 2", []string{`step one differs: a = 1 is gone, b = 2 is new, depends_on = [step.two] is gone`}},
		"white space in a text": {`  a = "x  y"`, `  a = "x y"`, []string{`step one differs: a = "x  y" is now "x y"`}},
		"lines":                 {"  a = <<EOT\nfirst\nEOT", "  a = <<EOT\nsecond\nEOT", []string{`step one differs: a = <<EOT\nfirst\nEOT is now <<EOT\nsecond\nEOT`}},
		"a secret":              {`  a = sensitive("two  words")`, `  a = sensitive("x")`, []string{`step one differs: a = sensitive("(sensitive)") is now sensitive("x")`}},
		"late in a long text": {`  a = "` + long + `ö 1 is here"`, `  a = "` + long + `ö 2 is here"`,
			[]string{`step one differs: a = …ab ab ab ab ö 1 is here" is now …ab ab ab ab ö 2 is here"`}},
		"a long text": {`  a = "` + long + `"`, `  a = 1`,
			[]string{`step one differs: a = "ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab… is now 1`}},
		"in a block":     {"  retry { attempts = 2 }", "  retry { attempts = 3 }", []string{`step one differs: retry.attempts = 2 is now 3`}},
		"a block come":   {"", "  retry { attempts = 3 }", []string{`step one differs: retry is new`}},
		"a block gone":   {"  retry { attempts = 3 }", "", []string{`step one differs: retry is gone`}},
		"a labelled one": {threshold("x"), threshold("y"), []string{`checks of step one differ: threshold "x" is gone, threshold "y" is new`}},
		"one of several": {asserts("1", "2"), asserts("0", "1", "2", "3"),
			[]string{`checks of step one differ: assert (1 of 4) is new, assert (4 of 4) is new`}},
		"another of several": {asserts("1", "2"), asserts("1", "3"),
			[]string{`checks of step one differ: assert (2 of 2).condition = 2 is now 3`}},
		"in another order": {asserts("1", "2"), asserts("2", "1"),
			[]string{`checks of step one differ: the order of assert is another`}},
		"an undo": {"  undo \"a_b\" { id = \"back\" }", "  undo \"a_b\" { id = \"forth\" }",
			[]string{`undo of step one differs: undo "a_b".id = "back" is now "forth"`}},
		"checks": {"  show = 1\n  assert {\n    condition = true\n    error_message = \"x\"\n  }", "  show = 2",
			[]string{`checks of step one differ: show = 1 is now 2, assert is gone`}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			blank := func(text []byte) []byte { return []byte(strings.ReplaceAll(string(text), "two  words", "(sensitive)")) }
			before, after := written(t, map[string]string{"x.hcl": step(tc.was)}), written(t, map[string]string{"x.hcl": step(tc.is)})
			if diff := cmp.Diff(tc.told, compare(before, after, blank).told); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWhatChangedInJSON is told as in the native syntax, with the text of the file.
func TestWhatChangedInJSON(t *testing.T) {
	t.Parallel()
	file := func(step string) map[string]string {
		return map[string]string{"x.hcl.json": `{"runbook": {"r": {}}, "step": {"a_b": {"one": ` + step + `, "two": {}}}}`}
	}
	tests := map[string]struct {
		was, is string
		told    []string
	}{
		"white space": {`{"a": 1, "b": {"x": [1, "y"]}, "retry": {"attempts": 2}}`, "{\n\"retry\": [{\"attempts\":2}], \"a\":1, \"b\": { \"x\":[1,\n\"y\"] } }", nil},
		"values": {`{"a": 1, "b": "1", "c": {"x": [1, "http://a/${local.x}"]}}`, `{"a": 2, "b": 1, "c": {"x": [1, "http://b/${local.x}"]}}`,
			[]string{`step one differs: a = 1 is now 2, b = "1" is now 1, c = {"x":[1,"http://a/${local.x}"]} is now {"x":[1,"http://b/${local.x}"]}`}},
		"parts": {`{"retry": {"attempts": 2}, "undo": {"a_b": {"id": "back"}}, "assert": [{"condition": "${true}"}, {"condition": "${false}"}]}`,
			`{"retry": {"attempts": 3}, "undo": {"a_b": {"id": "forth"}}, "assert": [{"condition": "${true}"}]}`,
			[]string{"checks of step one differ: assert (2 of 2) is gone", "step one differs: retry.attempts = 2 is now 3", `undo of step one differs: undo "a_b".id = "back" is now "forth"`}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after := written(t, file(tc.was)), written(t, file(tc.is))
			if diff := cmp.Diff(tc.told, compare(before, after, nil).told); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWhatChangedOfTheWhole is told too: what is declared, in the file, its workspace and the runbooks that steps run.
func TestWhatChangedOfTheWhole(t *testing.T) {
	t.Parallel()
	const two = "step \"a_b\" \"one\" {}\nstep \"a_b\" \"two\" {}\n"
	provider := func(text string) string { return "provider \"http\" { " + text + " }\n" }
	const runs = "step \"runbook\" \"run\" { source = \"./child.hcl\" }\n"
	const other = "step \"runbook\" \"other\" { source = \"./sub/child.hcl\" }\n"
	tests := map[string]struct {
		was, is map[string]string
		told    []string
	}{
		"a step come and one gone": {
			map[string]string{"x.hcl": two}, map[string]string{"x.hcl": "step \"a_b\" \"two\" {}\nstep \"a_b\" \"three\" {}\n"},
			[]string{"step one is gone", "step three is new"},
		},
		"a read that stands elsewhere": {map[string]string{"x.hcl": two}, map[string]string{"x.hcl": "step \"a_b\" \"two\" {}\nstep \"a_b\" \"one\" {}\n"}, nil},
		"an action":                    {map[string]string{"x.hcl": two}, map[string]string{"x.hcl": strings.Replace(two, "a_b", "a_c", 1)}, []string{`step one differs: step "a_b" "one" is now step "a_c" "one"`}},
		"locals": {
			map[string]string{"x.hcl": two + "locals {\n  a = 1\n  b = 2\n}\n"}, map[string]string{"x.hcl": two + "locals { b = 3 }\nlocals { a = 1 }\n"},
			[]string{"local b differs: b = 2 is now 3"},
		},
		"one of two of a name": {
			map[string]string{"x.hcl": two + provider(`base_url = "http://a"`) + provider(`alias = "eu"`)},
			map[string]string{"x.hcl": two + provider(`alias = "eu"`) + provider(`base_url = "http://b"`)},
			[]string{`provider http differs: provider "http" (1 of 2).base_url = "http://a" is now "http://b"`},
		},
		"another of a name": {
			map[string]string{"x.hcl": two + provider(`base_url = "http://a"`)},
			map[string]string{"x.hcl": two + provider(`base_url = "http://a"`) + provider(`alias = "eu"`)},
			[]string{`provider http differs: provider "http" (2 of 2) is new`},
		},
		"the runbook's own beside the workspace's": {
			map[string]string{"x.hcl": two + provider(`base_url = "http://a"`), "workspace.hcl": provider(`base_url = "http://z"`)},
			map[string]string{"x.hcl": two + provider(`base_url = "http://b"`), "workspace.hcl": provider(`base_url = "http://z"`)},
			[]string{`provider http differs: provider "http" (2 of 2).base_url = "http://a" is now "http://b"`},
		},
		"an environment": {
			map[string]string{"x.hcl": two, "workspace.hcl": "environment \"dev\" { variables = { host = \"a\" } }\n"},
			map[string]string{"x.hcl": two, "workspace.hcl": "environment \"dev\" { variables = { host = \"b\" } }\n"},
			[]string{`environment dev differs: variables = { host = "a" } is now { host = "b" }; variables keep the values that the run has`},
		},
		"one of two children of a name": {
			map[string]string{"x.hcl": runs + other, "child.hcl": two, "sub/child.hcl": two},
			map[string]string{"x.hcl": runs + other, "child.hcl": strings.Replace(two, "{}", "{ x = 1 }", 1), "sub/child.hcl": two},
			[]string{"file child.hcl differs: step one: x = 1 is new"},
		},
		"the other of two children of a name": {
			map[string]string{"x.hcl": runs + other, "child.hcl": two, "sub/child.hcl": two},
			map[string]string{"x.hcl": runs + other, "child.hcl": two, "sub/child.hcl": strings.Replace(two, "{}", "{ x = 1 }", 1)},
			[]string{"file sub/child.hcl differs: step one: x = 1 is new"},
		},
		"a child": {
			map[string]string{"x.hcl": runs, "child.hcl": two}, map[string]string{"x.hcl": runs, "child.hcl": strings.Replace(two, "{}", "{ x = 1 }", 1)},
			[]string{"file child.hcl differs: step one: x = 1 is new"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.told, compare(written(t, tc.was), written(t, tc.is), nil).told); diff != "" {
				t.Error(diff)
			}
		})
	}
}
