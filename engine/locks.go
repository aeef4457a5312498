package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
)

// leaseTime is how long a lock outlives a process that does not renew it; retryLock how often a held one is tried again.
const (
	leaseTime = 30 * time.Second
	retryLock = 500 * time.Millisecond
)

// RunLock is the name of the lock that keeps two processes from running one run.
func RunLock(runID string) string { return "run/" + runID }

// locks are those that a session holds: on its run, and the runbook's own.
type locks struct {
	run, runbook journal.Lease
}

func (l *locks) list() []journal.Lease {
	var out []journal.Lease
	for _, lease := range []journal.Lease{l.run, l.runbook} {
		if lease != nil {
			out = append(out, lease)
		}
	}
	return out
}

// release lets go of the locks. A paused run keeps the runbook's: nobody may come between its steps.
func (l *locks) release(ctx context.Context, paused bool) error {
	var errs []error
	if l.runbook != nil {
		if paused {
			errs = append(errs, l.runbook.Park(ctx))
		} else {
			errs = append(errs, l.runbook.Release(ctx))
		}
	}
	if l.run != nil {
		errs = append(errs, l.run.Release(ctx))
	}
	return errors.Join(errs...)
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
	if plan.Runbook.Lock == "" {
		return held, nil
	}
	held.runbook, err = e.waitForLock(ctx, plan.Runbook.Lock, owner, opts)
	if err == nil {
		return held, nil
	}
	if releaseErr := held.release(context.WithoutCancel(ctx), false); releaseErr != nil {
		e.host().Log.Warn("a lock could not be let go of; it runs out by itself", "error", releaseErr)
	}
	return held, lockRefusal(err, opts, "The lock is held", "wait for it with --lock-timeout 10m; "+opts.command("unlock "+plan.Runbook.Lock)+" frees a lock whose holder is gone or paused")
}

// waitForLock takes a lock, waiting for it as long as the person is willing to.
func (e *Engine) waitForLock(ctx context.Context, name string, owner journal.Owner, opts *RunOptions) (journal.Lease, error) {
	over := time.NewTimer(opts.LockTimeout)
	defer over.Stop()
	told := false
	for {
		lease, from, err := opts.Journal.Acquire(ctx, name, owner, leaseTime)
		if from != nil && from.Owner.Run != owner.Run {
			e.host().Log.Warn("a lock was taken over from a run whose process is gone", "lock", name, "run", from.Owner.Run, "since", from.Since)
		}
		var locked *journal.LockedError
		if !errors.As(err, &locked) || opts.LockTimeout <= 0 {
			return lease, err
		}
		if !told && opts.Waiting != nil {
			opts.Waiting(locked.Lock, time.Now().Add(opts.LockTimeout))
			told = true
		}
		retry := time.NewTimer(retryLock)
		select {
		case <-retry.C:
		case <-over.C:
			retry.Stop()
			return nil, err
		case <-opts.Interrupt:
			retry.Stop()
			return nil, err
		case <-ctx.Done():
			retry.Stop()
			return nil, ctx.Err()
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
