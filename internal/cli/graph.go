package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/graph"
)

type graphOptions struct {
	*Program
	File, Format string
	JSON         bool
}

// graphFormats are how a graph can be drawn.
var graphFormats = map[string]func(*graph.Graph, io.Writer) error{
	"dot": (*graph.Graph).DOT, "mermaid": (*graph.Graph).Mermaid,
}

var graphFormatNames = []string{"dot", "mermaid"}

func newGraph(p *Program) *cobra.Command {
	o := &graphOptions{Program: p}
	cmd := &cobra.Command{
		Use: "graph FILE", Short: "Draw the order of a runbook's steps",
		Example: "  runbook graph morning.hcl | dot -Tsvg > morning.svg\n  runbook graph --format mermaid morning.hcl\n  runbook graph --json morning.hcl | jq '.edges[]'",
		Args:    exactly("FILE"), ValidArgsFunction: runbookFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.File = args[0]
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&o.Format, "format", "dot", "`FORMAT`: dot or mermaid")
	jsonFlag(cmd, &o.JSON, "the steps and edges")
	cmd.MarkFlagsMutuallyExclusive("format", "json")
	mustComplete(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(graphFormatNames, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func (o *graphOptions) run(context.Context) error {
	draw := graphFormats[o.Format]
	if draw == nil {
		return wrongValue("--format", o.Format, graphFormatNames)
	}
	rb, diags := o.engine().Load(o.File)
	rb.TellLiterals(&o.redactor)
	o.own(rb)
	if diags.HasErrors() || rb == nil {
		return o.refuse(diags, rb.Files())
	}
	if err := o.printDiagnostics(diags, rb.Sources); err != nil {
		return err
	}
	if o.JSON {
		return o.printJSON(newGraphJSON(rb.Name, rb.Graph))
	}
	return draw(rb.Graph, o.Out)
}
