package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/e82355ed/runbook/engine/lang"
)

// Main runs the program with the process's arguments and gives its exit status.
func Main(p *Program) int { return Run(context.Background(), p, os.Args[1:]) }

// Run runs one command line and gives its exit status.
func Run(ctx context.Context, p *Program, args []string) int {
	flush := p.start()
	root := NewRoot(p)
	root.SetArgs(args)
	root.SetIn(p.In)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	command, err := root.ExecuteContextC(ctx)
	if command.CommandPath() != checkPath {
		err = p.damageHint(err)
	}
	if err != nil && err.Error() != "" && !errors.Is(err, syscall.EPIPE) {
		style := p.diagnosticStyle()
		p.say("%s%s", style.Palette.Bad("Error: "), strings.TrimSpace(err.Error()))
	}
	if ferr := flush(); err == nil && ferr != nil && !errors.Is(ferr, syscall.EPIPE) {
		p.say("%v", ferr)
		return ExitFailed
	}
	return statusOf(err)
}

// NewRoot builds the tree of commands.
func NewRoot(p *Program) *cobra.Command {
	root := &cobra.Command{
		Use:   "runbook <command> [flags]",
		Short: "Run operations runbooks: what must be true of running systems, and what to do about it",
		Long: "runbook reads a runbook in HCL, checks it without touching anything, and runs its steps against real systems.\n\n" +
			"Exit statuses:\n" + exitTable(),
		Example:       "  runbook validate runbooks/\n  runbook plan runbooks/daily/morning-health-check.hcl\n  runbook apply runbooks/daily/morning-health-check.hcl",
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return p.openLog() },
		Args:              unknownCommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().BoolVar(&p.noColour, "no-color", false, "no colours, as with NO_COLOR")
	root.PersistentFlags().StringVar(&p.logLevel, "log-level", "warn", "how much to log to standard error: "+strings.Join(logLevels, ", "))
	mustComplete(root.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions(logLevels, cobra.ShellCompDirectiveNoFileComp)))
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		newApply(p), newPlan(p), newValidate(p), newFmt(p), newGraph(p), newProviders(p), newRuns(p), newShow(p), newUnlock(p), newAnswer(p),
		newWatch(p), newCancel(p), newResume(p), newUndo(p), newVersion(p),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	refuseOthers(root)
	return root
}

// refuseOthers has cobra's own commands refuse what they would answer with help and the status of success.
func refuseOthers(root *cobra.Command) {
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Args = func(_ *cobra.Command, args []string) error {
				if found, rest, err := root.Find(args); err != nil || len(rest) > 0 {
					return unknownCommand(found, rest)
				}
				return nil
			}
		case "completion":
			c.Args, c.RunE = unknownCommand, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			for _, shell := range c.Commands() {
				shell.Args = none
			}
		}
	}
}

func exitTable() string {
	var b strings.Builder
	for _, e := range exitMeanings {
		fmt.Fprintf(&b, "  %d  %s\n", e.Status, e.Meaning)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// mustComplete takes the error of a registration that fails only where a flag is misspelt in this package.
func mustComplete(err error) {
	if err != nil {
		panic(err)
	}
}

// unknownCommand refuses arguments of a command with commands below it: there is none of that name.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if !c.IsAvailableCommand() {
			continue
		}
		names = append(names, c.Name())
		for _, below := range c.Commands() { // "prune" is "runs prune", and no slip of the pen
			if below.Name() == args[0] && below.IsAvailableCommand() && c.Name() != "completion" {
				return fmt.Errorf("there is no command %q; did you mean %q?\nRun \"%s --help\" for the list", args[0], c.Name()+" "+args[0], cmd.CommandPath())
			}
		}
	}
	return fmt.Errorf("there is no command %q%s\nRun \"%s --help\" for the list", args[0], lang.DidYouMean(args[0], names), cmd.CommandPath())
}

// valueKinds say what a flag of a type takes, where not any text will do.
var valueKinds = map[string]string{"int": "a whole number", "bool": "true or false"}

// flagError explains a wrong flag, with the one that was perhaps meant.
func flagError(cmd *cobra.Command, err error) error {
	text := err.Error()
	var wrong *pflag.InvalidValueError
	if errors.As(err, &wrong) {
		f := wrong.GetFlag()
		text = fmt.Sprintf("--%s %q is not %s", f.Name, wrong.GetValue(), valueKinds[f.Value.Type()])
	}
	if name, ok := strings.CutPrefix(text, "unknown flag: --"); ok {
		text = fmt.Sprintf("there is no flag --%s%s", name, nearestFlag(cmd, name))
	}
	return fmt.Errorf("%s\nRun \"%s --help\" for the flags", text, cmd.CommandPath())
}

// exactly demands that many arguments, by their names in the usage line.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return fmt.Errorf("%s is missing\nUsage: %s", names[len(args)], cmd.UseLine())
		case len(args) > len(names):
			return fmt.Errorf("one %s at a time; %q is too many\nUsage: %s", strings.Join(names, " and one "), args[len(names)], cmd.UseLine())
		}
		return nil
	}
}

// none refuses arguments.
func none(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%q is too many: the command takes no arguments\nUsage: %s", args[0], cmd.UseLine())
	}
	return nil
}

// atLeastOne demands arguments.
func atLeastOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("%s is missing\nUsage: %s", name, cmd.UseLine())
		}
		return nil
	}
}

// wrongValue refuses a flag's value that is not in a list.
func wrongValue(flag, value string, allowed []string) error {
	return fmt.Errorf("%s %q is not one of %s%s", flag, value, strings.Join(allowed, ", "), lang.DidYouMean(value, allowed))
}
