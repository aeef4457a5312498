package cli

import (
	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/run"
)

// graphJSON is what `graph --json` prints. A field is added, never renamed, within one V.
type graphJSON struct {
	V       int        `json:"v"`
	Runbook string     `json:"runbook"`
	Steps   []nodeJSON `json:"steps"`
	Edges   []edgeJSON `json:"edges"`
}

type nodeJSON struct {
	Name string `json:"name"`
	// Action and Effect are empty for a check.
	Action  string `json:"action,omitempty"`
	Effect  string `json:"effect,omitempty"`
	ForEach bool   `json:"for_each,omitempty"`
}

type edgeJSON struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Kind is "full"; "outcome" where only how the step ended is read; "turn" for two writes that go one after the other.
	Kind string `json:"kind"`
	// Text is what was written: "step.nodes.count", "depends_on"; for a turn, the provider's configuration.
	Text string `json:"text"`
}

func newGraphJSON(name string, g *graph.Graph) graphJSON {
	out := graphJSON{V: run.Version, Runbook: name, Steps: []nodeJSON{}, Edges: []edgeJSON{}}
	for _, n := range g.Nodes {
		node := nodeJSON{Name: n.Step.Name, ForEach: n.Step.ForEach != nil}
		if !n.Step.IsCheck() {
			node.Action, node.Effect = n.Step.Action, graph.Effect(n.Step).String()
		}
		out.Steps = append(out.Steps, node)
		for _, e := range n.In {
			out.Edges = append(out.Edges, edgeJSON{From: e.From.Step.Name, To: n.Step.Name, Kind: kindOf(e), Text: e.Text})
		}
	}
	return out
}

func kindOf(e *graph.Edge) string {
	switch {
	case e.Order:
		return "turn"
	case e.Full:
		return "full"
	}
	return "outcome"
}
