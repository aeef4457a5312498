package graph

import (
	"fmt"
	"io"
	"strings"
)

// look is how one kind of node is drawn.
type look struct {
	dot, mermaid string
}

var looks = map[string]look{
	"check":       {`shape=ellipse, color="#6b7280"`, "stroke:#6b7280,stroke-dasharray:3"},
	"read":        {`shape=box, color="#2563eb"`, "stroke:#2563eb"},
	"write":       {`shape=box, color="#d97706", penwidth=2`, "stroke:#d97706,stroke-width:2px"},
	"destructive": {`shape=octagon, color="#dc2626", penwidth=2`, "stroke:#dc2626,stroke-width:3px"},
}

var lookOrder = []string{"check", "read", "write", "destructive"}

// kind names the look of a step.
func (e effects) kind(n *Node) string {
	if n.Step.IsCheck() {
		return "check"
	}
	return e.of(n.Step).String()
}

// edgeKind is how one kind of edge is drawn.
type edgeKind struct{ dot, mermaid string }

var (
	fullEdge    = edgeKind{"style=solid", "-->"}
	outcomeEdge = edgeKind{`style=dashed, label="outcome"`, "-.->|outcome|"}
	turnEdge    = edgeKind{`style=dotted, arrowhead=empty, label="in turn"`, "-.->|in turn|"}
)

func kindOf(e *Edge) edgeKind {
	switch {
	case e.Order:
		return turnEdge
	case e.Full:
		return fullEdge
	}
	return outcomeEdge
}

// DOT writes the graph in Graphviz's language. Steps are drawn by effect, checks as ellipses; a dashed edge reads only
// how a step ended, a dotted one only says that two writes take turns.
func (g *Graph) DOT(w io.Writer) error {
	out := &strings.Builder{}
	effects := newEffects()
	fmt.Fprintf(out, "digraph %s {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n", dotQuote(g.name))
	for _, n := range g.Nodes {
		fmt.Fprintf(out, "  %s [label=%s, %s];\n", dotQuote(n.Step.Name), dotQuote(label(n)), looks[effects.kind(n)].dot)
	}
	for _, n := range g.Nodes {
		for _, e := range n.In {
			fmt.Fprintf(out, "  %s -> %s [%s];\n", dotQuote(e.From.Step.Name), dotQuote(n.Step.Name), kindOf(e).dot)
		}
	}
	out.WriteString("}\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// Mermaid writes the graph as a Mermaid flowchart, drawn as [Graph.DOT] draws it.
func (g *Graph) Mermaid(w io.Writer) error {
	out := &strings.Builder{}
	effects := newEffects()
	out.WriteString("flowchart LR\n")
	used := map[string]bool{}
	for _, n := range g.Nodes {
		kind := effects.kind(n)
		used[kind] = true
		open, end := `["`, `"]`
		if kind == "check" {
			open, end = `(["`, `"])`
		}
		fmt.Fprintf(out, "  n%d%s%s%s:::%s\n", n.Index, open, mermaidText(label(n)), end, kind)
	}
	for _, n := range g.Nodes {
		for _, e := range n.In {
			fmt.Fprintf(out, "  n%d %s n%d\n", e.From.Index, kindOf(e).mermaid, n.Index)
		}
	}
	for _, kind := range lookOrder {
		if used[kind] {
			fmt.Fprintf(out, "  classDef %s %s\n", kind, looks[kind].mermaid)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// label is the step's name and, on a second line, what it does.
func label(n *Node) string {
	second := n.Step.Action
	if n.Step.IsCheck() {
		second = "check"
	}
	if n.Step.ForEach != nil {
		second += " for each"
	}
	return n.Step.Name + "\n" + second
}

var dotEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func dotQuote(s string) string { return `"` + dotEscapes.Replace(s) + `"` }

// Mermaid reads #name; and #code; as HTML entities.
var mermaidEscapes = strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "`", "#96;", "\n", "<br/>")

func mermaidText(s string) string { return mermaidEscapes.Replace(s) }
