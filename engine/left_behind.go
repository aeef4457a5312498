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
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// Remains is what a run has left behind whose process is gone.
type Remains struct {
	// Running is what still runs of it on this machine; Unseen what may run where this machine can't look.
	Running, Unseen []LeftBehind
	// Left is what of it is in doubt, and undos that failed.
	Left []run.Left
	// Began says that its history has it, Over that it came to its end.
	Began, Over bool
}

// LeftBehind is something that a run has started and that goes on without it.
type LeftBehind struct {
	// Step is the address of the step that started it.
	Step string `json:"step"`
	// What says it in a sentence: what runs, since when, and how to end it.
	What string `json:"what"`
}

// Remains looks for what a run has left behind. The whole of its history is read for that.
func (e *Engine) Remains(ctx context.Context, j journal.Journal, runID string) (*Remains, error) {
	a, err := readAftermath(ctx, j, runID)
	if err != nil {
		return nil, err
	}
	return e.remains(a)
}

// aftermath is what the history tells of a run whose process is gone.
type aftermath struct {
	holder      journal.Lock
	sent        []run.Sent
	left        []run.Left
	began, over bool
	pausedAt    time.Time
}

// readAftermath keeps no event: of a long history, which may have millions, it takes time alone.
func readAftermath(ctx context.Context, j journal.Journal, runID string) (*aftermath, error) {
	o, a := &run.Outstanding{}, &aftermath{}
	for entry, err := range j.Events(ctx, runID) {
		switch {
		case errors.Is(err, journal.ErrNotFound):
			return a, nil // it died before it began
		case err != nil:
			return nil, err
		}
		a.began = true
		o.See(entry.Event)
	}
	a.sent, a.left, a.over, a.pausedAt = o.Sent(), o.Left(), o.Over(), o.PausedAt()
	return a, nil
}

// remains looks for what still runs of what was sent, as whoever resumes the run does.
func (e *Engine) remains(a *aftermath) (*Remains, error) {
	out := &Remains{Left: a.left, Began: a.began, Over: a.over}
	for _, l := range a.sent {
		_, action := e.Registry.Action(l.Action)
		lingerer, ok := action.(provider.Lingerer)
		if !ok {
			continue
		}
		sent := provider.Sent{Key: l.Key, Note: l.Note}
		if l.SentAt != nil {
			sent.At = *l.SentAt
		}
		found, err := lingerer.Lingers(sent)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", sender(l.Left), err)
		}
		if found.Runs != "" {
			out.Running = append(out.Running, LeftBehind{l.Step, sender(l.Left) + ": " + found.Runs})
		}
		if found.Unseen != "" {
			out.Unseen = append(out.Unseen, LeftBehind{l.Step, sender(l.Left) + ": " + found.Unseen})
		}
	}
	return out, nil
}

// sender is what started something, in words.
func sender(l run.Left) string {
	switch l.What {
	case run.LeftInDoubt, run.LeftRead:
		return "step " + l.Step
	case run.LeftUndoInDoubt, run.LeftUndoFailed:
		return "the undo of " + l.Step
	}
	return "the notifier of " + l.Step
}

// livesOn refuses to take a run up beside a read that an earlier session has left behind, and tells of all that it has. A write that goes on alone is
// found where it is settled.
func (e *Engine) livesOn(s *story) hcl.Diagnostics {
	const summary = "The run can't be taken up"
	o := &run.Outstanding{}
	for _, entry := range s.entries {
		o.See(entry.Event)
	}
	all := o.Sent()
	reads := slices.DeleteFunc(slices.Clone(all), func(sent run.Sent) bool { return sent.What != run.LeftRead })
	found, err := e.remains(&aftermath{sent: reads})
	if err == nil && len(found.Running) > 0 {
		found, err = e.remains(&aftermath{sent: all})
	}
	if err != nil {
		return problem(summary, err)
	}
	if len(found.Running) == 0 {
		return nil
	}
	for i := range found.Running {
		l := &found.Running[i]
		l.What = strings.TrimPrefix(strings.Replace(l.What, l.Step+": ", l.Step+" still goes on: ", 1), "step ")
	}
	diags := problem(summary, fmt.Errorf("nothing was run: %s", Sentences(found.Running)))
	for _, l := range o.Left() {
		diags[0].Extra = leftToLookAt{}
		if !slices.ContainsFunc(found.Running, func(r LeftBehind) bool { return r.Step == l.Step }) {
			diags[0].Detail += " To be settled then: " + strings.TrimPrefix(sender(l), "step ") + "."
		}
	}
	return diags
}

// leftToLookAt marks an error beside which something is left that a person must look at.
type leftToLookAt struct{}

// LeavesToLookAt reports whether errors are of a run that has left something that a person must look at.
func LeavesToLookAt(diags hcl.Diagnostics) bool {
	return slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool { return d.Extra == leftToLookAt{} })
}

// Sentences are what was left behind, one after the other.
func Sentences(left []LeftBehind) string {
	parts := make([]string, len(left))
	for i, l := range left {
		parts[i] = strings.TrimSuffix(l.What, ".")
	}
	return strings.Join(parts, "; and ")
}

// abandonedError says that a lock is held by what its last holder, which is gone, has left behind, or may have.
type abandonedError struct {
	*journal.LockedError
	// remains is what was found; nil: that can't be told, for a cause.
	remains *Remains
	cause   error
}

// Unwrap gives the causes.
func (e *abandonedError) Unwrap() []error { return []error{e.LockedError, e.cause} }

// found is what was found; nil: nothing was looked for.
func (e *abandonedError) found() *Remains {
	if e == nil {
		return nil
	}
	return e.remains
}

// forGood reports whether to wait changes nothing.
func (e *abandonedError) forGood() bool { return e != nil && e.remains == nil }

// words say why the lock is not taken over, and what to do.
func (e *abandonedError) words(opts *RunOptions) string {
	id, unlock := e.Lock.Owner.Run, opts.command("unlock "+e.Lock.Name)
	if e.remains == nil {
		return fmt.Sprintf("and what that has left behind can't be told: %s. Nothing was run. Look whether a command of that run still runs, then free the lock: %s.",
			strings.TrimSuffix(e.cause.Error(), "."), unlock)
	}
	return fmt.Sprintf("and what that has started goes on without it: %s. Nothing was run. Wait until it has ended with --lock-timeout 10m; %s shows that run, and goes on with it then; "+
		"%s frees the lock all the same, and whoever takes it runs beside what goes on.", Sentences(e.remains.Running), opts.command("resume "+id), unlock)
}

// obtain takes a lock, or says who holds it. Where a process is gone, what it has left behind holds the lock of its run: that
// is looked for before the lock is taken over, which fails where anybody else was there in the meantime. A paused run keeps its lock
// where the process was one that undid steps of it.
func (t *taker) obtain(ctx context.Context, name string) (journal.Lease, error) {
	var seen *journal.Lock
	var remains *Remains
	for {
		lease, from, err := t.opts.Journal.Acquire(ctx, name, t.owner, leaseTime, seen)
		if err == nil {
			if from != nil && from.Owner.Run != t.owner.Run && t.opts.TookOver != nil {
				t.opts.TookOver(*from, remains)
			}
			return lease, nil
		}
		locked, ok := errors.AsType[*journal.LockedError](err)
		if !ok || !locked.Lock.Gone {
			return nil, err
		}
		if remains, err = t.look(ctx, locked.Lock); err != nil {
			return nil, &abandonedError{LockedError: locked, cause: err}
		}
		if len(remains.Running) > 0 {
			return nil, &abandonedError{LockedError: locked, remains: remains}
		}
		if at := t.read.pausedAt; !at.IsZero() {
			return nil, &journal.LockedError{Lock: locked.Lock.Paused(at)}
		}
		seen = &locked.Lock
	}
}

// look looks for what a holder that is gone has left behind. Its history is read once, however often that is.
func (t *taker) look(ctx context.Context, holder journal.Lock) (*Remains, error) {
	if t.read == nil || t.read.holder.Owner != holder.Owner {
		a, err := readAftermath(ctx, t.opts.Journal, holder.Owner.Run)
		if err != nil {
			return nil, err
		}
		a.holder, t.read = holder, a
	}
	return t.remains(t.read)
}
