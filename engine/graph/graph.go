package graph

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/lang"
)

// Graph is the steps of a runbook and what each waits for. It is immutable after [Build] and [Graph.Select], and safe
// for concurrent use.
type Graph struct {
	// Nodes are in the order of the file; a node's Index is its place here.
	Nodes []*Node

	name   string
	byName map[string]*Node
}

// Node is a step in a graph.
type Node struct {
	Step  *lang.Step
	Index int
	// In are the edges from what the step waits for, Out those to what waits for it: references in the order in which
	// they are written, then turns.
	In, Out []*Edge
}

// Edge says that To starts only after From has ended. There is at most one edge from one node to another.
type Edge struct {
	From, To *Node
	// Full edges count for run_if = "success"; the others read nothing but how the step ended.
	Full bool
	// Order edges carry no reference: two writes through one provider configuration take turns. They count for no
	// run_if.
	Order bool
	// Turn says of a reference that it is between two such writes as well.
	Turn bool
	// Text is what was written: "step.nodes.count", "step.nodes.count in local.ready", "depends_on"; for an order edge,
	// the configuration.
	Text string
	// Range is where it was written; the later step's header for an order edge.
	Range hcl.Range
}

// Build makes the graph of a runbook. References to steps that don't exist are left out. Cycles of steps and of locals
// are diagnostics; the graph is returned beside them, without the order edges, so that more can be checked.
func Build(rb *lang.Runbook) (*Graph, hcl.Diagnostics) {
	g := newGraph(rb.Name, rb.Steps)
	refs := newResolver(rb)
	diags := refs.cycles()
	linker := &linker{graph: g, refs: refs, edges: make([]*Edge, len(g.Nodes))}
	for _, n := range g.Nodes {
		linker.link(n)
	}
	if loops := g.loops(); len(loops) > 0 {
		for _, loop := range loops {
			diags = append(diags, loopDiagnostic(rb, loop))
		}
		return g, diags
	}
	g.takeTurns()
	return g, diags
}

func newGraph(name string, steps []*lang.Step) *Graph {
	g := &Graph{name: name, Nodes: make([]*Node, len(steps)), byName: make(map[string]*Node, len(steps))}
	nodes := make([]Node, len(steps))
	for i, s := range steps {
		nodes[i] = Node{Step: s, Index: i}
		g.Nodes[i] = &nodes[i]
		if g.byName[s.Name] == nil {
			g.byName[s.Name] = &nodes[i]
		}
	}
	return g
}

// Node finds a step by name; nil where there is none.
func (g *Graph) Node(name string) *Node { return g.byName[name] }

func connect(e *Edge) {
	e.From.Out = append(e.From.Out, e)
	e.To.In = append(e.To.In, e)
}
