package cli

import (
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// planFlags are what apply and plan have in common: the inputs of a plan.
type planFlags struct {
	Vars, VarFiles []string
	Env            string
	Targets        []string
	ReadOnly       bool
	MaxParallel    int
	Timeout        string
}

func (f *planFlags) declare(p *Program, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.Vars, "var", nil, "set a variable, `NAME=VALUE` (repeatable)")
	flags.StringArrayVar(&f.VarFiles, "var-file", nil, "read variables from `FILE` of HCL attributes (repeatable)")
	envFlag(p, cmd, &f.Env)
	flags.StringArrayVar(&f.Targets, "target", nil, "only this `STEP` and what it depends on (repeatable)")
	flags.BoolVar(&f.ReadOnly, "read-only", false, "refuse whatever could change a system")
	flags.IntVar(&f.MaxParallel, "max-parallel", 0, "how many steps run at once; each runbook that a step runs counts for itself, and runs at most so many (default: the runbook's)")
	timeoutFlag(cmd, &f.Timeout, "bound of the whole run, a `DURATION` such as 10m (default: the runbook's)")
	mustComplete(cmd.RegisterFlagCompletionFunc("target", p.completeSteps))
	mustComplete(cmd.RegisterFlagCompletionFunc("var-file", cobra.FixedCompletions([]string{"hcl"}, cobra.ShellCompDirectiveFilterFileExt)))
}

// timeoutFlag declares --timeout.
func timeoutFlag(cmd *cobra.Command, to *string, usage string) {
	cmd.Flags().StringVar(to, "timeout", "", usage)
	mustComplete(cmd.RegisterFlagCompletionFunc("timeout", cobra.NoFileCompletions))
}

// parseTimeout reads --timeout; zero: it is not given.
func parseTimeout(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	timeout, err := provider.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("--timeout: %w", err)
	}
	if timeout < time.Millisecond {
		return 0, fmt.Errorf("--timeout %s: a run needs more than no time", text)
	}
	return timeout, nil
}

// options makes the engine's options of the flags.
func (f *planFlags) options(p *Program, cmd *cobra.Command) (engine.PlanOptions, error) {
	opts := engine.PlanOptions{Environment: f.Env, Targets: f.Targets, ReadOnly: f.ReadOnly, MaxParallel: f.MaxParallel}
	if f.MaxParallel < 1 && cmd.Flags().Changed("max-parallel") {
		return opts, fmt.Errorf("--max-parallel %d: at least one step must run at once", f.MaxParallel)
	}
	var err error
	if opts.Timeout, err = parseTimeout(f.Timeout); err != nil {
		return opts, err
	}
	opts.Variables = lang.VariableSources{Values: f.Vars, Files: f.VarFiles, Lookup: p.Lookup, Sources: map[string]*hcl.File{}}
	return opts, nil
}

// completeSteps completes the names of a runbook's steps.
func (p *Program) completeSteps(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	rb, _ := lang.Load(args[0], lang.LoadOptions{})
	if rb == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, s := range rb.Steps {
		names = append(names, s.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// envFlag declares --env.
func envFlag(p *Program, cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "env", "", "`ENVIRONMENT` of the workspace to run in")
	mustComplete(cmd.RegisterFlagCompletionFunc("env", p.completeEnvironments))
}

// completeEnvironments completes the names of the environments that a runbook may run in.
func (p *Program) completeEnvironments(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	rb, _ := lang.Load(args[0], lang.LoadOptions{})
	return rb.EnvironmentNames(), cobra.ShellCompDirectiveNoFileComp
}
