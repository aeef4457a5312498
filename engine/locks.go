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
)

// leaseTime is how long a lock outlives a process that does not renew it; retryLock how often a held one is tried again.
const (
	leaseTime = 30 * time.Second
	retryLock = 500 * time.Millisecond
)

// RunLock is the name of the lock that keeps two processes from running one run.
func RunLock(runID string) string { return "run/" + runID }

// locks are those that a session holds: on its run, and those that the runbook and the runbooks that its steps run name.
type locks struct {
	run   journal.Lease
	named []namedLease
}

// namedLease is a lock of a runbook. parked says that the run kept it while it was paused.
type namedLease struct {
	journal.Lease
	parked bool
}

func (l *locks) list() []journal.Lease {
	var out []journal.Lease
	if l.run != nil {
		out = append(out, l.run)
	}
	for _, n := range l.named {
		out = append(out, n.Lease)
	}
	return out
}

// release lets go of the locks. A paused run keeps those of runbooks: nobody may come between its steps.
func (l *locks) release(ctx context.Context, paused bool) error {
	return l.giveUp(ctx, func(namedLease) bool { return paused })
}

// giveBack lets go of the locks of a session that does not begin: what a paused run kept it keeps.
func (l *locks) giveBack(ctx context.Context) error {
	return l.giveUp(ctx, func(n namedLease) bool { return n.parked })
}

func (l *locks) giveUp(ctx context.Context, keep func(namedLease) bool) error {
	var errs []error
	for _, n := range l.named {
		if keep(n) {
			errs = append(errs, n.Park(ctx))
		} else {
			errs = append(errs, n.Release(ctx))
		}
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
	if held.run, _, err = opts.Journal.Acquire(ctx, RunLock(plan.RunID), owner, leaseTime); err != nil {
		return held, lockRefusal(err, opts, "The run is going on", "watch it with "+opts.command("watch "+plan.RunID)+", or stop it with "+opts.command("cancel "+plan.RunID))
	}
	until, names := time.Now().Add(opts.LockTimeout), plan.locks()
	for _, name := range names {
		lease, err := e.waitForLock(ctx, name, owner, opts, until)
		if err == nil {
			held.named = append(held.named, lease)
			continue
		}
		if releaseErr := held.giveBack(context.WithoutCancel(ctx)); releaseErr != nil {
			e.host().Log.Warn("a lock could not be let go of; it runs out by itself", "error", releaseErr)
		}
		return held, lockRefusal(err, opts, "The lock is held", "wait for it with --lock-timeout 10m; "+opts.command("unlock "+name)+" frees a lock whose holder is gone or paused")
	}
	if plan.Options.Past != nil {
		err = freeOld(ctx, opts.Journal, plan.RunID, names)
	}
	if err != nil {
		e.host().Log.Warn("a lock that the run kept while it was paused could not be freed", "error", err)
	}
	return held, nil
}

// freeOld frees what a run kept while it was paused under names that its runbooks do not have any more.
func freeOld(ctx context.Context, j journal.Journal, run string, names []string) error {
	list, err := j.Locks(ctx)
	for _, l := range list {
		if l.Owner.Run == run && l.Name != RunLock(run) && !slices.Contains(names, l.Name) {
			_, unlockErr := j.Unlock(ctx, l.Name, false)
			err = errors.Join(err, unlockErr)
		}
	}
	return err
}

// waitForLock takes a lock, waiting for it as long as the person is willing to.
func (e *Engine) waitForLock(ctx context.Context, name string, owner journal.Owner, opts *RunOptions, until time.Time) (namedLease, error) {
	over := time.NewTimer(time.Until(until))
	defer over.Stop()
	told := false
	for {
		lease, from, err := opts.Journal.Acquire(ctx, name, owner, leaseTime)
		if from != nil && from.Owner.Run != owner.Run {
			e.host().Log.Warn("a lock was taken over from a run whose process is gone", "lock", name, "run", from.Owner.Run, "since", from.Since)
		}
		var locked *journal.LockedError
		if !errors.As(err, &locked) || opts.LockTimeout <= 0 {
			return namedLease{lease, from != nil && from.Owner.Run == owner.Run && from.Owner.PID == 0}, err
		}
		if !told && opts.Waiting != nil {
			opts.Waiting(locked.Lock, until)
			told = true
		}
		retry := time.NewTimer(retryLock)
		select {
		case <-retry.C:
		case <-over.C:
			retry.Stop()
			return namedLease{}, err
		case <-opts.Interrupt:
			retry.Stop()
			return namedLease{}, err
		case <-ctx.Done():
			retry.Stop()
			return namedLease{}, ctx.Err()
		}
	}
}

// lockRefusal says why a lock could not be taken: somebody else holds it, or the journal failed.
func lockRefusal(err error, opts *RunOptions, summary, hint string) hcl.Diagnostics {
	var locked *journal.LockedError
	if !errors.As(err, &locked) {
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "The lock can't be taken", Detail: fmt.Sprintf("%s: nothing was run.", err)}}
	}
	l := &locked.Lock
	detail := fmt.Sprintf("%s is held by run %s of %s (%s)", l.Name, l.Owner.Run, l.Owner.Runbook, Holder(l))
	switch {
	case l.Name == RunLock(l.Owner.Run):
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
	if !l.Parked() {
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
