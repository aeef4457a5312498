package graph_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

type noArgs struct{}

type result struct {
	Count   int    `rb:"count" doc:"How many."`
	Version string `rb:"version" doc:"Version."`
}

type requestArgs struct {
	Method string `rb:"method" default:"GET" doc:"Method."`
	Body   string `rb:"body" doc:"Body."`
}

func byMethod(args *requestArgs, known provider.Known) provider.Effect {
	switch {
	case !known("method"):
		return provider.Write
	case args.Method == "GET":
		return provider.Read
	case args.Method == "DELETE":
		return provider.Destructive
	}
	return provider.Write
}

func registry() *provider.Registry {
	open := func(context.Context, provider.Open[noArgs]) (any, error) { return nil, fmt.Errorf("not for running") }
	actions := func(name string) []provider.Action {
		return []provider.Action{
			provider.Define(provider.Definition[any, noArgs, result]{Name: name + "_read", Effect: provider.Read}),
			provider.Define(provider.Definition[any, noArgs, result]{Name: name + "_write", Effect: provider.Write}),
			provider.Define(provider.Definition[any, noArgs, result]{Name: name + "_command", Effect: provider.Write, AuthorStatesEffect: true}),
			provider.Define(provider.Definition[any, requestArgs, result]{Name: name + "_request", Effect: provider.Destructive, Classify: byMethod}),
		}
	}
	return provider.NewRegistry(
		provider.New(provider.Setup[noArgs, any]{Name: "a", Open: open, Actions: actions("a")}),
		provider.New(provider.Setup[noArgs, any]{Name: "b", Open: open, Actions: actions("b")}),
	)
}

// load reads a runbook from its text; the runbook block is added.
func load(t testing.TB, body string) *lang.Runbook {
	t.Helper()
	source := []byte("runbook \"case\" {}\n" + body)
	rb, diags := lang.Load("case.hcl", lang.LoadOptions{Registry: registry(), ReadFile: func(path string) ([]byte, error) {
		if path == "case.hcl" {
			return source, nil
		}
		return nil, os.ErrNotExist
	}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return rb
}

func build(t testing.TB, body string) *graph.Graph {
	t.Helper()
	g, diags := graph.Build(load(t, body))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return g
}

// edges writes all edges: "a -> b full: step.a.count".
func edges(g *graph.Graph) []string {
	var out []string
	for _, n := range g.Nodes {
		for _, e := range n.In {
			kind := "outcome"
			if e.Order {
				kind = "order"
			} else if e.Full {
				kind = "full"
			}
			out = append(out, fmt.Sprintf("%s -> %s %s: %s", e.From.Step.Name, n.Step.Name, kind, e.Text))
		}
	}
	return out
}
