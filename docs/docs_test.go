// Package docs holds tests alone: what the README, the guide and the reference show is checked, and run where it says so.
package docs

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
	"github.com/e82355ed/runbook/providers/builtin"
)

// pages are the files whose examples and links are looked at, relative to this folder.
func pages(t *testing.T) []string {
	t.Helper()
	found := []string{"../README.md", "../CHANGELOG.md"}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fence finds the blocks of HCL: "hcl" alone is validated, "hcl run" is run and must pass.
var fence = regexp.MustCompile("(?ms)^```hcl( run)?\n(.*?)^```$")

// TestExamplesInTheDocs validates every block of HCL as a runbook of its own.
func TestExamplesInTheDocs(t *testing.T) {
	blocks := 0
	for _, page := range pages(t) {
		text := read(t, page)
		if opened := len(regexp.MustCompile("(?m)^```hcl").FindAllString(text, -1)); opened != len(fence.FindAllString(text, -1)) {
			t.Errorf("%s: a fence of hcl is not as this test reads it", page)
		}
		for _, at := range fence.FindAllStringSubmatchIndex(text, -1) {
			blocks++
			line := strings.Count(text[:at[0]], "\n") + 2
			runs, source := at[2] >= 0, text[at[4]:at[5]]
			t.Run(filepath.Base(page)+":"+strconv.Itoa(line), func(t *testing.T) { try(t, source, runs) })
		}
	}
	if blocks == 0 {
		t.Error("there is no example")
	}
}

func try(t *testing.T, source string, runs bool) {
	t.Helper()
	if !strings.Contains(source, "runbook \"") {
		source = "runbook \"example\" {}\n" + source
	}
	path := filepath.Join(t.TempDir(), "example.hcl")
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if !runs {
		_, diags := runtest.Engine(builtin.Registry(), nil).Load(path)
		runtest.Must(t, diags)
		return
	}
	got := runtest.Apply(t, builtin.Registry(), path, runtest.Options{})
	if got.Outcome != run.Pass {
		t.Errorf("outcome %q:\n%s", got.Outcome, got.Troubles())
	}
}

var link = regexp.MustCompile(`\]\(([^)#: ]+)(#[^)]*)?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		for _, found := range link.FindAllStringSubmatch(read(t, page), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), found[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, found[1])
			}
		}
	}
}

// TestReferenceNamesEveryFunction also refuses names that no function has.
func TestReferenceNamesEveryFunction(t *testing.T) {
	_, functions, ok := strings.Cut(read(t, "reference/language.md"), "| group | functions |")
	functions, _, end := strings.Cut(functions, "\n\n")
	if !ok || !end {
		t.Fatal("there is no table of functions")
	}
	got := map[string]bool{}
	for _, name := range regexp.MustCompile("`([a-z0-9]+)`").FindAllStringSubmatch(functions, -1) {
		got[name[1]] = true
	}
	want := map[string]bool{}
	for _, name := range lang.FunctionNames() {
		want[name] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functions of the language and of the reference (-want +got):\n%s", diff)
	}
}

// TestReferenceNamesWhatNeedsATimeout also refuses actions that need none.
func TestReferenceNamesWhatNeedsATimeout(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `timeout` \\| `\"30s\"` .*$").FindString(read(t, "reference/language.md"))
	var got, want []string
	for _, name := range regexp.MustCompile("`([a-z]+_[a-z_]+)`").FindAllStringSubmatch(row, -1) {
		got = append(got, name[1])
	}
	for _, p := range builtin.Registry().Providers() {
		for _, a := range p.Actions {
			if s := a.Spec(); s.NeedsTimeout {
				want = append(want, s.Name)
			}
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("actions that need a timeout, and those that the reference names (-want +got):\n%s", diff)
	}
}

// TestEveryDependencyHasAReason compares docs/dependencies.md with what the module's packages import.
func TestEveryDependencyHasAReason(t *testing.T) {
	reasons := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| .+ \\|$").FindAllStringSubmatch(read(t, "dependencies.md"), -1) {
		reasons[row[1]] = true
	}
	imported := importedModules(t)
	if diff := cmp.Diff(imported, reasons); diff != "" {
		t.Errorf("modules that are imported and those with a reason (-imported +reasons):\n%s", diff)
	}
}

// importedModules are the modules of go.mod that a package of this module imports.
func importedModules(t *testing.T) map[string]bool {
	t.Helper()
	var modules []string
	for _, row := range regexp.MustCompile(`(?m)^\t(\S+) v`).FindAllStringSubmatch(read(t, "../go.mod"), -1) {
		modules = append(modules, row[1])
	}
	used := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, inner := os.Stat(filepath.Join(path, "go.mod"))
			if path != ".." && (inner == nil || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			if m := moduleOf(strings.Trim(spec.Path.Value, `"`), modules); m != "" {
				used[m] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return used
}

// moduleOf is the longest module that is a prefix of the package.
func moduleOf(pkg string, modules []string) string {
	best := ""
	for _, m := range modules {
		if (pkg == m || strings.HasPrefix(pkg, m+"/")) && len(m) > len(best) {
			best = m
		}
	}
	return best
}
