package graph

import (
	"container/heap"

	"github.com/e82355ed/runbook/engine/lang"
)

// indexes is a heap of nodes' indexes, the first of the file on top.
type indexes []int

func (h indexes) Len() int           { return len(h) }
func (h indexes) Less(i, j int) bool { return h[i] < h[j] }
func (h indexes) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *indexes) Push(x any)        { *h = append(*h, x.(int)) }
func (h *indexes) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// sorted lists the nodes so that each comes after what it waits for, and in the order of the file where that leaves a
// choice. Nodes on a cycle, and those behind one, are missing.
func (g *Graph) sorted() []*Node {
	waits := make([]int, len(g.Nodes))
	ready := make(indexes, 0, len(g.Nodes))
	for i, n := range g.Nodes {
		waits[i] = len(n.In)
		if waits[i] == 0 {
			ready = append(ready, i) // ascending, so it is a heap already
		}
	}
	out := make([]*Node, 0, len(g.Nodes))
	for len(ready) > 0 {
		n := g.Nodes[heap.Pop(&ready).(int)]
		out = append(out, n)
		for _, e := range n.Out {
			if waits[e.To.Index]--; waits[e.To.Index] == 0 {
				heap.Push(&ready, e.To.Index)
			}
		}
	}
	return out
}

// Ordered lists the steps of a runbook in the order in which its writes take turns: each behind what it waits for, and in the order of the file
// where that leaves a choice. Those on a cycle, and behind one, are missing.
func Ordered(rb *lang.Runbook) []*lang.Step {
	g, _ := Build(rb)
	var out []*lang.Step
	for _, n := range g.sorted() {
		out = append(out, n.Step)
	}
	return out
}

// takeTurns chains the writes of each provider configuration. The chain follows an order that respects all
// references, so it can't close a cycle. A step that runs a runbook takes its turn for every configuration that the
// runbook writes through. Configurations of two files are the same where their addresses are: they are the workspace's,
// or somebody gave two blocks one name, and then waiting is the safe side.
func (g *Graph) takeTurns() {
	effects := newEffects()
	writes := false
	through := make([][]string, len(g.Nodes))
	for i, n := range g.Nodes {
		through[i] = effects.writesThrough(n.Step)
		writes = writes || len(through[i]) > 0
	}
	if !writes {
		return
	}
	last := map[string]*Node{}
	for _, n := range g.sorted() {
		for _, config := range through[n.Index] {
			if before := last[config]; before != nil {
				if known := edge(before, n); known != nil {
					known.Turn = !known.Order
				} else {
					connect(&Edge{From: before, To: n, Order: true, Text: "writes through " + config, Range: n.Step.Range})
				}
			}
			last[config] = n
		}
	}
}

// edge is that between two nodes; nil: there is none.
func edge(from, to *Node) *Edge {
	for _, e := range to.In {
		if e.From == from {
			return e
		}
	}
	return nil
}

// Configuration is the address of the provider configuration that a step works through: "postgres",
// "kubernetes.eu", or "kubernetes[*]" for any key of a block with for_each. It is empty for a check.
func Configuration(s *lang.Step) string {
	switch ref := s.ProviderRef; {
	case ref == nil && s.Provider == nil:
		return ""
	case ref == nil:
		return s.Provider.Name
	case ref.Key != nil:
		return ref.Provider + "[*]"
	case ref.Alias != "":
		return ref.Provider + "." + ref.Alias
	default:
		return ref.Provider
	}
}
