package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
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
	LockTimeout              string
	InDoubt                  []string
	AutoApprove, JSON, Times bool
	// said is what --in-doubt says, settledFirst the writes in doubt that it was about.
	said         words
	settledFirst []run.Doubt
	// blind says that the key of the run's inputs is not there, and that nothing is sent.
	blind   bool
	reports reports
}

func newUndo(p *Program) *cobra.Command {
	o := &undoOptions{Program: p}
	cmd := &cobra.Command{
		Use: "undo RUN [STEP]", Short: "Run the undos of a run by hand",
		Long: "Takes back what the steps of a run did, as their undo blocks say: all that took effect and were not undone, last first, or those\n" +
			"of STEP, its instances, and the steps of the runbook that it runs. A step that was undone counts as not run: \"runbook resume\" does\n" +
			"it again, with the steps that depend on it. A paused run stays paused: it keeps its lock and its open questions.\n" +
			"Of a step that took effect several times, such as once before it was resumed, STEP@17 is one of these: what to type is told where one of them is left.\n" +
			"A write of which nobody knows whether it took place is settled first, in the same ways as an undo: what took place is taken back too,\n" +
			"and nothing is sent. An undo of which nobody knows whether it took place is in doubt: where the system can tell, it is asked; otherwise you are, or\n" +
			"--in-doubt decides: \"done\" counts it as done, \"redo\" sends it again, \"abort\" leaves everything as it is; --in-doubt STEP=done\n" +
			"decides about one alone, beside the word for all others. Without a terminal and without --in-doubt it is left, the others run, and the exit\n" +
			"status is 4. --auto-approve never sends it again.\n" +
			"An undo that failed after a part of it took place is not sent again either before somebody says so, in the same ways.\n" +
			"Another that failed is sent again, unless you say that you did it by hand: at a terminal you are asked, and --in-doubt STEP=done says it. A word\n" +
			"for all counts for those that failed and are left to look at, where nothing is in doubt.",
		Example: "  runbook undo 01JD3V7C\n  runbook undo 01JD3V7C scale --auto-approve\n  runbook undo 01JD3V7C scale --in-doubt done",
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
	p.inDoubtFlag(cmd, &o.InDoubt, &o.Store, run.LeftUndoInDoubt, "writes and undos in doubt", "by default you are asked, or they are left")
	lockFlag(cmd, &o.LockTimeout)
	o.reports.declare(cmd)
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

func (o *undoOptions) run(ctx context.Context) (err error) {
	said, err := parseInDoubt(o.InDoubt)
	if err != nil {
		return err
	}
	lockTimeout, err := parseLockTimeout(o.LockTimeout)
	if err != nil {
		return err
	}
	if err := o.reports.parse(o.Program); err != nil {
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
	opts := engine.RecallOptions{RunOptions: o.session(history, s, seen, stop), Undo: o.toSend, Secrets: &o.redactor, Earlier: s.recall}
	opts.LockTimeout = lockTimeout
	result, diags, files, err := o.undo(stop, s, opts)
	if err == nil && result != nil && result.ExitStatus != ExitLeftOver && result.ExitStatus != ExitInterrupted {
		result.ExitStatus = ExitPassed // how the run ended before is not what was asked for
	}
	return o.close(s, history, seen, result, diags, files, err)
}

func (o *undoOptions) undo(stop *interruption, s *stage, opts engine.RecallOptions) (*engine.Result, diagnostics, sources, error) {
	eng := o.engine()
	recalled, diags, err := stop.recallIdle(func(ctx context.Context) (*engine.Recalled, diagnostics) { return o.recall(ctx, eng, opts) })
	if err != nil {
		return nil, nil, nil, err
	}
	files := sourcesOf(recalled.Files(), engine.PlanOptions{})
	o.ownOf(recalled)
	if diags.HasErrors() {
		return nil, nil, nil, o.refuse(diags, files)
	}
	drop := func(err error) (*engine.Result, diagnostics, sources, error) {
		return nil, recalled.Drop(stop.ctx), files, err
	}
	if err := o.reports.spare(o.Program, recalled.Plan, slices.Collect(maps.Keys(files))); err != nil {
		return drop(err)
	}
	writes, err := o.settleWrites(stop, s, recalled, opts)
	if err != nil {
		return drop(err)
	}
	if writes != nil {
		first, diags, err := o.settleFirst(eng, stop, s, recalled, writes)
		if err != nil {
			return drop(err)
		}
		if diags.HasErrors() || first == nil {
			return first, diags, files, nil
		}
		opts.Earlier, o.settledFirst = nil, doubtsOf(writes) // they were shown
		if recalled, diags = o.recall(stop.ctx, eng, opts); diags.HasErrors() {
			return nil, nil, nil, o.settledAlone(diags, files)
		}
		o.reports.plans = append(o.reports.plans, recalled.Plan)
		if !slices.ContainsFunc(recalled.Past.Undoable(), o.names) {
			return first, recalled.Drop(stop.ctx), files, nil
		}
	}
	effects, err := o.chosen(recalled)
	if err != nil {
		return drop(err)
	}
	open := slices.DeleteFunc(o.settleable(recalled.Past), func(d run.Doubt) bool { return !chooses(effects, d) })
	if err = o.checkSaid(recalled.Past, append(open, doubtsOf(writes)...)); err == nil {
		err = o.said.unused(len(open)+len(writes), "nothing of what is to be undone is in doubt, and no undo of it failed",
			"Leave it out to run the undos; of what you took back by hand, say so by name: --in-doubt STEP=done")
	}
	if err == nil {
		err = o.halfSaid(recalled.Past, effects, len(writes) > 0)
	}
	if err != nil {
		return drop(err)
	}
	asker, _ := opts.Asker.(*asker) // nil: nobody sits here
	if len(recalled.Past.Doubts()) > 0 || len(open) > 0 && asker != nil {
		s.announce(&recalled.Plan.Header)
	}
	settler := &settler{Program: o.Program, stop: stop, recalled: recalled, asker: asker, said: o.said, blind: o.blind}
	result, diags, err := o.undoThese(eng, s, settler, effects, len(writes) > 0, o.AutoApprove || writes != nil)
	if err != nil {
		return drop(err)
	}
	return result, diags, files, nil
}

// undoThese undoes effects, after what is in doubt of them is settled and somebody has said yes. settled says that writes in doubt were
// settled before.
func (o *undoOptions) undoThese(eng *engine.Engine, s *stage, by *settler, effects []run.Effect, settled, approved bool) (*engine.Result, diagnostics, error) {
	recalled := by.recalled
	said, effects, err := o.settle(by, effects, settled)
	if err != nil {
		return nil, nil, err
	}
	elsewhere, wholly := recalled.Past.Elsewhere(effects)
	if wholly {
		return nil, nil, errors.New(notThere(o.blankAll(elsewhere)))
	}
	for _, line := range o.blankAll(elsewhere) {
		o.say("not undone here: %s", line)
	}
	if err := s.confirm(&recalled.Plan.Header, recalled.UndoSteps(effects), approved, by.stop, o.command("show "+o.Run+" --json")); err != nil {
		return nil, nil, forgotten(err, saidOf(said), "it is settled once the undos run")
	}
	result, diags := eng.Undo(by.stop.ctx, recalled, o.undoNames(effects, said, recalled.Past.Undoable()), said)
	return result, diags, nil
}

// notThere says that what is to be undone was done on other systems than the configurations name now.
func notThere(elsewhere []string) string {
	return "nothing was run: what was done on one system is not undone on another. Bring the environment back as it was (variables, kubeconfig, files; for what is local, the machine), and " +
		"try again; or undo it by hand.\n" + strings.Join(elsewhere, "\n")
}

// settle tells what is in doubt, and decides about the chosen undos among it: it gives these, and what is to be undone. What
// took place is not sent again. What nobody decides about is left as it is, with what the step did before. doubted says that writes of the chosen
// steps were in doubt, which are settled.
func (o *undoOptions) settle(s *settler, effects []run.Effect, doubted bool) ([]local.Settled, []run.Effect, error) {
	var out []local.Settled
	var left []run.Doubt
	doubted = doubted || slices.ContainsFunc(s.recalled.Past.Doubts(), func(d run.Doubt) bool { return chooses(effects, d) })
	for _, d := range s.recalled.Past.Doubts() {
		if !chooses(effects, d) {
			if d.Undo || !o.namesStep(d.Address) { // otherwise it was told
				if err := o.tellDoubt(s.stop, s.recalled, d); err != nil {
					return nil, nil, err
				}
			}
			o.say("  this session leaves %s in doubt; settle it with: %s", nameOf(d), o.command(settles(d, o.Run)))
			continue
		}
		decided, err := s.settle(d)
		switch {
		case err != nil:
			return nil, nil, s.notKept(err, d, out)
		case decided == nil:
			o.say("  the undo stays in doubt, and is not sent again. %s", s.recalled.Past.ByHand(d, o.command(settles(d, o.Run))))
			left = append(left, d)
			effects = slices.DeleteFunc(effects, func(e run.Effect) bool { return e.Address == d.Address && e.Seq <= d.Undoes })
		default:
			out = append(out, *decided)
			if decided.Decision == run.DecisionDone {
				effects = slices.DeleteFunc(effects, func(e run.Effect) bool { return e == undone(d) })
			}
		}
	}
	failed, partly, err := o.byHand(s, effects, doubted)
	if err != nil {
		return nil, nil, err
	}
	out, left = append(out, failed...), append(left, partly...)
	effects = slices.DeleteFunc(effects, func(e run.Effect) bool {
		return slices.ContainsFunc(failed, func(d local.Settled) bool { return e == undone(d.Doubt) && d.Decision == run.DecisionDone }) ||
			slices.ContainsFunc(partly, func(d run.Doubt) bool { return e.Address == d.Address && e.Seq <= d.Undoes })
	})
	if len(out)+len(effects) == 0 {
		return nil, nil, &exitError{status: ExitLeftOver, message: s.sayIt(left, o.typed())}
	}
	return out, effects, nil
}

// maybeByHand are the undos that somebody may have done by hand: those that failed, and those that were never sent of which just that is said, by
// their name or because nothing else is named.
func (o *undoOptions) maybeByHand(p *local.Past) []run.Doubt {
	failed := p.FailedUndos()
	open := slices.Concat(p.Doubts(), failed, o.settledFirst)
	unsent := slices.DeleteFunc(p.UnsentUndos(), func(d run.Doubt) bool {
		said := o.said.each[undone(d).String()]
		step := run.WholeStep(d.Address)
		if o.Step == undone(d).String() { // named alone
			said = cmp.Or(said, o.said.others)
		}
		if !slices.ContainsFunc(open, func(other run.Doubt) bool { return other.Address == d.Address }) {
			said = cmp.Or(said, o.said.each[d.Address])
			if o.Step == d.Address {
				said = cmp.Or(said, o.said.others)
			}
		}
		if o.Step == step && !slices.ContainsFunc(open, func(other run.Doubt) bool { return run.WholeStep(other.Address) == step }) {
			said = cmp.Or(said, o.said.others)
		}
		return said != run.DecisionDone
	})
	return append(failed, unsent...)
}

// byHand tells which of the chosen undos that failed count as done, as somebody did them by hand; the others are sent again. Of which a part
// took place, that needs a word: left are those without one. Where something was in doubt, a word for all is about that.
func (o *undoOptions) byHand(s *settler, effects []run.Effect, doubted bool) (out []local.Settled, left []run.Doubt, err error) {
	counts := s.recalled.Past.Left()
	for _, d := range o.maybeByHand(s.recalled.Past) {
		if !chooses(effects, d) {
			continue
		}
		toLookAt := o.toLookAt(d, counts)
		if d.Partly != "" {
			s.say("%s", s.blank(d.Partly))
		}
		said, how, note, err := s.askFailed(d, toLookAt && (!doubted || d.Partly != ""), o.AutoApprove && d.Partly == "")
		switch {
		case err != nil:
			return nil, nil, s.notKept(err, d, out)
		case said == abort:
			return nil, nil, s.notKept(&exitError{status: ExitLeftOver, message: "nothing was run, and " + nameOf(d) + " stays as it is: it failed"}, d, out)
		case said == run.DecisionDone:
			s.say("%s, which %s, counts as done by hand: %s", nameOf(d), cameTo(d), s.blank(s.wordOf(note)))
		case d.Partly == "":
			continue
		case said == "":
			s.say("  %s is not sent again", nameOf(d))
			left = append(left, d)
			continue
		}
		out = append(out, local.Settled{Doubt: d, Resolution: run.Resolution{Decision: said, How: how, Who: s.User, Why: s.wordOf(note), Failed: true}})
	}
	return out, left, nil
}

// toLookAt reports whether an undo that failed is left to look at, or named: a word for all is about such.
func (o *undoOptions) toLookAt(d run.Doubt, left []run.Left) bool {
	return o.Step != "" || slices.ContainsFunc(left, func(l run.Left) bool { return l.Step == d.Address && l.Undoes == d.Undoes })
}

// cameTo says what became of an undo that somebody has done by hand.
func cameTo(d run.Doubt) string {
	if d.At.IsZero() {
		return "was never sent"
	}
	return "failed at " + provider.Moment(d.At)
}

// undone is the effect whose undo is in doubt.
func undone(d run.Doubt) run.Effect { return run.Effect{Address: d.Address, Seq: d.Undoes} }

// chooses reports whether what is in doubt is the undo of one of the effects.
func chooses(effects []run.Effect, d run.Doubt) bool {
	return d.Undo && slices.Contains(effects, undone(d))
}

// typed is the command as it was typed, without flags.
func (o *undoOptions) typed() string {
	text := "undo " + o.Run
	if o.Step != "" {
		text += " " + run.Quote(o.Step)
	}
	return text
}

// settles is the command that decides about a write in doubt, or an undo, and runs nothing but undos.
func settles(d run.Doubt, id string) string {
	if d.Undo && d.Undoes != 0 {
		return "undo " + id + " " + run.Quote(undone(d).String())
	}
	return "undo " + id + " " + run.Quote(d.Address) // of an undo, an old history does not tell which
}

// undoNames names what a session undoes, or whose undo it settles, among all that can be undone: what was named alone by that.
func (o *undoOptions) undoNames(effects []run.Effect, settled []local.Settled, all []run.Effect) []string {
	some := slices.Clone(effects)
	for _, d := range settled {
		if e := undone(d.Doubt); !slices.Contains(some, e) {
			some = append(some, e)
		}
	}
	if isEffect(o.Step) {
		return []string{o.Step}
	}
	return run.NameEffects(some, all)
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
	return effectNames(effects)
}

// effectNames are the names under which effects can be undone: their steps, and each by itself of a step that did several things.
func effectNames(effects []run.Effect) []string {
	times := map[string]int{}
	for _, e := range effects {
		times[e.Address]++
	}
	names := run.Addresses(effects)
	for _, e := range effects {
		if times[e.Address] > 1 {
			names = append(names, e.String())
		}
	}
	return names
}

// effects are those of the chosen step, or all.
func (o *undoOptions) effects(p *local.Past) []run.Effect {
	return slices.DeleteFunc(p.Undoable(), func(e run.Effect) bool { return !o.names(e) })
}

// toSend are those of them whose undo may be sent: what somebody says is done needs none of its secrets.
func (o *undoOptions) toSend(p *local.Past) []run.Effect {
	doubts := slices.DeleteFunc(p.Doubts(), func(d run.Doubt) bool { return !o.namesUndoOf(d) })
	done := slices.DeleteFunc(slices.Clone(doubts), func(d run.Doubt) bool { return !d.Undo || o.said.of(d) != run.DecisionDone })
	counts := p.Left()
	for _, d := range o.maybeByHand(p) {
		forAll := len(doubts) == 0 && o.toLookAt(d, counts)
		if said := o.said.ofOne(d); said == run.DecisionDone || said == "" && forAll && o.said.others == run.DecisionDone {
			done = append(done, d)
		}
	}
	return slices.DeleteFunc(o.effects(p), func(e run.Effect) bool {
		return slices.ContainsFunc(done, func(d run.Doubt) bool { return e == undone(d) })
	})
}

// names reports whether an effect is among those that were named: all, those of a step, or what that did one time.
func (o *undoOptions) names(e run.Effect) bool {
	return o.namesStep(e.Address) || o.Step == e.String()
}

// namesStep reports whether a step is among those that were named, whatever it did.
func (o *undoOptions) namesStep(address string) bool { return o.Step == "" || within(address, o.Step) }

// namesUndoOf reports whether a step was named, or what one did one time that the undo takes back.
func (o *undoOptions) namesUndoOf(d run.Doubt) bool {
	return o.namesStep(d.Address) || d.Undo && o.names(undone(d))
}

// chosen are the effects to undo. What a write in doubt did, nobody knows.
func (o *undoOptions) chosen(r *engine.Recalled) ([]run.Effect, error) {
	steps, all := stepNames(r.Plan.Runbook, ""), r.Past.Undoable()
	doubts := o.writesInDoubt(r.Past)
	unchanged := slices.DeleteFunc(r.Past.Unchanged(), func(step string) bool { return !o.namesStep(step) })
	none := !slices.ContainsFunc(all, o.names)
	switch {
	case none && len(doubts) > 0:
		return nil, &exitError{status: ExitLeftOver, message: fmt.Sprintf("nothing was run: nobody knows whether %s took place, and so what there is to undo; look, and say so with --in-doubt done or --in-doubt redo (it did not): %s --in-doubt …",
			doubtsNamed(doubts), o.command(o.typed()))}
	case none && len(unchanged) > 0:
		return nil, fmt.Errorf("nothing was run: %s changed nothing, so there is nothing to take back%s", strings.Join(unchanged, ", "), canBeUndone(all))
	case none && isEffect(o.Step):
		return nil, fmt.Errorf("nothing was run: run %s has no %s to undo: it was undone, or never was%s", o.Run, o.Step, canBeUndone(all))
	case none && o.Step != "" && !slices.ContainsFunc(steps, func(s string) bool { return within(o.Step, s) }):
		if meant := run.Addresses(all); meantBy(o.Step, meant) != nil {
			steps = meant
		}
		return nil, fmt.Errorf("nothing was run: run %s has no step %s%s%s", o.Run, o.Step, didYouMean(o.Step, steps), canBeUndone(all))
	case len(all) == 0 && o.Step != "":
		return nil, fmt.Errorf("nothing was run: step %s has nothing to undo: it has no undo block, it did not take effect, or it was undone", o.Step)
	case len(all) == 0:
		return nil, fmt.Errorf("nothing was run: run %s has nothing to undo: no step with an undo block took effect, or all were undone", o.Run)
	case o.Step == "":
		return all, nil
	}
	named := slices.DeleteFunc(slices.Clone(all), func(e run.Effect) bool { return !o.names(e) })
	if len(named) == 0 {
		return nil, fmt.Errorf("nothing was run: step %s has nothing to undo%s%s", o.Step,
			didYouMean(o.Step, run.Addresses(all)), canBeUndone(all))
	}
	return named, nil
}

func isEffect(name string) bool {
	_, ok := run.ParseEffect(name)
	return ok
}

func canBeUndone(all []run.Effect) string {
	if len(all) == 0 {
		return ""
	}
	return "\nWhat can be undone: " + strings.Join(run.Addresses(all), ", ")
}

// stepNames are the addresses of the steps of a runbook, and of those that it runs, without instances.
func stepNames(rb *lang.Runbook, prefix string) []string {
	var out []string
	for _, s := range rb.Steps {
		out = append(out, prefix+s.Name)
		if s.Child != nil {
			out = append(out, stepNames(s.Child, prefix+s.Name+"/")...)
		}
	}
	return out
}

// within reports whether an address is that of a step, of an instance of it, or of a step of the runbook that it runs.
func within(address, step string) bool {
	rest, ok := strings.CutPrefix(address, step)
	return ok && (rest == "" || rest[0] == '[' || rest[0] == '/')
}
