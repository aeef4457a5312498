package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

type providersOptions struct {
	*Program
	JSON bool
}

func newProviders(p *Program) *cobra.Command {
	o := &providersOptions{Program: p}
	cmd := &cobra.Command{
		Use: "providers", Short: "List the providers and their actions",
		Example: "  runbook providers\n  runbook providers show kubernetes_pods\n  runbook providers --json | jq '.[].actions[].name'",
		Args:    unknownCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	jsonFlag(cmd, &o.JSON, "the catalogue")
	cmd.AddCommand(newProvidersShow(p))
	return cmd
}

// providerJSON is one provider of `providers --json`.
type providerJSON struct {
	Name    string          `json:"name"`
	Doc     string          `json:"doc"`
	Actions []actionSummary `json:"actions"`
}

type actionSummary struct {
	Name      string `json:"name"`
	Doc       string `json:"doc"`
	Effect    string `json:"effect"`
	Supported bool   `json:"supported"`

	effects string
}

func (o *providersOptions) run(context.Context) error {
	var all []providerJSON
	for _, p := range o.Registry().Providers() {
		one := providerJSON{Name: p.Name, Doc: p.Doc}
		for _, a := range p.Actions {
			s := a.Spec()
			one.Actions = append(one.Actions, actionSummary{s.Name, s.Doc, s.Effect.String(), s.Supported, EffectRange(s)})
		}
		all = append(all, one)
	}
	if o.JSON {
		return o.printJSON(all)
	}
	palette := o.palette(o.OutTerminal)
	var lines []string
	for i, p := range all {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, palette.Strong(p.Name)+"  "+p.Doc)
		var rows [][]string
		for _, a := range p.Actions {
			doc := a.Doc
			if !a.Supported {
				doc += " (can't be run by this version)"
			}
			rows = append(rows, []string{"  " + a.Name, a.effects, doc})
		}
		lines = append(lines, table(rows)...)
	}
	return o.printLines(lines...)
}

type providersShowOptions struct {
	*Program
	Action string
	JSON   bool
}

func newProvidersShow(p *Program) *cobra.Command {
	o := &providersShowOptions{Program: p}
	cmd := &cobra.Command{
		Use: "show ACTION", Short: "Print an action's reference, or a provider's configuration",
		Example: "  runbook providers show tls_certificate\n  runbook providers show postgres\n  runbook providers show http_request --json",
		Args:    exactly("ACTION"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return namesOf(p.Registry()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Action = args[0]
			return o.run(cmd.Context())
		},
	}
	jsonFlag(cmd, &o.JSON, "it")
	return cmd
}

// namesOf lists the providers and all their actions.
func namesOf(r *provider.Registry) []string {
	var names []string
	for _, p := range r.Providers() {
		names = append(names, p.Name)
		for _, a := range p.Actions {
			names = append(names, a.Spec().Name)
		}
	}
	return names
}

func (o *providersShowOptions) run(context.Context) error {
	registry := o.Registry()
	if p := registry.Provider(o.Action); p != nil {
		if o.JSON {
			return o.printJSON(configJSON{Provider: p.Name, Doc: p.Doc, Config: attributesJSON(p.Config())})
		}
		return o.printLines(configLines(p, o.palette(o.OutTerminal))...)
	}
	_, action := registry.Action(o.Action)
	if action == nil {
		return fmt.Errorf("there is no action %q%s\nRun \"runbook providers\" for the list", o.Action, lang.DidYouMean(o.Action, namesOf(registry)))
	}
	if o.JSON {
		return o.printJSON(newActionJSON(action.Spec()))
	}
	return o.printLines(actionLines(action.Spec(), o.palette(o.OutTerminal))...)
}
