package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/e82355ed/runbook/internal/cli"
	"github.com/e82355ed/runbook/providers/builtin"
)

func main() {
	root := flag.String("root", ".", "folder of the module")
	flag.Parse()
	if err := write(*root); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

// pages are all generated files by their path in the module, with slashes.
func pages() map[string][]byte {
	registry := builtin.Registry()
	all := map[string][]byte{
		"docs/reference/cli.md":       commandLine(cli.NewRoot(&cli.Program{Registry: builtin.Registry})),
		"docs/reference/functions.md": functions(),
		"docs/providers/README.md":    catalogue(registry),
	}
	for _, p := range registry.Providers() {
		all["docs/providers/"+p.Name+".md"] = providerPage(p)
	}
	return all
}

// write writes the pages that changed, so that the others keep their times.
func write(root string) error {
	all := pages()
	words, err := vocabulary(root)
	if err != nil {
		return err
	}
	all[vocabularyFile] = []byte(strings.Join(words, "\n") + "\n")
	for name, text := range all {
		file := filepath.Join(root, filepath.FromSlash(name))
		if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, text) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
