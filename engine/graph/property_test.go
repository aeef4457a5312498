package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"pgregory.net/rapid"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
)

// randomRunbook has references only from later to earlier steps of a hidden order, so that it has no cycle, and writes
// through a few configurations.
func randomRunbook(t *rapid.T) *lang.Runbook {
	n := rapid.IntRange(0, 25).Draw(t, "steps")
	r := registry()
	hidden := rapid.Permutation(numbers(n)).Draw(t, "hidden order")
	steps := make([]*lang.Step, n)
	for place, i := range hidden {
		provider := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "provider")
		action := rapid.SampledFrom([]string{"_read", "_write", "_command"}).Draw(t, "action")
		s := &lang.Step{Name: fmt.Sprintf("s%d", i), Index: i, Action: provider + action}
		s.Provider, s.Spec = r.Action(s.Action)
		for _, on := range hidden[:place] {
			if rapid.IntRange(0, 5).Draw(t, "refers") == 0 {
				s.DependsOn = append(s.DependsOn, lang.Ref{Kind: lang.RefStep, Name: fmt.Sprintf("s%d", on)})
			}
		}
		steps[i] = s
	}
	return &lang.Runbook{Name: "random", Steps: steps}
}

func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestRandomGraphs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rb := randomRunbook(t)
		g, diags := graph.Build(rb)
		if diags.HasErrors() {
			t.Fatalf("a cycle where there is none: %v", diags)
		}
		stage := stagesRespectEdges(t, g)
		writesTakeTurns(t, g, stage)
		again, _ := graph.Build(rb)
		if a, b := fmt.Sprint(edges(g)), fmt.Sprint(edges(again)); a != b {
			t.Fatalf("two builds differ:\n%s\n%s", a, b)
		}
		if len(rb.Steps) > 0 {
			target := rapid.SampledFrom(rb.Steps).Draw(t, "target").Name
			selectionIsClosed(t, g, target)
		}
	})
}

func stagesRespectEdges(t *rapid.T, g *graph.Graph) map[*graph.Node]int {
	stage := map[*graph.Node]int{}
	for i, nodes := range g.Stages() {
		for _, n := range nodes {
			stage[n] = i
		}
	}
	if len(stage) != len(g.Nodes) {
		t.Fatalf("%d of %d nodes have a stage", len(stage), len(g.Nodes))
	}
	for _, n := range g.Nodes {
		for _, e := range n.In {
			if stage[e.From] >= stage[n] {
				t.Fatalf("%s waits for %s, and is not in a later stage", n.Step.Name, e.From.Step.Name)
			}
		}
	}
	return stage
}

// writesTakeTurns checks that of two writes through one configuration, one is reachable from the other.
func writesTakeTurns(t *rapid.T, g *graph.Graph, stage map[*graph.Node]int) {
	for _, a := range g.Nodes {
		for _, b := range g.Nodes {
			if a == b || stage[a] > stage[b] || strings.HasSuffix(a.Step.Action, "_read") || strings.HasSuffix(b.Step.Action, "_read") ||
				graph.Configuration(a.Step) != graph.Configuration(b.Step) {
				continue
			}
			if !reaches(a, b, map[*graph.Node]bool{}) {
				t.Fatalf("%s and %s may write at once", a.Step.Name, b.Step.Name)
			}
		}
	}
}

func reaches(from, to *graph.Node, seen map[*graph.Node]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for _, e := range from.Out {
		if reaches(e.To, to, seen) {
			return true
		}
	}
	return false
}

func selectionIsClosed(t *rapid.T, g *graph.Graph, target string) {
	cut, err := g.Select([]string{target})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range cut.Nodes {
		references := 0
		for _, e := range n.In {
			if !e.Order {
				references++
			}
		}
		if references != len(n.Step.DependsOn) {
			t.Fatalf("%s lost references: %d of %d", n.Step.Name, references, len(n.Step.DependsOn))
		}
	}
	stagesRespectEdges(t, cut)
}

// TestRandomCycles closes a random graph into a loop and expects it to be found and printed.
func TestRandomCycles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "length")
		rb := &lang.Runbook{Name: "loop"}
		for i := range n {
			rb.Steps = append(rb.Steps, &lang.Step{Name: fmt.Sprintf("s%d", i), DependsOn: []lang.Ref{{
				Kind: lang.RefStep, Name: fmt.Sprintf("s%d", (i+1)%n), Range: hcl.Range{Filename: "x.hcl", Start: hcl.Pos{Line: i + 1}},
			}}})
		}
		g, diags := graph.Build(rb)
		if len(diags) != 1 {
			t.Fatalf("%d diagnostics for one loop", len(diags))
		}
		if n > 1 && strings.Count(diags[0].Detail, "waits for step") != n {
			t.Fatalf("the loop of %d is not printed whole:\n%s", n, diags[0].Detail)
		}
		if len(g.Stages()) != 0 {
			t.Fatal("steps of a loop have a stage")
		}
	})
}
