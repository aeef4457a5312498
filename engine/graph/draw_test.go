package graph_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the drawings give into their golden files")

func TestDrawings(t *testing.T) {
	g := build(t, selectable+`
step "a_request" "delete" {
  for_each = toset(["x"])
  method = "DELETE"
}
`)
	// No file can give a step such a name, yet what is drawn has to be escaped.
	g.Nodes[0].Step.Name = "ro\"ot\\ <b>#`\n"
	for name, draw := range map[string]func(*strings.Builder) error{
		"graph.dot": func(b *strings.Builder) error { return g.DOT(b) },
		"graph.mmd": func(b *strings.Builder) error { return g.Mermaid(b) },
	} {
		var b strings.Builder
		if err := draw(&b); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", name, diff)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestDrawingReportsErrors(t *testing.T) {
	g := build(t, selectable)
	if g.DOT(failing{}) == nil || g.Mermaid(failing{}) == nil {
		t.Error("an error of the writer got lost")
	}
}
