package validate_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/validate"
)

var update = flag.Bool("update", false, "write what the cases give into their expect files")

// TestCases checks each folder of testdata: case.hcl, or a workspace.hcl alone, gives the diagnostics in expect. The file
// environment names the one that is chosen.
func TestCases(t *testing.T) {
	folders, err := filepath.Glob("testdata/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, dir := range folders {
		if dir == filepath.Join("testdata", "fuzz") {
			continue
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			got := render(checkFolder(t, dir))
			if folder, err := filepath.Abs(dir); err == nil {
				got = strings.ReplaceAll(got, folder, "(folder)")
			}
			got = strings.ReplaceAll(got, dir+"/", "")
			expect := filepath.Join(dir, "expect")
			if *update {
				if err := os.WriteFile(expect, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(expect)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("diagnostics differ (-want +got), run with -update where the new ones are right:\n%s", diff)
			}
		})
	}
}

func checkFolder(t *testing.T, dir string) hcl.Diagnostics {
	t.Helper()
	for _, name := range []string{"case.hcl", "case.hcl.json"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return check(path, lang.LoadOptions{Registry: registry(), Environment: chosen(dir)})
		}
	}
	path := filepath.Join(dir, "workspace.hcl")
	ws, diags := lang.LoadWorkspace(path, lang.LoadOptions{Registry: registry()})
	return validate.Sorted(path, append(diags, validate.Workspace(ws, validate.Options{})...))
}

// chosen is the environment that a case names in its file "environment".
func chosen(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, "environment"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// check does what the engine does with a file: load it, build its graph, validate both.
func check(path string, opts lang.LoadOptions) hcl.Diagnostics {
	rb, diags := lang.Load(path, opts)
	g, cycles := graph.Build(rb)
	diags = append(diags, cycles...)
	return validate.Sorted(path, append(diags, validate.Runbook(rb, g, validate.Options{ReadFile: opts.ReadFile})...))
}

func render(diags hcl.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		severity := "error"
		if d.Severity == hcl.DiagWarning {
			severity = "warning"
		}
		at := hcl.Range{}
		if d.Subject != nil {
			at = *d.Subject
		}
		end := fmt.Sprint(at.End.Column)
		if at.End.Line != at.Start.Line {
			end = fmt.Sprintf("%d:%d", at.End.Line, at.End.Column)
		}
		fmt.Fprintf(&b, "%s:%d:%d-%s: %s: %s\n\t%s\n", filepath.Base(at.Filename), at.Start.Line, at.Start.Column, end,
			severity, d.Summary, strings.ReplaceAll(d.Detail, "\n", "\n\t"))
	}
	return b.String()
}
