package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/e82355ed/runbook/internal/redact"
)

// vocabularyFile has the words that the program may say by itself.
const vocabularyFile = "internal/redact/vocabulary.txt"

var (
	// speakers are the folders whose texts come to an output.
	speakers = []string{"cmd", "engine", "providers", "internal/cli", "internal/diagfmt", "internal/form", "internal/term", "internal/vault", "internal/view"}
	word     = regexp.MustCompile(`[A-Za-z]+`)
)

// vocabulary are the words in the texts of the sources that may be a secret, in lower case and in order.
func vocabulary(root string) ([]string, error) {
	found := map[string]bool{}
	for _, folder := range speakers {
		err := filepath.WalkDir(filepath.Join(root, filepath.FromSlash(folder)), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			return wordsOf(name, found)
		})
		if err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// wordsOf adds the words in the texts of a file.
func wordsOf(name string, to map[string]bool) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			text = literal.Value
		}
		for _, found := range word.FindAllString(text, -1) {
			if len(found) >= redact.MinLength {
				to[strings.ToLower(found)] = true
			}
		}
		return true
	})
	return nil
}
