package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
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
