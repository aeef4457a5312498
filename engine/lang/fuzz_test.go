package lang

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// FuzzLoad gives arbitrary bytes to the decoder, as native syntax and as JSON, and evaluates what came of them.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/spec/*/*.hcl", "testdata/spec/*/*.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(source)
		}
	}
	registry := testRegistry()
	f.Fuzz(func(t *testing.T, source []byte) {
		start := time.Now()
		for _, name := range []string{"r.hcl", "r.hcl.json", "workspace.hcl"} {
			opts := LoadOptions{Registry: registry, ReadFile: oneFile(name, source), MaxFileBytes: 1 << 16}
			load := Load
			if IsWorkspace(name) {
				load = LoadWorkspace
			}
			rb, diags := load(name, opts)
			if rb == nil {
				t.Fatal("there is no runbook")
			}
			for _, d := range diags {
				if d.Summary == "" || d.Detail == "" {
					t.Fatalf("an empty diagnostic: %#v", d)
				}
			}
			use(rb)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Fatalf("took %s", took)
		}
		compareNesting(t, source)
	})
}

// use evaluates and explains all expressions of a runbook, broken or not.
func use(rb *Runbook) {
	variables, _ := ResolveVariables(rb, VariableSources{})
	scope := &Scope{Runbook: rb, Variables: variables, Host: FunctionHost{Static: true, ReadFile: manyFiles(nil)}}
	for _, o := range rb.Outputs {
		v, _ := scope.Value(o.Value, Frame{})
		FormatValue(v)
		ValueToJSON(v)
	}
	for _, s := range rb.Steps {
		for _, a := range s.Asserts {
			if ctx, diags := scope.Context(a.Condition.Refs, Frame{}); !diags.HasErrors() {
				Explain(a.Condition, ctx)
				NothingToCheck(a.Condition, ctx)
			}
		}
	}
}
