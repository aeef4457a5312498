package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/providers/builtin"
)

func testSetup(t *testing.T) *setup {
	t.Helper()
	root, err := moduleRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	return &setup{programs: &programs{runbook: "runbook"}, root: root, dir: t.TempDir(), server: "http://127.0.0.1:1"}
}

// Every file that a case hands to runbook is a valid runbook with as many steps as the case says.
func TestGeneratedRunbooks(t *testing.T) {
	s := testSetup(t)
	all, err := groups(s)
	if err != nil {
		t.Fatal(err)
	}
	eng := &engine.Engine{Registry: builtin.Registry(), Host: provider.Host{}}
	seen := 0
	for _, g := range all {
		for _, c := range g.cases {
			for _, arg := range c.args {
				if filepath.Ext(arg) != ".hcl" || c.steps == stepCounts[len(stepCounts)-1] {
					continue // the largest are more of the same
				}
				seen++
				rb, diags := eng.Load(arg)
				if diags.HasErrors() {
					t.Fatalf("%s: %v", arg, diags)
				}
				if c.steps > 0 && len(rb.Steps) != c.steps {
					t.Errorf("%s: %d steps, expected %d", arg, len(rb.Steps), c.steps)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no case has a runbook")
	}
}

func TestTargetsNameCases(t *testing.T) {
	all, err := groups(testSetup(t))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, g := range all {
		for _, c := range g.cases {
			names[c.name] = true
		}
	}
	for _, g := range all {
		for _, c := range g.cases {
			for _, target := range c.targets {
				if target.base != "" && !names[target.base] {
					t.Errorf("%s is compared with %q, which is no case", c.name, target.base)
				}
			}
		}
	}
}

func TestEmptySteps(t *testing.T) {
	want := `runbook "x" {}
check "s0" {}
check "s1" {
  depends_on = [step.s0]
}
`
	if diff := cmp.Diff(want, emptySteps("x", 2, true)); diff != "" {
		t.Error(diff)
	}
}

func TestCheckLab(t *testing.T) {
	wantError(t, checkLab(func(string) (string, bool) { return "", false }), "(KUBECONFIG, DATABASE_URL")
	wantError(t, checkLab(func(string) (string, bool) { return "", false }), "run make lab-up")
}

func TestRefusesFewRuns(t *testing.T) {
	wantError(t, run(t.Context(), options{runs: 3}, io.Discard, io.Discard), "-n 3 is too few")
}

func TestModuleRoot(t *testing.T) {
	dir := t.TempDir()
	below := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if root, err := moduleRoot(below); err != nil || root != dir {
		t.Errorf("got %q, %v", root, err)
	}
}

// The script names the programs that checkLab looks for.
func TestScriptPrograms(t *testing.T) {
	script, err := os.ReadFile("morning.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(scriptPrograms, labVariables[1:7]...) {
		if !strings.Contains(string(script), name) {
			t.Errorf("morning.sh does not use %s", name)
		}
	}
}
