package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// RecallOptions say how a run is taken up again.
type RecallOptions struct {
	RunOptions
	// WithChanges goes on with the files as they are now; AsItWas with those of the run, whatever is there now. Otherwise
	// changed files are refused.
	WithChanges, AsItWas bool
	// Timeout bounds this session in place of what the run began with; zero: that does.
	Timeout time.Duration
	// Idle is for a session that runs nothing: no secret is read, and inputs that were encrypted are unknown.
	Idle bool
	// Secret is told every secret value that is read; nil: nobody is.
	Secret func(string)
	// Earlier is told the events of the sessions so far, in order, before anything else happens; nil: nobody is.
	Earlier func(journal.Entry)
}

// Recalled is a run of the past, ready to go on.
type Recalled struct {
	Plan *Plan
	Past *local.Past
	// Changes tell what changed in the files, for people; Affected are the steps that run again for it.
	Changes, Affected []string
	// Repeated tell of the writes that were carried out before and run again, Behind of the steps that do so because what they depend on
	// was undone.
	Repeated, Behind []string
	// Lost is what took effect and can't be undone with the files as they are now: the run can't go on with them.
	Lost []local.Lost

	// changed are the steps that the changes touch; settled are the decisions about what is in doubt.
	changed []string
	moved   bool
	// added are declarations that are new, "step a".
	added   []string
	settled []local.Settled
	held    *locks
	opts    RunOptions
	cfg     local.Config
	// before is the run as its files were, where they have changed and something is in doubt; gone is what is in doubt of steps that
	// the runbook does not have any more.
	before *earlier
	gone   []run.Doubt
}

// Files are the runbook's files by name, for diagnostics.
func (r *Recalled) Files() map[string]*hcl.File {
	if r == nil || r.Plan == nil {
		return nil
	}
	return r.Plan.Runbook.Sources
}

// story is what the events of a run tell about it as a whole.
type story struct {
	entries []journal.Entry
	header  run.Header
	started time.Time
	// sealed are the inputs that the events leave out.
	sealed []byte
	// targets are the systems that the last session that carried steps out named.
	targets []run.Target
	runID   string
}

// Recall reads a run of the past and plans how it goes on, holding its locks: end with Resume, Undo, Cancel or Drop. Errors mean
// that nothing was changed.
func (e *Engine) Recall(ctx context.Context, runID string, opts RecallOptions) (*Recalled, hcl.Diagnostics) {
	if opts.Idle {
		opts.Seal, opts.Unseal = nil, nil
	}
	s, err := readStory(ctx, opts.Journal, runID)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, problem("The run is not in the history", fmt.Errorf("there is no run %q; \"runbook runs\" lists them", runID))
	}
	if err != nil {
		return nil, problem("The run can't be read", err)
	}
	rb, changed, diags := e.reload(ctx, s, opts)
	if diags.HasErrors() {
		return nil, diags
	}
	planOptions, err := s.planOptions(rb, opts)
	if err != nil {
		return nil, append(diags, problem("The inputs of the run can't be read", err)...)
	}
	if opts.FailOnWarn = opts.FailOnWarn || s.header.Inputs != nil && s.header.Inputs.FailOnWarn; s.header.Inputs != nil {
		opts.AutoApprove = opts.AutoApprove || s.header.Inputs.AutoApprove
	}
	plan, more := e.Plan(ctx, rb, planOptions)
	if diags = append(diags, more...); diags.HasErrors() || plan == nil {
		return &Recalled{Plan: plan}, diags
	}
	if changed, more = e.compareTargets(ctx, s, changed, plan, opts); more.HasErrors() {
		return &Recalled{Plan: plan}, append(diags, more...)
	}
	held, more := e.lock(ctx, plan, &opts.RunOptions)
	if diags = append(diags, more...); diags.HasErrors() {
		return nil, diags
	}
	r := &Recalled{Plan: plan, Changes: changed.told, changed: changed.steps, moved: changed.moved, added: changed.added, held: held, opts: opts.RunOptions}
	r.cfg = e.config(ctx, plan, &opts.RunOptions, held)
	if s, err = s.upToDate(ctx, opts.Journal); err == nil {
		r.Past, err = local.Recall(&r.cfg, s.entries, len(changed.told) > 0)
	}
	if err != nil {
		return nil, append(diags, append(problem("The run can't be taken up", err), r.Drop(ctx)...)...)
	}
	r.Settle(nil)
	e.doubtful(ctx, r, s, changed.before, opts)
	r.Changes = append(slices.Clone(r.Changes), r.tellGone()...)
	if err := e.lost(ctx, r, s, changed.before); err != nil {
		return nil, append(diags, append(problem("What steps did that have changed in the files can't be told", err), r.Drop(ctx)...)...)
	}
	if opts.Earlier != nil {
		for _, entry := range s.entries {
			opts.Earlier(entry)
		}
	}
	return r, diags
}

func problem(summary string, err error) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: sentence(err)}}
}

// sentence is an error's text with one full stop; a hint in it has its own.
func sentence(err error) string { return strings.TrimSuffix(err.Error(), ".") + "." }

func readStory(ctx context.Context, j journal.Journal, runID string) (*story, error) {
	s := &story{}
	for entry, err := range j.Events(ctx, runID) {
		if err != nil {
			return nil, err
		}
		if e := entry.Event; e.Header != nil && e.BeginsSteps() {
			s.targets = e.Targets
		}
		switch e := entry.Event; {
		case e.Type == run.RunStarted && e.Header != nil:
			s.header, s.started, s.sealed, s.runID = *e.Header, e.Time, entry.Sealed, e.Run
		case e.Type == run.RunResumed && e.Header != nil:
			s.header.Files = e.Files
		}
		s.entries = append(s.entries, entry)
	}
	if s.runID == "" {
		return nil, errors.New("its beginning is missing in the history")
	}
	return s, nil
}

// upToDate is the story as it stands now. It was read before the lock was taken: most often nothing was added in between,
// and a long story is not read twice.
func (s *story) upToDate(ctx context.Context, j journal.Journal) (*story, error) {
	last := s.entries[len(s.entries)-1].Event.Seq
	for _, err := range journal.EventsAfter(ctx, j, s.runID, last) {
		if err != nil {
			return nil, err
		}
		return readStory(ctx, j, s.runID)
	}
	return s, nil
}

// reload loads the runbook of a run: as it was, or, with changes, as it is.
func (e *Engine) reload(ctx context.Context, s *story, opts RecallOptions) (*Runbook, changes, hcl.Diagnostics) {
	if len(s.header.Files) == 0 {
		return nil, changes{}, problem("The run can't go on", errors.New("it was kept by a version of runbook that did not keep its files"))
	}
	kept := map[string][]byte{}
	var differ []string
	for _, ref := range s.header.Files {
		content, err := opts.Journal.File(ctx, s.runID, ref.SHA256)
		if err != nil {
			return nil, changes{}, problem("A file of the run is missing in the history", fmt.Errorf("%s: %w", ref.Path, err))
		}
		kept[ref.Path] = content
		now, err := os.ReadFile(ref.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			// What is gone is taken from the history.
		case err != nil:
			return nil, changes{}, problem("A file of the run can't be read", err)
		case hashOf(now) != ref.SHA256:
			differ = append(differ, ref.Path)
		}
	}
	path := s.header.Files[0].Path
	before, diags := e.load(path, lang.LoadOptions{ReadFile: fromMap(kept), Environment: s.header.Environment})
	before.LiteralSecrets(opts.Secret)
	if opts.AsItWas || len(differ) == 0 || diags.HasErrors() && !opts.WithChanges {
		return before, changes{}, diags
	}
	after, more := e.load(path, lang.LoadOptions{Environment: s.header.Environment})
	after.LiteralSecrets(opts.Secret)
	if !opts.WithChanges {
		told := "its text differs"
		if after != nil && before != nil && !more.HasErrors() {
			told = strings.Join(compare(before.Runbook, after.Runbook).told, "; ")
		}
		return before, changes{}, hcl.Diagnostics{{
			Severity: hcl.DiagError, Summary: "The runbook has changed since the run began",
			Detail: fmt.Sprintf("%s: %s. Put the file back as it was, or go on with what is there now with --with-changes: then what is affected runs again.",
				strings.Join(differ, ", "), cmpEmpty(told, "only comments and white space differ")),
		}}
	}
	if more.HasErrors() {
		return after, changes{}, more
	}
	out := compare(before.Runbook, after.Runbook)
	if out.before = before; diags.HasErrors() {
		out.before, out.told = nil, append(out.told, "the files as they were can't be read by this version, so that nothing tells what steps did that are gone")
	}
	return after, out, more
}

func cmpEmpty(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// fromMap reads files that were kept.
func fromMap(files map[string][]byte) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if content, ok := files[absolute(path)]; ok {
			return content, nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
}

// planOptions are those with which the run began.
func (s *story) planOptions(rb *Runbook, opts RecallOptions) (PlanOptions, error) {
	var sealed map[string]json.RawMessage
	if s.sealed != nil && opts.Unseal != nil {
		plain, err := opts.Unseal(s.sealed)
		if err == nil {
			err = json.Unmarshal(plain, &sealed)
		}
		if err != nil {
			return PlanOptions{}, fmt.Errorf("nothing was run: its sensitive variables can't be read (%w); "+
				"put the key with which the run began back, the key file or RUNBOOK_KEY", err)
		}
	}
	variables, err := recalledVariables(rb.Runbook, s.header.Inputs, sealed, opts.Idle)
	if err != nil {
		return PlanOptions{}, err
	}
	out := PlanOptions{
		Past: &PastRun{RunID: s.runID, StartedAt: s.started, Variables: variables}, ReadOnly: s.header.ReadOnly, Apply: !opts.Idle, Secret: opts.Secret,
	}
	if in := s.header.Inputs; in != nil {
		out.Targets, out.MaxParallel, out.Timeout = in.Targets, in.MaxParallel, time.Duration(in.TimeoutMS*float64(time.Millisecond))
	}
	if opts.Timeout > 0 {
		out.Timeout = opts.Timeout
	}
	return out, nil
}

// Remaining are the steps that a resume would run, or run again, with the notifiers that are asked about.
func (r *Recalled) Remaining() []PlannedStep {
	var out []PlannedStep
	kept := r.Past.Kept(r.settled...)
	for _, name := range r.Affected {
		kept[name] = false
	}
	r.keepDone(kept)
	for _, s := range r.Plan.Steps {
		if !kept[s.Name] {
			out = append(out, s)
		}
	}
	return append(out, r.Plan.askedNotifiers(func(step string) bool {
		own, _ := run.SplitAddress(step)
		return !kept[own]
	})...)
}

// Again are those of the affected steps that the run had before: a new one does not run again.
func (r *Recalled) Again() []string {
	return slices.DeleteFunc(slices.Clone(r.Affected), func(step string) bool { return slices.Contains(r.added, "step "+step) })
}

// Approved reports whether the person who began the run approved its writes beforehand.
func (r *Recalled) Approved() bool { return r.opts.AutoApprove }

// UndoStep is the undo of what a step did as a plan shows steps.
func (r *Recalled) UndoStep(e run.Effect) PlannedStep {
	out := PlannedStep{Name: "undo of " + e.Address, Effect: provider.Write}
	if undo, target := r.Past.UndoOf(e); undo != nil {
		out.Action, out.Effect = undo.Action, max(provider.Write, graph.Effect(undo))
		out.Provider, out.Target = target.Provider, target.Target
		out.Arguments = r.undoArguments(e, undo)
	}
	return out
}

// undoArguments are what an undo is about to be done with; as the file has them where they can't be worked out.
func (r *Recalled) undoArguments(e run.Effect, undo *lang.Step) []PlannedArgument {
	schema := undo.Spec.Spec().Args()
	args, err := r.Past.UndoArguments(e)
	if err == nil {
		return argumentsOf(undo, schema, args)
	}
	var out []PlannedArgument
	for i := range schema.Attributes {
		if attr := undo.Args[schema.Attributes[i].Name]; attr != nil {
			out = append(out, PlannedArgument{Name: attr.Name, Value: strings.Join(strings.Fields(attr.Expr.Source), " ")})
		}
	}
	return out
}

// Drop lets go of a recalled run without going on with it, and leaves its locks as they were found.
func (r *Recalled) Drop(ctx context.Context) hcl.Diagnostics {
	if r.Past != nil {
		r.Past.Close()
	}
	if err := r.closeEarlier(); err != nil {
		return problem("A client did not close cleanly", err)
	}
	if err := r.held.giveBack(context.WithoutCancel(ctx)); err != nil {
		return problem("A lock could not be let go of", err)
	}
	return nil
}

// Settle takes in what became of what was in doubt: what it has run again is told from then on.
func (r *Recalled) Settle(settled []local.Settled) {
	r.settled = settled
	again := r.Past.Again(settled...)
	r.Affected = slices.DeleteFunc(r.Past.Affected(r.changed), r.countsAsDone)
	r.Repeated = r.Past.CarriedOut(append(again.Steps, r.Affected...), settled...)
	r.Behind = nil
	for _, b := range again.Behind {
		undone := b.Undone + " was"
		if b.Within {
			undone = "steps of " + b.Undone + " were"
		}
		r.Behind = append(r.Behind, "runs again, as "+undone+" undone: "+strings.Join(b.Steps, ", "))
	}
}

// Resume goes on with a recalled run. settled must hold a decision for each of Past.Doubts.
func (e *Engine) Resume(ctx context.Context, r *Recalled, settled []local.Settled) (*Result, hcl.Diagnostics) {
	r.Settle(settled)
	reset := append(r.Past.Again(settled...).Steps, r.Affected...)
	reset, err := r.except(reset, settled)
	if err == nil && len(r.Lost) > 0 {
		err = errors.New(LostWords(r.Lost[0]) + ": its undo would be lost; undo it first, or keep it in the file")
	}
	if err == nil {
		err = r.undecided(settled)
	}
	if err != nil {
		return nil, append(problem("Nothing was run", err), r.Drop(ctx)...)
	}
	for _, d := range settled {
		at := slices.Index(reset, d.Address)
		switch {
		case d.Undo || d.Gone:
		case d.Decision == run.DecisionDone && at >= 0:
			reset = slices.DeleteFunc(reset, func(a string) bool { return a == d.Address })
		case d.Decision == run.DecisionRedo && at < 0:
			reset = append(reset, d.Address)
		}
	}
	slices.Sort(reset)
	return e.goOn(ctx, r, local.Going{
		Reset: slices.Compact(reset), Changes: r.Changes, Repeats: append(slices.Clone(r.Behind), r.Repeated...), Settled: settled,
	})
}

// except has the other instances run again of a step that would do so as a whole, where one counts as done. That is refused where
// the step may have others by then: the one that counts as done would not be known among them.
func (r *Recalled) except(reset []string, settled []local.Settled) ([]string, error) {
	for _, d := range settled {
		step := run.WholeStep(d.Address)
		at := slices.Index(reset, step)
		if d.Undo || d.Gone || d.Decision != run.DecisionDone || step == d.Address || at < 0 {
			continue
		}
		instances, same := r.Past.SameInstances(step, reset)
		if !same {
			return nil, r.unsure(d.Address, step)
		}
		reset = append(slices.Delete(reset, at, at+1), instances...)
	}
	return reset, nil
}

// unsure says that an instance counts as done, and that nobody knows which its step has when it runs again.
func (r *Recalled) unsure(instance, step string) error {
	if len(r.Changes) == 0 {
		return fmt.Errorf("%s counts as done, and step %s runs again because what it did was taken back, perhaps with other instances, so that %[1]s would run again too. "+
			"Take back what %[1]s did, if it did anything, and decide \"redo\" about it", instance, step)
	}
	return fmt.Errorf("%s counts as done, and step %s runs again for the changes in the files, perhaps with other instances, so that %[1]s would run again too. Put "+
		"the files back as they were, or move them away, so that the run goes on with those that it began with, and settle %[1]s without --with-changes first",
		instance, step)
}

// Undo takes back what steps at some addresses of a recalled run did, last first. settled are decisions about undos that
// are in doubt; one of these without a decision stays that.
func (e *Engine) Undo(ctx context.Context, r *Recalled, addresses []string, settled []local.Settled) (*Result, hcl.Diagnostics) {
	return e.goOn(ctx, r, local.Going{Undo: addresses, Settled: settled})
}

// Cancel ends a recalled run that no process runs, as an interrupt would: what waits is cancelled, the undos that are due run,
// and a write in doubt stays in doubt.
func (e *Engine) Cancel(ctx context.Context, r *Recalled) (*Result, hcl.Diagnostics) {
	return e.goOn(ctx, r, local.Going{Cancel: true})
}

func (e *Engine) goOn(ctx context.Context, r *Recalled, g local.Going) (*Result, hcl.Diagnostics) {
	if err := freeOld(ctx, r.opts.Journal, r.Plan.RunID, r.Plan.locks()); err != nil {
		e.host().Log.Warn("a lock that the run kept while it was paused could not be freed", "error", err)
	}
	if err := r.closeEarlier(); err != nil {
		e.host().Log.Warn("a client did not close cleanly", "error", err)
	}
	result, diags, err := local.Resume(ctx, r.Past, g)
	return e.ended(ctx, r.Plan, r.held, result, diags, err)
}
