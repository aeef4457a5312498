package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine"
)

// sessionFlags are what the commands have in common that run a runbook, from its beginning or on from where it stopped.
type sessionFlags struct {
	AutoApprove, JSON, Times   bool
	FailOn, Store, LockTimeout string
	// Answers are given beforehand to manual steps.
	Answers []string

	answers map[string]string
	wait    time.Duration
	reports reports
}

var failOn = []string{"fail", "warn"}

// declare declares the flags; approve says what --auto-approve is for.
func (f *sessionFlags) declare(cmd *cobra.Command, approve string) {
	flags := cmd.Flags()
	flags.BoolVar(&f.AutoApprove, "auto-approve", false, approve)
	flags.StringVar(&f.FailOn, "fail-on", "fail", "exit with 1 from this outcome on: fail, or `warn`")
	flags.BoolVar(&f.JSON, "json", false, "print the event stream, one JSON object a line")
	flags.BoolVar(&f.Times, "times", false, "begin each line with the time")
	answersFlag(cmd, &f.Answers)
	lockFlag(cmd, &f.LockTimeout)
	f.reports.declare(cmd)
	storeFlag(cmd, &f.Store)
	mustComplete(cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(failOn, cobra.ShellCompDirectiveNoFileComp)))
}

// parse reads what the flags say.
func (f *sessionFlags) parse(p *Program) (err error) {
	if !known(f.FailOn, failOn) {
		return wrongValue("--fail-on", f.FailOn, failOn)
	}
	if f.wait, err = parseLockTimeout(f.LockTimeout); err != nil {
		return err
	}
	if f.answers, err = parseNamed("--answer", f.Answers); err != nil {
		return err
	}
	return f.reports.parse(p)
}

// set has a session do as the flags say.
func (f *sessionFlags) set(opts *engine.RunOptions) {
	opts.FailOnWarn, opts.Answers, opts.AutoApprove, opts.LockTimeout = f.FailOn == "warn", f.answers, f.AutoApprove, f.wait
}
