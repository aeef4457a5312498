package graph

import (
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/lang"
)

// Select gives the graph of the targets and of all that they depend on, with indexes of its own. A target is a step's
// name; "step.name" is understood too. No targets: the graph itself. An unknown target is an error that names the nearest step.
func (g *Graph) Select(targets []string) (*Graph, error) {
	if len(targets) == 0 {
		return g, nil
	}
	keep := make([]bool, len(g.Nodes))
	var stack []*Node
	for _, name := range targets {
		n := g.Node(strings.TrimPrefix(name, "step."))
		if n == nil {
			return nil, g.noTarget(name)
		}
		stack = append(stack, n)
	}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if keep[n.Index] {
			continue
		}
		keep[n.Index] = true
		for _, e := range n.In {
			if !e.Order {
				stack = append(stack, e.From)
			}
		}
	}
	return g.cut(keep), nil
}

// noTarget says what can be targeted in place of what is no step of the runbook.
func (g *Graph) noTarget(name string) error {
	at := strings.IndexAny(name, "[/")
	if at < 0 {
		return fmt.Errorf("there is no step %q to target%s", name, g.nearest(name))
	}
	whole, what := strings.TrimPrefix(name[:at], "step."), "an instance"
	if name[at] == '/' {
		what = "a step of the runbook that another runs"
	}
	if g.Node(whole) == nil {
		return fmt.Errorf("there is no step %q to target; a target is a step of the runbook itself, as a whole%s", whole, g.nearest(whole))
	}
	return fmt.Errorf("%q is %s, and a target is a step of the runbook itself, as a whole: write --target %s", name, what, whole)
}

// cut copies the kept nodes and the references between them; turns are taken anew, since a step between two others may be gone.
func (g *Graph) cut(keep []bool) *Graph {
	var steps []*lang.Step
	for i, n := range g.Nodes {
		if keep[i] {
			steps = append(steps, n.Step)
		}
	}
	out := newGraph(g.name, steps)
	at := 0
	for i, n := range g.Nodes {
		if !keep[i] {
			continue
		}
		to := out.Nodes[at]
		at++
		for _, e := range n.In {
			if e.Order {
				continue
			}
			connect(&Edge{From: out.Node(e.From.Step.Name), To: to, Full: e.Full, Text: e.Text, Range: e.Range})
		}
	}
	out.takeTurns()
	return out
}

func (g *Graph) nearest(name string) string {
	names := make([]string, len(g.Nodes))
	for i, n := range g.Nodes {
		names[i] = n.Step.Name
	}
	if best := lang.Suggest(name, names); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return ""
}

// Stages groups the steps by depth: the steps of a stage wait only for steps of earlier ones. Within a stage they are
// in the order of the file. Steps on a cycle or behind one are in no stage.
func (g *Graph) Stages() [][]*Node {
	depth := make([]int, len(g.Nodes))
	placed := make([]bool, len(g.Nodes))
	deepest := -1
	for _, n := range g.sorted() {
		for _, e := range n.In {
			depth[n.Index] = max(depth[n.Index], depth[e.From.Index]+1)
		}
		placed[n.Index] = true
		deepest = max(deepest, depth[n.Index])
	}
	stages := make([][]*Node, deepest+1)
	for i, n := range g.Nodes {
		if placed[i] {
			stages[depth[i]] = append(stages[depth[i]], n)
		}
	}
	return stages
}
