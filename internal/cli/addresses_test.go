package cli

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDidYouMean(t *testing.T) {
	names := []string{"first", `scale["eu"]`, `kids["eu"]/create`, `kids["us/1"]/create`, `kids["us/1"]/drop["a"]`}
	for given, want := range map[string]string{
		"kids/create":             `; did you mean 'kids["eu"]/create' or 'kids["us/1"]/create'?`,
		"kids[eu]":                `; did you mean 'kids["eu"]'?`,
		"kids['eu']/create":       `; did you mean 'kids["eu"]/create'?`,
		"kids[us/1]":              `; did you mean 'kids["us/1"]'?`,
		"create":                  `; did you mean 'kids["eu"]/create' or 'kids["us/1"]/create'?`,
		"drop":                    `; did you mean 'kids["us/1"]/drop["a"]'?`,
		"scale":                   `; did you mean 'scale["eu"]'?`,
		"frist":                   `; did you mean "first"?`,
		`scale["ue"]`:             `; did you mean 'scale["eu"]'?`,
		`kids["us/1"]/drop["zz"]`: `; did you mean 'kids["us/1"]/drop["a"]'?`,
		"kids[asia]":              ".",
		"first":                   `; did you mean "first"?`,
		"nothing":                 ".",
		"":                        ".",
	} {
		if got := didYouMean(given, names); got != want {
			t.Errorf("%q: got %s, want %s", given, got, want)
		}
	}
	if got, want := didYouMean("x", []string{`x["1"]`, `x["2"]`, `x["3"]`, `x["4"]`}), `; did you mean 'x["1"]' or 'x["2"]' or 'x["3"]' or another?`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestUndoOfAStepWithin: an address without the key of the step that runs the runbook, or without its quotes, is none, and the right one
// is named.
func TestUndoOfAStepWithin(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	path := tt.file(t, "x.hcl", "runbook \"x\" {}\nstep \"runbook\" \"kids\" {\n  for_each = toset([\"eu\"])\n  source = \"./kid.hcl\"\n}\n")
	child := "runbook \"kid\" {}\nprovider \"fake\" {}\nstep \"fake_write\" \"create\" {\n  id = \"create\"\n  undo \"fake_write\" { id = \"drop\" }\n}\n"
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "kid.hcl"), []byte(child), 0o600); err != nil {
		t.Fatal(err)
	}
	tt.does(t, ExitPassed, nil, "apply", path, "--auto-approve")
	id := tt.lastRun(t)
	for given, means := range map[string]string{"kids/create": `'kids["eu"]/create'`, "create": `'kids["eu"]/create'`, "kids[eu]": `'kids["eu"]'`} {
		tt.again(t, false, "").does(t, ExitRefused, []string{"nothing was run", given, "did you mean " + means + "?"}, "undo", id, given, "--auto-approve")
	}
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", id, `kids["eu"]`, "--auto-approve")
}
