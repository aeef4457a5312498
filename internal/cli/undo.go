package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

type undoOptions struct {
	*Program
	Store, Run, Step         string
	AutoApprove, JSON, Times bool
}

func newUndo(p *Program) *cobra.Command {
	o := &undoOptions{Program: p}
	cmd := &cobra.Command{
		Use: "undo RUN [STEP]", Short: "Run the undos of a run by hand",
		Long: "Takes back what the steps of a run did, as their undo blocks say: all that took effect and were not undone, last first, or those\n" +
			"of STEP, its instances, and the steps of the runbook that it runs. A step that was undone counts as not run: \"runbook resume\" does\n" +
			"it again.",
		Example: "  runbook undo 01JD3V7C\n  runbook undo 01JD3V7C scale --auto-approve",
		Args:    oneOrTwo("RUN", "STEP"), ValidArgsFunction: p.runArgument(&o.Store, nil, o.complete),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Run = args[0]; len(args) > 1 {
				o.Step = args[1]
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.AutoApprove, "auto-approve", false, "don't ask before the undos run")
	flags.BoolVar(&o.JSON, "json", false, "print the event stream, one JSON object a line")
	flags.BoolVar(&o.Times, "times", false, "begin each line with the time")
	storeFlag(cmd, &o.Store)
	return cmd
}

// oneOrTwo demands an argument and takes a second.
func oneOrTwo(first, second string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return fmt.Errorf("%s is missing\nUsage: %s", first, cmd.UseLine())
		case len(args) > 2:
			return fmt.Errorf("one %s at a time; %q is too many\nUsage: %s", second, args[2], cmd.UseLine())
		}
		return nil
	}
}

func (o *undoOptions) run(ctx context.Context) error {
	if err := o.checkKey(); err != nil {
		return fmt.Errorf("nothing was run: %w", err)
	}
	history, err := o.openRun(ctx, o.Store, o.Run, journal.ReadWrite)
	if err != nil {
		return err
	}
	stop := o.watchInterrupts(ctx)
	defer stop.release()
	s, seen := o.stage(o.JSON, o.Times, false), &witness{}
	opts := engine.RecallOptions{RunOptions: o.session(history, s, seen, stop), AsItWas: true, Secret: o.redactor.Add}
	result, diags, files, err := o.undo(stop, s, opts)
	if err == nil && result != nil && result.ExitStatus != ExitLeftOver && result.ExitStatus != ExitInterrupted {
		result.ExitStatus = ExitPassed // how the run ended before is not what was asked for
	}
	return o.close(s, history, seen, result, diags, files, err)
}

func (o *undoOptions) undo(stop *interruption, s *stage, opts engine.RecallOptions) (*engine.Result, diagnostics, sources, error) {
	eng := o.engine()
	recalled, diags := eng.Recall(stop.ctx, o.Run, opts)
	files := sourcesOf(recalled.Files(), engine.PlanOptions{})
	if diags.HasErrors() {
		return nil, nil, nil, o.refuse(diags, files)
	}
	effects, err := o.chosen(recalled.Past.Undoable())
	var settled []local.Settled
	if err == nil {
		settled, effects, err = o.lookUp(stop, recalled, effects)
	}
	if err == nil {
		var asked bool
		if asked, err = o.confirm(&recalled.Plan.Header, undoSteps(recalled, effects), o.AutoApprove, stop); asked {
			s.skipHeader()
		}
	}
	if err != nil {
		return nil, recalled.Drop(stop.ctx), files, err
	}
	addresses := run.Addresses(effects)
	for _, d := range settled {
		if !slices.Contains(addresses, d.Address) {
			addresses = append(addresses, d.Address)
		}
	}
	result, diags := eng.Undo(stop.ctx, recalled, addresses, settled)
	return result, diags, files, nil
}

// lookUp tells what is in doubt, and asks the systems about the undos that are to be tried again: one that took place is not, and
// nothing is run beside one that still goes on. What is left is to be undone.
func (o *undoOptions) lookUp(stop *interruption, r *engine.Recalled, effects []run.Effect) ([]local.Settled, []run.Effect, error) {
	var out []local.Settled
	for _, d := range r.Past.Doubts() {
		o.say("%s", inDoubtText(r, d))
		at := slices.Index(effects, run.Effect{Address: d.Address, Seq: d.Undoes})
		if !d.Undo || at < 0 {
			o.say("  undoing leaves that as it is; it is settled with: %s", o.command("resume "+r.Plan.RunID))
			continue
		}
		found, err := o.inquire(stop, r, d)
		if err != nil {
			return nil, nil, err
		}
		if found.Why != "" {
			o.say("  %s", found.Why)
		}
		s := local.Settled{Doubt: d, Resolution: run.Resolution{How: "inquired", Why: found.Why, Decision: run.DecisionDone}, Found: found}
		switch found.State {
		case provider.Done:
			o.say("  counts as done, and is not sent again")
			out, effects = append(out, s), slices.Delete(effects, at, at+1)
		case provider.NotDone:
			s.Decision = run.DecisionRedo
			out = append(out, s)
		default:
			o.say("  it is sent again, with the key that it had; should it have taken place, settle it with: %s", o.command("resume "+r.Plan.RunID))
		}
	}
	return out, effects, nil
}

// complete lists the steps that can be undone.
func (o *undoOptions) complete(ctx context.Context, args []string) []string {
	if len(args) > 1 {
		return nil
	}
	history, err := o.openHistory(ctx, o.Store, journal.ReadOnly)
	if err != nil || history == nil {
		return nil
	}
	defer history.Close() //nolint:errcheck // a completion has nobody to tell
	effects, err := o.engine().Undoable(ctx, history, args[0])
	if err != nil {
		return nil
	}
	return run.Addresses(effects)
}

// chosen are the effects to undo.
func (o *undoOptions) chosen(all []run.Effect) ([]run.Effect, error) {
	switch {
	case len(all) == 0:
		return nil, fmt.Errorf("nothing was run: run %s has nothing to undo: no step with an undo block took effect, or all were undone", o.Run)
	case o.Step == "":
		return all, nil
	}
	named := slices.DeleteFunc(slices.Clone(all), func(e run.Effect) bool { return !within(e.Address, o.Step) })
	if len(named) == 0 {
		return nil, fmt.Errorf("nothing was run: step %s has nothing to undo%s\nWhat can be undone: %s", o.Step,
			lang.DidYouMean(o.Step, run.Addresses(all)), strings.Join(run.Addresses(all), ", "))
	}
	return named, nil
}

// within reports whether an address is that of a step, of an instance of it, or of a step of the runbook that it runs.
func within(address, step string) bool {
	rest, ok := strings.CutPrefix(address, step)
	return ok && (rest == "" || rest[0] == '[' || rest[0] == '/')
}

// undoSteps are the undos as the question before them shows them.
func undoSteps(r *engine.Recalled, effects []run.Effect) []engine.PlannedStep {
	var out []engine.PlannedStep
	for _, e := range effects {
		out = append(out, r.UndoStep(e))
	}
	return out
}
