package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/e82355ed/runbook/engine/lang"
)

// TestPagesAreFresh: what is in docs is what the sources say now.
func TestPagesAreFresh(t *testing.T) {
	root := filepath.Join("..", "..")
	all := pages()
	for name, want := range all {
		got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale; run make generate", name)
		}
	}
	// A provider that is gone must not leave its page.
	files, err := filepath.Glob(filepath.Join(root, "docs", "providers", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if _, known := all["docs/providers/"+filepath.Base(file)]; !known {
			t.Errorf("%s belongs to no provider; remove it", file)
		}
	}
}

// TestEveryFunctionIsDescribed: no function without a line, no line without a function.
func TestEveryFunctionIsDescribed(t *testing.T) {
	table := lang.Functions(lang.FunctionHost{})
	for name, f := range table {
		if functionDocs[name] == "" && f.Description() == "" {
			t.Errorf("function %s has no description", name)
		}
	}
	for name := range functionDocs {
		if _, known := table[name]; !known {
			t.Errorf("there is no function %s", name)
		}
	}
}
