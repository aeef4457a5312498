package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

type resumeOptions struct {
	*Program
	sessionFlags
	Run         string
	InDoubt     []string
	WithChanges bool
	Timeout     string
	// said is what --in-doubt says.
	said words
	// told is what earlier sessions told.
	told story
}

func newResume(p *Program) *cobra.Command {
	o := &resumeOptions{Program: p}
	cmd := &cobra.Command{
		Use: "resume RUN", Short: "Go on with a run that was paused, interrupted or failed",
		Long: "Goes on with a run: what passed is not repeated, and its recorded results are used. A read that was under way is made again.\n" +
			"What depends on a step that was undone, and runs again, does so too: writes among it are listed, and asked about.\n" +
			"A write of which nobody knows whether it took place is in doubt: where the system can tell, it is asked; otherwise you are, or\n" +
			"--in-doubt decides for all of them: \"done\" counts them as done, \"redo\" sends them again, \"abort\" leaves everything as it is.\n" +
			"--in-doubt STEP=done decides about one alone, beside the word for all others. Where nothing is in doubt, \"done\" is refused, and so is STEP=….\n" +
			"The run goes on with the files that it began with. When they have changed since, it is refused, unless --with-changes: then what\n" +
			"the changes affect runs again. A run that ran out of time can be given more of it with --timeout; each session has its own.",
		Example: "  runbook resume 01JD3V7C\n  runbook resume 01JD3V7C --in-doubt redo\n" +
			"  runbook resume 01JD3V7C --in-doubt pay=done --in-doubt 'ship[\"eu\"]=redo'\n  runbook resume 01JD3V7C --with-changes --auto-approve",
		Args: exactly("RUN"), ValidArgsFunction: p.runArgument(&o.Store, resumable, nil),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Run = args[0]
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	p.inDoubtFlag(cmd, &o.InDoubt, &o.Store, run.LeftInDoubt, "writes in doubt", "by default you are asked")
	flags.BoolVar(&o.WithChanges, "with-changes", false, "go on with the files as they are now, and run again what is affected")
	timeoutFlag(cmd, &o.Timeout, "bound of what is left of the run, a `DURATION` such as 10m (default: as the run began)")
	o.declare(cmd, "don't ask before steps that change something")
	return cmd
}

// resumable selects the runs that can be gone on with: one that a process runs can't.
func resumable(_ context.Context, _ journal.Journal, r journal.Summary) bool {
	if r.Status == journal.Running {
		return false
	}
	leftOver := r.ExitStatus != nil && *r.ExitStatus == ExitLeftOver
	return r.Status != journal.Ended || r.Outcome != run.Pass && r.Outcome != run.Warn || leftOver
}

func (o *resumeOptions) run(ctx context.Context) (err error) {
	said, err := parseInDoubt(o.InDoubt)
	timeout, timeoutErr := parseTimeout(o.Timeout)
	if err := errors.Join(err, timeoutErr, o.parse(o.Program)); err != nil {
		return err
	}
	o.said = said
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
	s.reports = &o.reports
	defer func() { err = o.reports.end(o.Program, seen, err) }()
	opts := engine.RecallOptions{RunOptions: o.session(history, s, seen, stop), WithChanges: o.WithChanges, Timeout: timeout, Secrets: &o.redactor}
	opts.Earlier = func(e journal.Entry) {
		o.told.take(e.Event)
		s.recall(e)
	}
	o.set(&opts.RunOptions)
	result, diags, sources, err := o.goOn(stop, s, opts)
	return o.close(s, history, seen, result, diags, sources, err)
}

// goOn recalls the run, settles what is in doubt, asks before it changes something, and goes on.
func (o *resumeOptions) goOn(stop *interruption, s *stage, opts engine.RecallOptions) (_ *engine.Result, _ diagnostics, _ sources, err error) {
	eng := o.engine()
	recalled, diags, err := stop.recallIdle(func(ctx context.Context) (*engine.Recalled, diagnostics) { return eng.Recall(ctx, o.Run, opts) })
	if err != nil {
		return nil, nil, nil, err
	}
	files := sourcesOf(recalled.Files(), engine.PlanOptions{})
	o.ownOf(recalled)
	if diags.HasErrors() {
		return nil, nil, nil, o.refuse(diags, files)
	}
	err = o.reports.spare(o.Program, recalled.Plan, slices.Collect(maps.Keys(files)))
	if err == nil {
		err = o.mayGoOn(stop.ctx, s, recalled, opts)
	}
	var settled []local.Settled
	if err == nil {
		settled, err = o.decide(stop, s, recalled, opts)
	}
	if err != nil {
		return nil, recalled.Drop(stop.ctx), files, err
	}
	result, diags := eng.Resume(stop.ctx, recalled, settled)
	return result, diags, files, nil
}

// mayGoOn is an error where there is nothing to go on with, or what was said beforehand is not about this run.
func (o *resumeOptions) mayGoOn(ctx context.Context, s *stage, r *engine.Recalled, opts engine.RecallOptions) error {
	if err := o.worthwhile(r); err != nil {
		return err
	}
	if err := o.lost(r); err != nil {
		return err
	}
	if err := o.checkAnswers(r.Plan, opts.Answers, r.Past.Waits()); err != nil {
		return err
	}
	doubts := r.Doubts()
	if err := o.said.check(doubts); err != nil {
		return err
	}
	if o.said.others == run.DecisionDone { // the others say what is to become of what is in doubt, if anything is: a pipeline may always say so
		why, instead := "nothing of run "+o.Run+" is in doubt", "Leave it out to go on with the run, which does again what did not pass: "+o.command("resume "+o.Run)
		if err := o.said.unused(len(doubts), why, instead); err != nil {
			return err
		}
	}
	return o.heard(ctx, s, r, opts)
}

// decide settles what is in doubt, and asks before the run changes something.
func (o *resumeOptions) decide(stop *interruption, s *stage, r *engine.Recalled, opts engine.RecallOptions) ([]local.Settled, error) {
	asker, _ := opts.Asker.(*asker) // nil: nobody sits here
	header := &r.Plan.Header
	if len(r.Doubts()) > 0 {
		s.announce(header)
	}
	settled, err := o.settle(&settler{Program: o.Program, stop: stop, recalled: r, asker: asker, said: o.said, goesOn: true})
	if err != nil {
		return nil, err
	}
	r.Settle(settled)
	approved := opts.AutoApprove || r.Approved() && !o.WithChanges && len(r.Repeated)+len(r.Instances)+len(r.Worse()) == 0
	remaining := r.Remaining()
	told := len(r.Changes)+len(r.Told())+len(r.Worse()) > 0
	var all changing
	if all.add(remaining); !approved && all.any() && told {
		s.announce(header)
		o.tellAgain(r)
	}
	if err := s.confirm(header, remaining, approved, stop, planned(header.File)); err != nil {
		return nil, forgotten(err, saidOf(settled), "it is settled once the run goes on")
	}
	return settled, nil
}

// tellAgain says before the question what changed in the files, what had ended well and runs again, for that or because what it
// depends on was undone, and what does worse than was told.
func (o *resumeOptions) tellAgain(r *engine.Recalled) {
	for _, change := range r.Changes {
		o.say("changed: %s", o.blank(change))
	}
	if again := r.Again(); len(again) > 0 {
		o.say("runs again: %s", strings.Join(inShort(again), ", "))
	}
	for _, line := range slices.Concat(r.Told(), r.Worse()) {
		o.say("%s", o.blank(line))
	}
	o.say("")
}

// mostInstances is how many instances of one step are named.
const mostInstances = 8

// inShort names steps and instances in order, and counts the instances of one step where they are many.
func inShort(addresses []string) []string {
	of := map[string][]string{}
	for _, a := range addresses {
		of[run.WholeStep(a)] = append(of[run.WholeStep(a)], a)
	}
	var out []string
	for _, step := range slices.Sorted(maps.Keys(of)) {
		if all := slices.Sorted(slices.Values(of[step])); len(all) > mostInstances {
			out = append(out, fmt.Sprintf("%s (%d instances)", step, len(all)))
		} else {
			out = append(out, all...)
		}
	}
	return out
}

// settle decides about all that is in doubt. Without anybody to ask, all of it is told before that is an error.
func (o *resumeOptions) settle(s *settler) ([]local.Settled, error) {
	var out []local.Settled
	var open []run.Doubt
	for _, d := range s.recalled.Doubts() {
		decided, err := s.settle(d)
		switch {
		case err != nil:
			return nil, s.notKept(err, d, out)
		case decided == nil:
			open = append(open, d)
		default:
			out = append(out, *decided)
		}
	}
	if len(open) == 0 {
		return out, nil
	}
	message := s.sayIt(open, "resume "+o.Run)
	if len(s.recalled.Past.Waits()) > 0 {
		message += "\nUntil then no time limit of the questions of the run counts, and none of their levels is told."
	}
	return nil, s.notKept(&exitError{status: ExitLeftOver, message: message}, open[0], out)
}

// worthwhile refuses a run that has nothing left to do.
func (o *resumeOptions) worthwhile(r *engine.Recalled) error {
	outcome, ended := r.Past.Ended()
	left := len(r.Changes) + len(r.Doubts()) + len(r.Past.Again().Steps) + len(r.Past.NotUndone())
	if ended && (outcome == run.Pass || outcome == run.Warn) && left == 0 {
		return fmt.Errorf("nothing was run: run %s has passed, and there is nothing to go on with", r.Plan.RunID)
	}
	return nil
}

// close ends a session: the view, the history, and the exit status.
func (p *Program) close(s *stage, history journal.Journal, seen *witness, result *engine.Result, diags diagnostics, files sources, err error) error {
	viewErr, closeErr := s.Close(), history.Close()
	if err != nil {
		return errors.Join(err, closeErr)
	}
	if err := p.printDiagnostics(diags, files); err != nil && result == nil {
		return p.brokenOff(history, seen, diags)
	}
	if result == nil {
		return &exitError{status: seen.status(history.Kept), message: "the run ended without a result"}
	}
	return p.ending(result, diags.HasErrors(), errors.Join(viewErr, closeErr))
}
