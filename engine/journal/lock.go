package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

// ErrLocked is the cause of a [LockedError].
var ErrLocked = errors.New("the lock is held")

// ErrLeaseLost is returned by a lease that somebody else has taken over, or freed.
var ErrLeaseLost = errors.New("the lease is lost")

// Owner is who holds a lock: a run, in a process of a host.
type Owner struct {
	Run string `json:"run"`
	// Runbook and User say it to people.
	Runbook string `json:"runbook,omitempty"`
	User    string `json:"user,omitempty"`
	// Host, Boot (the boot's id and the namespace of processes), PID and ProcessStart (when the process began, in the kernel's
	// ticks since boot) name one process: a number that was given to another process since is not taken for it. PID zero: a
	// paused run, which holds no process. Package process fills them in.
	Host         string `json:"host,omitempty"`
	Boot         string `json:"boot,omitempty"`
	PID          int    `json:"pid,omitempty"`
	ProcessStart uint64 `json:"process_start,omitempty"`
	// PausedAt is when a paused run let go of its last process, which ran on Host. Locks of old histories don't tell.
	PausedAt time.Time `json:"paused_at,omitzero"`
}

// Paused is the owner as a run is one that paused at a moment.
func (o Owner) Paused(at time.Time) Owner {
	o.Boot, o.PID, o.ProcessStart, o.PausedAt = "", 0, 0, at.UTC()
	return o
}

// Lock is a held lock.
type Lock struct {
	Name  string `json:"name"`
	Owner Owner  `json:"owner"`
	// Since is when it was taken; ExpiresAt when its lease runs out, by the store's clock: zero for a paused run's.
	Since     time.Time `json:"since"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// Gone says that the holder is provably gone: its process by this host's word, or its lease by the store's clock.
	Gone bool `json:"gone"`
	// Lapsed says that it is the lease that is over, while nothing is known of the process: it may be on another machine, or stand still.
	Lapsed bool `json:"lapsed,omitempty"`
}

// Judge sets whether the holder is gone: its process is no more, or its lease is over.
func (l *Lock) Judge(died, over bool) { l.Gone, l.Lapsed = died || over, over && !died }

// Parked reports whether a paused run holds it.
func (l *Lock) Parked() bool { return l.ExpiresAt.IsZero() }

// Paused is the lock as a run holds it that paused at a moment.
func (l *Lock) Paused(at time.Time) Lock {
	out := *l
	out.Owner, out.ExpiresAt, out.Gone, out.Lapsed = l.Owner.Paused(at), time.Time{}, false, false
	return out
}

// Is reports whether two are one holding, and not an earlier and a later one of the same name.
func (l *Lock) Is(other *Lock) bool {
	return other != nil && l.Name == other.Name && l.Owner == other.Owner && l.Since.Equal(other.Since)
}

// YieldsTo reports whether a run may take it over, which has looked at what the holder of seen left behind; nil: at none.
func (l *Lock) YieldsTo(run string, seen *Lock) bool {
	return l.Owner.Run == run && (l.Gone || l.Parked()) || l.Gone && l.Is(seen)
}

// LockedError tells who holds a lock.
type LockedError struct{ Lock Lock }

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is held by run %s since %s", e.Lock.Name, e.Lock.Owner.Run, provider.Moment(e.Lock.Since))
}

// Unwrap gives ErrLocked.
func (e *LockedError) Unwrap() error { return ErrLocked }

// InUse says why a store's layout is not changed now: a process of an older version runs a run in it.
func InUse(layout, newest int, l *Lock) error {
	return fmt.Errorf("it has layout %d, and process %d on %s runs run %s with an older version of runbook, which layout %d would break off: wait until that has ended",
		layout, l.Owner.PID, l.Owner.Host, l.Owner.Run, newest)
}

// Locker keeps locks beside the runs that hold them.
type Locker interface {
	// Acquire takes a lock for an owner, or fails at once with a *LockedError. A lock that the same run left (paused, or a process
	// that is gone) is taken over. One of another run whose holder is gone is refused first, as what that has started may go on
	// without it: whoever has looked hands the lock of the error over as seen, and gets it unless somebody else was faster.
	// takenFrom is the last holder of a lock that was taken over.
	Acquire(ctx context.Context, name string, owner Owner, ttl time.Duration, seen *Lock) (lease Lease, takenFrom *Lock, err error)
	// Locks lists what is held.
	Locks(ctx context.Context) ([]Lock, error)
	// Unlock frees a lock whose holder is gone or paused, or with force any; ErrNotFound when nobody holds it, a
	// *LockedError when its holder lives.
	Unlock(ctx context.Context, name string, force bool) (Lock, error)
}

// Lease is a lock that this process holds. Who holds it renews it well before its time is over.
type Lease interface {
	// Renew puts its end off to ttl from now. ErrLeaseLost: somebody else has the lock, and nothing may be written any more.
	Renew(ctx context.Context) error
	// Held is a read: it gives ErrLeaseLost where somebody has freed the lock, or taken it over.
	Held(ctx context.Context) error
	// Park leaves the lock to the paused run, without a process and without an end.
	Park(ctx context.Context) error
	// Release frees it. Releasing a lost lease is no error.
	Release(ctx context.Context) error
	// Return leaves the lock as it was found, for who took it and did nothing: to a paused run, to a holder that is gone, or free.
	// Returning a lost lease is no error.
	Return(ctx context.Context) error
}
