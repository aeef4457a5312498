package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/internal/view"
)

type applyOptions struct {
	*Program
	planFlags
	sessionFlags
	Plan engine.PlanOptions
	File string
}

func newApply(p *Program) *cobra.Command {
	o := &applyOptions{Program: p}
	cmd := &cobra.Command{
		Use: "apply FILE", Short: "Check, plan and run a runbook",
		Long: "Checks the runbook, shows what it is going to act on, asks before anything is changed, runs the steps and reports.\n" +
			"Ctrl-C starts nothing new and lets writes in flight end; a second one stops at once.",
		Example: "  runbook apply morning.hcl\n" +
			"  runbook apply morning.hcl --var namespace=staging --read-only\n" +
			"  runbook apply morning.hcl --target nodes --json > events.jsonl\n" +
			"  runbook apply restart.hcl --auto-approve --fail-on warn\n" +
			"  runbook apply morning.hcl --report junit=junit.xml --report html=morning.html",
		Args: exactly("FILE"), ValidArgsFunction: runbookFiles,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			o.File = args[0]
			if o.Plan, err = o.options(p, cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.planFlags.declare(p, cmd)
	o.sessionFlags.declare(cmd, "don't ask before a plan that changes something")
	return cmd
}

func (o *applyOptions) run(ctx context.Context) (err error) {
	if err := o.parse(o.Program); err != nil {
		return err
	}
	eng := o.engine()
	o.Plan.Apply, o.Plan.Secrets, o.Plan.Redact = true, &o.redactor, o.redactor.Bytes
	opening := o.openBeside(ctx)
	defer func() { err = errors.Join(err, opening.discard()) }()
	plan, err := o.loadPlan(ctx, eng, o.File, o.Plan)
	if err != nil {
		return err
	}
	if err := o.checkAnswers(plan, o.answers, nil); err != nil {
		return err
	}
	if err := o.reports.spare(o.Program, plan, slices.Concat(pathsOf(plan.Header.Files), slices.Collect(maps.Keys(sourcesOf(plan.Runbook.Sources, o.Plan))))); err != nil {
		return err
	}
	if err := o.held(ctx, eng, plan, opening); err != nil {
		return err
	}
	stop := o.watchInterrupts(ctx)
	defer stop.release()
	asked, err := o.confirm(&plan.Header, plan.Asked(), o.AutoApprove, stop, approveOrRefuse, planned(o.File))
	if err != nil {
		return err
	}
	if err := stop.beforehand(func() { opening.wait(stop.ctx) }); err != nil {
		return err
	}
	history, err := opening.take()
	if err != nil {
		return fmt.Errorf("nothing was run: %w", err)
	}
	v, seen := o.stage(o.JSON, o.Times, asked), &witness{}
	v.reports = &o.reports
	defer func() { err = o.reports.end(o.Program, seen, err) }()
	run := o.session(history, v, seen, stop)
	o.set(&run)
	result, diags := eng.Run(stop.ctx, plan, run)
	viewErr, closeErr := v.Close(), history.Close()
	if err := o.printDiagnostics(diags, sourcesOf(plan.Runbook.Sources, o.Plan)); err != nil && result == nil {
		return o.brokenOff(history, seen, diags)
	}
	if result == nil {
		return &exitError{status: seen.status(history.Kept), message: "the run ended without a result"}
	}
	return o.ending(result, diags.HasErrors(), errors.Join(viewErr, closeErr))
}

// held refuses, before the question, a plan whose lock another run holds: nobody is to decide about what can't run.
func (o *applyOptions) held(ctx context.Context, eng *engine.Engine, plan *engine.Plan, opening *opening) error {
	var all changing
	if all.add(plan.Asked()); o.AutoApprove || !all.any() {
		return nil // there is no question, and the run tells
	}
	history, err := opening.look()
	if err != nil {
		return fmt.Errorf("nothing was run: %w", err)
	}
	diags := eng.Held(ctx, plan, &engine.RunOptions{Journal: history, Command: o.command, LockTimeout: o.wait})
	if diags.HasErrors() {
		return o.refuse(diags, sourcesOf(plan.Runbook.Sources, o.Plan))
	}
	return nil
}

// ending is the exit status of a run that took place.
func (p *Program) ending(result *engine.Result, erred bool, err error) error {
	status := result.ExitStatus
	if status == ExitPassed && (erred || err != nil) {
		status = ExitFailed
	}
	if err != nil {
		return &exitError{status: status, message: fmt.Sprintf("run %s took place, and its report is not complete: %v", result.RunID, err), cause: err}
	}
	return exit(status)
}

// loadPlan loads and plans a runbook; problems are printed, and errors end it.
func (p *Program) loadPlan(ctx context.Context, eng *engine.Engine, file string, opts engine.PlanOptions) (*engine.Plan, error) {
	rb, diags := eng.LoadIn(file, opts.Environment)
	rb.TellLiterals(&p.redactor)
	p.own(rb)
	if diags.HasErrors() || rb == nil {
		return nil, p.refuse(diags, sourcesOf(rb.Files(), opts))
	}
	plan, more := eng.Plan(ctx, rb, opts)
	diags = append(diags, more...)
	if diags.HasErrors() || plan == nil {
		return nil, p.refuse(diags, sourcesOf(rb.Files(), opts))
	}
	return plan, p.printDiagnostics(diags, sourcesOf(rb.Files(), opts))
}

// viewConfig is how the text of a run looks on standard output.
func (p *Program) viewConfig(times bool) view.Config {
	return view.Config{
		Palette: p.palette(p.OutTerminal), Glyphs: p.glyphs(), Width: p.width(), Times: times, Store: p.store, Redact: p.redactor.String,
	}
}

// changing are the steps of a plan that change something.
type changing struct{ write, mayDestroy, destroy []engine.PlannedStep }

// any reports whether there are some.
func (c *changing) any() bool { return len(c.write)+len(c.mayDestroy)+len(c.destroy) > 0 }

// add adds the steps that change something; of a step that runs a runbook, the steps of that; of a read, the undo that changes
// something. The undo of a write is named with the write.
func (c *changing) add(steps []engine.PlannedStep) {
	for _, s := range steps {
		if s.Effect == provider.Read && s.Undo != nil {
			s = undoAlone(s)
		}
		switch {
		case len(s.Steps) > 0:
			c.add(s.Steps)
		case s.MayDestroy():
			c.mayDestroy = append(c.mayDestroy, s)
		case s.Effect == provider.Destructive:
			c.destroy = append(c.destroy, s)
		case s.Effect == provider.Write:
			c.write = append(c.write, s)
		}
	}
}

// undoAlone is the undo of a step that changes nothing itself, as plans show steps.
func undoAlone(s engine.PlannedStep) engine.PlannedStep {
	u, when := s.Undo, "runs when a later step fails"
	if u.On == "end" {
		when = "runs at the end of the run"
	}
	return engine.PlannedStep{
		Name: "undo of " + s.Name, Action: u.Action, Description: when, Effect: u.Effect, Unsure: u.Unsure, Provider: u.Provider, Target: u.Target, Arguments: u.Arguments,
	}
}
