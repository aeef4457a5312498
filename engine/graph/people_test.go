package graph_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

func loadFiles(t *testing.T, files map[string]string) *lang.Runbook {
	t.Helper()
	rb, diags := lang.Load("case.hcl", lang.LoadOptions{Registry: registry(), ReadFile: func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return rb
}

func TestRunbookInARunbookTakesTurns(t *testing.T) {
	rb := loadFiles(t, map[string]string{
		"case.hcl": `runbook "case" {}
step "a_write" "first" {}
step "runbook" "sub" { source = "a.hcl" }
step "runbook" "reads" { source = "read.hcl" }
step "a_write" "last" {}
step "a_write" "elsewhere" {
  provider = provider.a.eu
}
step "runbook" "takes_back" { source = "back.hcl" }
`,
		"a.hcl":    "runbook \"a\" {}\nstep \"runbook\" \"b\" { source = \"b.hcl\" }\n",
		"b.hcl":    "runbook \"b\" {}\nstep \"a_write\" \"w\" {}\n",
		"back.hcl": "runbook \"back\" {}\nstep \"a_read\" \"q\" {\n  undo \"a_write\" {}\n}\n",
		"read.hcl": "runbook \"read\" {}\nstep \"a_read\" \"q\" {}\n",
	})
	g, diags := graph.Build(rb)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	want := []string{
		"first -> sub order: writes through a", "sub -> last order: writes through a", "last -> takes_back order: writes through a",
	}
	if diff := cmp.Diff(want, edges(g)); diff != "" {
		t.Error(diff)
	}
	for name, effect := range map[string]provider.Effect{"sub": provider.Write, "reads": provider.Read} {
		if got := graph.Effect(rb.Step(name)); got != effect {
			t.Errorf("%s is %s, expected %s", name, got, effect)
		}
	}
}

func TestUndoAndApprovalReadFirst(t *testing.T) {
	g := build(t, `
step "a_read" "was" {}
step "a_read" "who" {}
step "a_write" "change" {
  approval { prompt = "After ${step.who.count}?" }
  undo "a_request" {
    method = "DELETE"
    body   = "${step.was.count} ${self.count}"
  }
}
`)
	want := []string{"who -> change full: step.who.count", "was -> change full: step.was.count"}
	if diff := cmp.Diff(want, edges(g)); diff != "" {
		t.Error(diff)
	}
	if got := graph.Effect(g.Node("change").Step.Undo.Step); got != provider.Destructive {
		t.Errorf("the undo is %s", got)
	}
}
