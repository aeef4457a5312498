package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// RecallOptions say how a run is taken up again.
type RecallOptions struct {
	RunOptions
	// WithChanges goes on with the files as they are now. Otherwise changed files are refused, unless nothing but undos is run: that takes
	// the files of the run, whatever is there now.
	WithChanges bool
	// Undo makes it a session that only undoes, and says what, given what happened: of secrets only those are read that these undos need.
	// Nil: steps are run.
	Undo func(*local.Past) []run.Effect
	// GivesUp says that the session is to end the run whatever its undos lack: one that needs a secret that can't be read fails by itself,
	// which is told. Otherwise nothing runs without such a secret.
	GivesUp bool
	// Timeout bounds this session in place of what the run began with; zero: that does.
	Timeout time.Duration
	// Idle is for a session that runs nothing: no secret is read, and inputs that were encrypted are unknown.
	Idle bool
	// Secrets is told every secret value that is read; nil: nobody is.
	Secrets local.SecretSink
	// Earlier is told the events of the sessions so far, in order, before anything else happens; nil: nobody is.
	Earlier func(journal.Entry)
}

// asItWas reports whether the files as they were count.
func (o *RecallOptions) asItWas() bool { return o.Idle || o.Undo != nil }

// Recalled is a run of the past, ready to go on.
type Recalled struct {
	Plan *Plan
	Past *local.Past
	// Changes tell what changed in the files, for people; Affected are the steps that run again for it.
	Changes, Affected []string
	// Repeated tell of the writes that were carried out before and run again, Behind of the steps that do so because what they depend on
	// was undone.
	Repeated, Behind []string
	// Instances tell of the steps that run again and have other instances then, KeptValues of instances that run again with the each.value
	// they began with, though for_each gives another now.
	Instances, KeptValues []string
	// Lost is what took effect and can't be undone with the files as they are now: the run can't go on with them.
	Lost []local.Lost

	// approved names by effect what the approval with which the run began was given for.
	approved map[string][]string
	// touched are the steps that the changes touch; settled are the decisions about what is in doubt.
	touched local.Touched
	// others are the instances that steps have from now on, by address, where a changed for_each gives others than they had.
	others map[string]*lang.Instances
	moved  bool
	// asItWas says that no step runs in the session.
	asItWas bool
	// elsewhere says that the run goes on also with other places than it had.
	elsewhere bool
	// otherMachine says that it goes on on another machine on purpose.
	otherMachine bool
	// files are what is wrong with files that expressions read.
	files   hcl.Diagnostics
	settled []local.Settled
	held    *locks
	opts    RunOptions
	cfg     local.Config
	// former is the run as its files were; nil: they have not changed. gone is what is in doubt of steps that the runbook does not have any
	// more.
	former *former
	gone   []run.Doubt
}

// Files are the runbook's files by name, for diagnostics.
func (r *Recalled) Files() map[string]*hcl.File {
	if r == nil || r.Plan == nil {
		return nil
	}
	return r.Plan.Runbook.Sources
}

// Recall reads a run of the past and plans how it goes on, holding its locks: end with Resume, Undo, Cancel or Drop. Errors mean
// that nothing was changed.
func (e *Engine) Recall(ctx context.Context, runID string, opts RecallOptions) (*Recalled, hcl.Diagnostics) {
	if opts.Idle {
		opts.Seal, opts.Unseal = nil, nil
	}
	s, err := readStory(ctx, opts.Journal, runID, opts.Unseal)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, problem("The run is not in the history", fmt.Errorf("there is no run %q; \"runbook runs\" lists them", runID))
	}
	if err != nil {
		return nil, problem("The run can't be read", err)
	}
	e.spareKey(s, &opts)
	r, diags := e.planAgain(ctx, s, opts)
	if diags.HasErrors() {
		return r, diags
	}
	held, more := e.lock(ctx, r.Plan, &r.opts)
	if diags = append(diags, more...); diags.HasErrors() {
		return nil, diags
	}
	r.held = held
	if more := e.takeUp(ctx, r, s, opts); more.HasErrors() {
		return nil, append(diags, append(more, r.Drop(ctx)...)...)
	}
	return r, diags
}

// planAgain plans how a run goes on, with its files as they are to be. What it gives with errors has the files that these are about.
func (e *Engine) planAgain(ctx context.Context, s *story, opts RecallOptions) (*Recalled, hcl.Diagnostics) {
	rb, changed, diags := e.reload(ctx, s, opts)
	if diags.HasErrors() {
		return nil, diags
	}
	planOptions, err := s.planOptions(rb, opts)
	if err != nil {
		unread := problem("The inputs of the run can't be read", err)
		unread[0].Extra = inputsUnread{}
		return nil, append(diags, unread...)
	}
	plan, more := e.Plan(ctx, rb, planOptions)
	r := &Recalled{Plan: plan, files: changed.files, opts: s.runOptions(opts), elsewhere: opts.WithChanges, asItWas: opts.asItWas()}
	if diags = append(diags, more...); diags.HasErrors() || plan == nil {
		return r, diags
	}
	if in := s.header.Inputs; in != nil {
		r.approved = in.Approved
	}
	if opts.Undo != nil {
		e.readsSecrets(ctx, plan)
	}
	if changed.before != nil {
		if r.former, err = e.planFormer(ctx, s, changed.before, opts); err != nil {
			return r, append(diags, problem("What steps did that have changed in the files can't be told", err)...)
		}
	}
	changed, more = compareTargets(s, changed, r, opts)
	r.Changes, r.touched, r.moved = changed.told, changed.touched, changed.moved
	return r, append(diags, more...)
}

// takeUp takes in what happened in a run whose locks are held. An error leaves the rest to Drop.
func (e *Engine) takeUp(ctx context.Context, r *Recalled, s *story, opts RecallOptions) hcl.Diagnostics {
	r.cfg = e.config(ctx, r.Plan, &r.opts, r.held)
	s, err := s.upToDate(ctx, opts.Journal, opts.Unseal)
	if err != nil {
		return problem("The run can't be taken up", err)
	}
	if diags := e.livesOn(s); diags.HasErrors() {
		return diags
	}
	if r.Past, err = local.Recall(&r.cfg, s.entries, len(r.Changes) > 0); err != nil {
		return problem("The run can't be taken up", err)
	}
	if opts.Undo != nil {
		if diags := r.furnish(opts.Undo(r.Past), s, opts); diags.HasErrors() {
			return diags
		}
	}
	r.gone = r.Past.GoneDoubts(s.entries)
	if r.former != nil {
		if err := e.recallFormer(ctx, r, s); err != nil {
			return problem("What steps did that have changed in the files can't be told", err)
		}
	}
	r.Settle(nil)
	r.tellOf(r.tellGone()...)
	r.findLost()
	if diags := append(r.compareMachines(opts), r.lacksFiles(false)...); diags.HasErrors() {
		return diags
	}
	if diags := r.lacksQuestions(); diags.HasErrors() {
		return diags
	}
	if opts.Earlier != nil {
		for _, entry := range s.entries {
			opts.Earlier(entry)
		}
	}
	return nil
}

// Drop lets go of a recalled run without going on with it, and leaves its locks as they were found.
func (r *Recalled) Drop(ctx context.Context) hcl.Diagnostics {
	if r.Past != nil {
		r.Past.Close()
	}
	if err := r.former.close(); err != nil {
		return problem("A client did not close cleanly", err)
	}
	if err := r.held.giveBack(ctx); err != nil {
		return problem("A lock could not be let go of", err)
	}
	return nil
}

// inputsUnread marks an error for inputs of a run that can't be read, as their key is not there.
type inputsUnread struct{}

// InputsUnread reports whether a run can't be taken up because its inputs can't be read: an idle session needs none of them.
func InputsUnread(diags hcl.Diagnostics) bool {
	return slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool { return d.Extra == inputsUnread{} })
}

func problem(summary string, err error) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: sentence(err)}}
}

// sentence is an error's text with one full stop; a hint in it has its own.
func sentence(err error) string { return strings.TrimSuffix(err.Error(), ".") + "." }
