package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
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

// TestVocabularyIsFresh: every word that the program says is known as one. One that it says no more does no harm.
func TestVocabularyIsFresh(t *testing.T) {
	root := filepath.Join("..", "..")
	words, err := vocabulary(root)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(vocabularyFile)))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		known[strings.TrimSpace(line)] = true
	}
	for _, w := range words {
		if !known[w] {
			t.Errorf("%s is not in %s; run make generate", w, vocabularyFile)
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
