package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run/local"
)

// leaseTime is how long a lock outlives a process that does not renew it; retryLock how often a held one is tried again.
const (
	leaseTime = 30 * time.Second
	retryLock = 500 * time.Millisecond
)

// HeardWithin is how long it takes at most until a run hears that its lock was freed. Before it starts a write it looks.
const HeardWithin = leaseTime / local.RenewedIn

// locks are those that a session holds: on its run, and those that the runbook and the runbooks that its steps run name.
type locks struct {
	run   journal.Lease
	named []journal.Lease
}

func (l *locks) list() []journal.Lease {
	if l.run == nil {
		return l.named
	}
	return append([]journal.Lease{l.run}, l.named...)
}

// release lets go of the locks. A paused run keeps those of runbooks: nobody may come between its steps.
func (l *locks) release(ctx context.Context, paused bool) error {
	if paused {
		return l.giveUp(ctx, journal.Lease.Park)
	}
	return l.giveUp(ctx, journal.Lease.Release)
}

// leaving is how long a session that was told to stop at once waits for the store to take its locks back; they run out by themselves.
const leaving = 2 * time.Second

// giveBack lets go of the locks of a session that did nothing. They are as they were found: a paused run keeps its own, and of a run
// whose process is gone whoever wants them looks first what it has left behind.
func (l *locks) giveBack(ctx context.Context) error {
	stopped := ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	if stopped {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, leaving)
		defer cancel()
	}
	return l.giveUp(ctx, journal.Lease.Return)
}

func (l *locks) giveUp(ctx context.Context, leave func(journal.Lease, context.Context) error) error {
	var errs []error
	for _, n := range l.named {
		errs = append(errs, leave(n, ctx))
	}
	if l.run != nil {
		errs = append(errs, l.run.Release(ctx))
	}
	return errors.Join(errs...)
}

// locks are the names of the locks of a runbook and of those that its steps run. They are sorted, so that two runs that want several
// never wait for each other.
func (p *Plan) locks() []string {
	names, seen := map[string]bool{}, map[*lang.Runbook]bool{}
	var add func(rb *lang.Runbook)
	add = func(rb *lang.Runbook) {
		if rb == nil || seen[rb] {
			return
		}
		seen[rb] = true
		if rb.Lock != "" {
			names[rb.Lock] = true
		}
		for _, s := range rb.Steps {
			add(s.Child)
		}
	}
	if p.Runbook.Lock != "" {
		names[p.Runbook.Lock] = true
	}
	for _, n := range p.Graph.Nodes { // without what was left out with --target
		add(n.Step.Child)
	}
	return slices.Sorted(maps.Keys(names))
}

// lock takes what a session must hold. Errors mean that nothing was run.
func (e *Engine) lock(ctx context.Context, plan *Plan, opts *RunOptions) (*locks, hcl.Diagnostics) {
	owner := opts.Owner
	owner.Run, owner.Runbook, owner.User = plan.RunID, plan.Runbook.Name, e.User
	held := &locks{}
	var err error
	if held.run, _, err = opts.Journal.Acquire(ctx, journal.RunLock(plan.RunID), owner, leaseTime, nil); err != nil {
		return held, lockRefusal(err, opts, "The run is going on", "watch it with "+opts.command("watch "+plan.RunID)+", or stop it with "+opts.command("cancel "+plan.RunID))
	}
	t := &taker{Engine: e, opts: opts, owner: owner, until: time.Now().Add(opts.LockTimeout)}
	for _, name := range plan.locks() {
		lease, err := t.wait(ctx, name)
		if err == nil {
			held.named = append(held.named, lease)
			continue
		}
		if releaseErr := held.giveBack(ctx); releaseErr != nil {
			e.host().Log.Warn("a lock could not be let go of; it runs out by itself", "error", releaseErr)
		}
		return held, heldRefusal(err, opts, name)
	}
	return held, nil
}

// Held refuses a plan that would not get its locks, before anybody is asked about it: another run holds one of them that is paused, or whose
// process lives. What one that is gone has left behind is found when the run begins, which holds all of it against the plan again.
func (e *Engine) Held(ctx context.Context, plan *Plan, opts *RunOptions) hcl.Diagnostics {
	names := plan.locks()
	if len(names) == 0 || opts.LockTimeout > 0 {
		return nil
	}
	all, err := opts.Journal.Locks(ctx)
	if err != nil {
		return problem("The run history can't be read", fmt.Errorf("%w: nothing was run", err))
	}
	for i := range all {
		if l := &all[i]; !l.Gone && slices.Contains(names, l.Name) {
			return heldRefusal(&journal.LockedError{Lock: *l}, opts, l.Name)
		}
	}
	return nil
}

// heldRefusal is lockRefusal for a lock that a runbook names.
func heldRefusal(err error, opts *RunOptions, name string) hcl.Diagnostics {
	return lockRefusal(err, opts, "The lock is held", "wait for it with --lock-timeout 10m; "+opts.command("unlock "+name)+" frees a lock whose holder is gone or paused")
}

// freeOld frees what a run kept while it was paused under names that its runbooks do not have any more.
func freeOld(ctx context.Context, j journal.Journal, run string, names []string) error {
	list, err := j.Locks(ctx)
	for _, l := range list {
		if l.Owner.Run == run && l.Name != journal.RunLock(run) && !slices.Contains(names, l.Name) {
			_, unlockErr := j.Unlock(ctx, l.Name, false)
			err = errors.Join(err, unlockErr)
		}
	}
	return err
}

// taker takes the locks of a session.
type taker struct {
	*Engine
	opts  *RunOptions
	owner journal.Owner
	until time.Time
	// read is what the history tells of the holder that was found gone last.
	read *aftermath
}

// wait takes a lock, waiting for it as long as the person is willing to.
func (t *taker) wait(ctx context.Context, name string) (journal.Lease, error) {
	over := time.NewTimer(time.Until(t.until))
	defer over.Stop()
	told := false
	for {
		lease, err := t.obtain(ctx, name)
		locked, ok := errors.AsType[*journal.LockedError](err)
		abandoned, _ := errors.AsType[*abandonedError](err)
		if !ok || t.opts.LockTimeout <= 0 || abandoned.forGood() {
			return lease, err
		}
		if !told && t.opts.Waiting != nil {
			t.opts.Waiting(locked.Lock, abandoned.found(), t.until)
			told = true
		}
		retry := time.NewTimer(retryLock)
		select {
		case <-retry.C:
		case <-over.C:
			retry.Stop()
			return nil, err
		case <-t.opts.Interrupt:
			retry.Stop()
			return nil, err
		case <-ctx.Done():
			retry.Stop()
			return nil, ctx.Err()
		}
	}
}

// lockRefusal says why a lock could not be taken: somebody else holds it, or the run history, in which locks are kept, can't be written.
func lockRefusal(err error, opts *RunOptions, summary, hint string) hcl.Diagnostics {
	var locked *journal.LockedError
	if !errors.As(err, &locked) {
		detail := fmt.Sprintf("%s: nothing was run.", err)
		if errors.Is(err, journal.ErrNoSpace) {
			detail += " Free space on the disk of the run history, then give the command again."
		}
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "The run history can't be written", Detail: detail}}
	}
	l := &locked.Lock
	detail := fmt.Sprintf("%s is held by run %s of %s (%s)", l.Name, l.Owner.Run, l.Owner.Runbook, Holder(l))
	if abandoned, ok := errors.AsType[*abandonedError](err); ok {
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: detail + ", " + abandoned.words(opts)}}
	}
	switch {
	case l.Name == journal.RunLock(l.Owner.Run):
		detail = fmt.Sprintf("%s has run it since %s", holdingProcess(l.Owner), provider.Moment(l.Since))
	case l.Parked():
		hint = fmt.Sprintf("go on with that run: %s, or give it up: %s; %s frees the lock all the same",
			opts.command("resume "+l.Owner.Run), opts.command("cancel "+l.Owner.Run), opts.command("unlock "+l.Name))
	}
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf("%s: nothing was run; %s.", detail, hint)}}
}

// Holder says who holds a lock, where and since when: "alice@laptop, process 4711 on laptop, since …", or "alice@laptop, on
// laptop, paused since …".
func Holder(l *journal.Lock) string {
	switch {
	case l.Lapsed:
		return holdingProcess(l.Owner) + ", which has not renewed it in time"
	case l.Gone:
		return holdingProcess(l.Owner) + ", which is gone"
	case !l.Parked():
		return holdingProcess(l.Owner) + ", since " + provider.Moment(l.Since)
	}
	who := l.Owner.User
	if l.Owner.Host != "" {
		who += ", on " + l.Owner.Host
	}
	if l.Owner.PausedAt.IsZero() {
		return who + ", paused"
	}
	return who + ", paused since " + provider.Moment(l.Owner.PausedAt)
}

func holdingProcess(o journal.Owner) string {
	return fmt.Sprintf("%s, process %d on %s", o.User, o.PID, o.Host)
}
