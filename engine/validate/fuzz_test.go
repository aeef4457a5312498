package validate_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/e82355ed/runbook/engine/lang"
)

// FuzzValidate checks that no text makes loading, the graph or the rules panic, and that all diagnostics can be shown.
func FuzzValidate(f *testing.F) {
	for _, pattern := range []string{"testdata/*/case.hcl", "testdata/*/case.hcl.json"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			source, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(source, filepath.Ext(path) == ".json")
		}
	}
	r := registry()
	f.Fuzz(func(t *testing.T, source []byte, json bool) {
		name := "fuzz.hcl"
		if json {
			name += ".json"
		}
		diags := check(name, lang.LoadOptions{Registry: r, ReadFile: func(path string) ([]byte, error) {
			if path == name {
				return source, nil
			}
			return nil, fs.ErrNotExist
		}})
		render(diags)
	})
}
