package archtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestArchitecture holds this module to its rules.
func TestArchitecture(t *testing.T) {
	tree, err := Load(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range Check(tree) {
		t.Error(problem)
	}
}

// TestRulesFire breaks each rule once.
func TestRulesFire(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/m\n\ngo 1.26\n")
	for _, dir := range []string{"engine", "engine/provider", "engine/run", "providers/a", "providers/b", "internal/view", "internal/cli", "internal/util"} {
		write(dir+"/doc.go", "// Package x is for a test.\npackage x\n")
	}
	write("engine/a.go", "package x\nimport _ \"example.com/m/providers/a\"\n")
	write("engine/provider/a.go", "package x\nimport _ \"example.com/m/engine\"\n")
	write("engine/run/a.go", "package x\nimport _ \"example.com/m/engine/provider\"\n")
	write("engine/run/b.go", "package x\nimport (\n \"time\"\n \"sync\"\n)\nvar mu sync.Mutex\nvar start time.Time\nfunc f() { go g() }\nfunc g() { start = time.Now() }\n")
	write("providers/a/a.go", "package x\nimport (\n_ \"example.com/m/providers/b\"\n_ \"example.com/m/providers/a/inner\"\n_ \"example.com/m/engine/provider\"\n)\n")
	write("providers/b/a.go", "package x\nimport (\n env \"os\"\n \"fmt\"\n)\nvar _ = env.Getenv(\"X\")\nfunc init() { fmt.Println() }\n")
	write("providers/b/a_test.go", "package x\nimport _ \"os\"\nfunc init() {}\n")
	write("providers/c/c.go", "package c\n")
	write("internal/view/a.go", "package x\nimport _ \"example.com/m/internal/cli\"\nimport _ \"html/template\"\n")
	write("internal/cli/a.go", "package x\nimport \"os\"\nfunc f() { os.Exit(1) }\n")
	write("internal/cli/long.go", "package x\n"+strings.Repeat("\n", maxLines))
	write("inner/go.mod", "module example.com/inner\n")
	write("inner/a.go", "package inner\nfunc init() {}\n")
	tree, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"engine/a.go imports providers/a: the engine is for those who embed it, and knows no provider and no command line",
		"engine/provider/a.go imports engine: who writes a provider needs this one package",
		"engine/run/a.go imports engine/provider: the scheduler is pure: no clock, no input or output, no goroutine",
		"engine/run/b.go imports sync: the scheduler is pure: no clock, no input or output, no goroutine",
		"engine/run/b.go:8: go: the scheduler is pure: no clock, no input or output, no goroutine",
		"engine/run/b.go:9: time.Now: the scheduler is pure: no clock, no input or output, no goroutine",
		"internal/cli/long.go has 501 lines; split it before 500",
		"internal/view/a.go imports html/template: a program that holds a template keeps every exported method of all its packages",
		"internal/view/a.go imports internal/cli: a view knows events alone",
		"internal/view/a.go imports internal/cli: the command line is on top",
		"package internal/util has a name that says nothing",
		"package providers/c has no doc.go with a package comment",
		"providers/a/a.go imports providers/b: a provider needs the SDK alone, and no provider needs another",
		"providers/b/a.go:6: env.Getenv is the command line's; pass it in",
		"providers/b/a.go:7: an init function runs whether it is needed or not, and in no order",
		"providers/b/a.go:7: fmt.Println is the command line's; pass it in",
	}
	if diff := cmp.Diff(want, Check(tree)); diff != "" {
		t.Error(diff)
	}
}
