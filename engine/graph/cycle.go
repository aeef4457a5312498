package graph

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/lang"
)

// loops finds the steps that wait for themselves, and one shortest loop in each set of steps that wait for each other,
// by the file's order of their first steps. A loop lists edges so that each one's From is the next one's To.
func (g *Graph) loops() [][]*Edge {
	if len(g.sorted()) == len(g.Nodes) {
		return nil
	}
	t := &tarjan{order: make([]int, len(g.Nodes)), low: make([]int, len(g.Nodes)), component: make([]int, len(g.Nodes))}
	for _, n := range g.Nodes {
		if t.order[n.Index] == 0 {
			t.visit(n)
		}
	}
	var loops [][]*Edge
	seen := map[int]bool{}
	for _, n := range g.Nodes {
		for _, e := range n.In {
			if e.From == n {
				loops = append(loops, []*Edge{e})
			}
		}
		c := t.component[n.Index]
		if seen[c] {
			continue
		}
		seen[c] = true
		if loop := shortestLoop(n, t.component); loop != nil {
			loops = append(loops, loop)
		}
	}
	return loops
}

// tarjan numbers the strongly connected components (Tarjan 1972), from 1.
type tarjan struct {
	order, low, component []int
	stack                 []*Node
	visited, components   int
}

func (t *tarjan) visit(n *Node) {
	t.visited++
	t.order[n.Index], t.low[n.Index] = t.visited, t.visited
	t.stack = append(t.stack, n)
	for _, e := range n.In {
		next := e.From.Index
		switch {
		case t.order[next] == 0:
			t.visit(e.From)
			t.low[n.Index] = min(t.low[n.Index], t.low[next])
		case t.component[next] == 0:
			t.low[n.Index] = min(t.low[n.Index], t.order[next])
		}
	}
	if t.low[n.Index] != t.order[n.Index] {
		return
	}
	t.components++
	for {
		last := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.component[last.Index] = t.components
		if last == n {
			return
		}
	}
}

// shortestLoop goes from a node along what it waits for until it is back, through at least one other; nil where it
// can't come back.
func shortestLoop(start *Node, component []int) []*Edge {
	reachedBy := map[*Node]*Edge{}
	queue := []*Node{start}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, e := range n.In {
			if e.From == start && n != start {
				loop := []*Edge{e}
				for at := n; at != start; at = reachedBy[at].To {
					loop = append(loop, reachedBy[at])
				}
				slices.Reverse(loop)
				return loop
			}
			if component[e.From.Index] == component[start.Index] && e.From != start && reachedBy[e.From] == nil {
				reachedBy[e.From] = e
				queue = append(queue, e.From)
			}
		}
	}
	return nil
}

// loopLines is how many edges of a loop are printed; a longer one is cut.
const loopLines = 20

func loopDiagnostic(rb *lang.Runbook, loop []*Edge) *hcl.Diagnostic {
	subject := loop[0].Range
	if len(loop) == 1 {
		return &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Cycle of steps", Subject: &subject,
			Detail: fmt.Sprintf("step.%s waits for itself%s\nIn its own checks and remedies, write self in place of step.%[1]s.",
				loop[0].To.Step.Name, place(rb, subject)),
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "These %d steps wait for each other, so none of them can start:\n", len(loop))
	for i, e := range loop {
		if i == loopLines && len(loop) > loopLines+1 {
			fmt.Fprintf(&b, "  and %d more, back to step.%s\n", len(loop)-loopLines, loop[0].To.Step.Name)
			break
		}
		fmt.Fprintf(&b, "  step.%s waits for step.%s%s\n", e.To.Step.Name, e.From.Step.Name, place(rb, e.Range))
	}
	b.WriteString("Take one of these references away.")
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Cycle of steps", Detail: b.String(), Subject: &subject}
}

// place writes ": file:line: source line"; empty where the source isn't known.
func place(rb *lang.Runbook, rng hcl.Range) string {
	if rng.Filename == "" {
		return ""
	}
	at := fmt.Sprintf(": %s:%d", filepath.Base(rng.Filename), rng.Start.Line)
	file := rb.Sources[rng.Filename]
	if file == nil || rng.Start.Byte > len(file.Bytes) {
		return at
	}
	from := bytes.LastIndexByte(file.Bytes[:rng.Start.Byte], '\n') + 1
	line, _, _ := bytes.Cut(file.Bytes[from:], []byte("\n"))
	text := strings.TrimSpace(string(line))
	const longest = 100
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return at + ": " + text
}
