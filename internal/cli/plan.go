package cli

import (
	"context"
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine"
)

type planOptions struct {
	*Program
	planFlags
	Plan engine.PlanOptions
	File string
	JSON bool
}

func newPlan(p *Program) *cobra.Command {
	o := &planOptions{Program: p}
	cmd := &cobra.Command{
		Use: "plan FILE", Short: "Show what apply would do, without touching a system",
		Long: "Shows the stages of the runbook: each step's action, effect and target, what it waits for, and its checks.\n" +
			"Nothing is connected to, and no secret is read.",
		Example: "  runbook plan morning.hcl\n  runbook plan morning.hcl --target nodes\n  runbook plan morning.hcl --json | jq '.plan[].effect'",
		Args:    exactly("FILE"), ValidArgsFunction: runbookFiles,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			o.File = args[0]
			if o.Plan, err = o.options(p, cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.declare(p, cmd)
	jsonFlag(cmd, &o.JSON, "the plan")
	return cmd
}

func (o *planOptions) run(ctx context.Context) error {
	o.Plan.Secrets = &o.redactor // the values of sensitive variables; a plan reads no other secret
	plan, err := o.loadPlan(ctx, o.engine(), o.File, o.Plan)
	if err != nil {
		return err
	}
	if o.JSON {
		return o.printJSON(newPlanJSON(plan))
	}
	return o.printLines(o.planLines(plan)...)
}

// refuse prints what is wrong with a runbook and gives the error that ends the command.
func (p *Program) refuse(diags hcl.Diagnostics, sources map[string]*hcl.File) error {
	if err := p.printDiagnostics(diags, sources); err != nil {
		return err
	}
	return exit(ExitRefused)
}

// sourcesOf are the files of a runbook and those that the flags name.
func sourcesOf(files map[string]*hcl.File, opts engine.PlanOptions) map[string]*hcl.File {
	sources := maps.Clone(files)
	if sources == nil {
		sources = map[string]*hcl.File{}
	}
	maps.Copy(sources, opts.Variables.Sources)
	return sources
}
