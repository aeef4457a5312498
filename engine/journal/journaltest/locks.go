package journaltest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/process"
	"github.com/e82355ed/runbook/engine/provider"
)

const minute = time.Minute

func owner(run string) journal.Owner { return process.Self().Owner(run, "daily", "alice@ops") }

// elsewhere is an owner whose process nobody here can see.
func elsewhere(run string) journal.Owner {
	o := owner(run)
	o.Host, o.Boot = "elsewhere", "another boot"
	return o
}

// dead is an owner whose process is no more: its number belongs to this process now.
func dead(run string) journal.Owner {
	o := owner(run)
	o.ProcessStart--
	return o
}

func acquire(t *testing.T, j journal.Journal, name string, o journal.Owner, ttl time.Duration) (journal.Lease, *journal.Lock) {
	t.Helper()
	lease, from, err := j.Acquire(t.Context(), name, o, ttl, nil)
	if err != nil {
		t.Fatal(err)
	}
	return lease, from
}

// refused demands that a lock is held by a run.
func refused(t *testing.T, j journal.Journal, name string, o journal.Owner, holder string) *journal.Lock {
	t.Helper()
	_, _, err := j.Acquire(t.Context(), name, o, minute, nil)
	var locked *journal.LockedError
	if !errors.As(err, &locked) || !errors.Is(err, journal.ErrLocked) {
		t.Fatalf("got %v, want a lock that is held", err)
	}
	if locked.Lock.Owner.Run != holder || locked.Lock.Name != name || locked.Lock.Since.IsZero() {
		t.Errorf("the holder is told as %+v, want %s", locked.Lock, holder)
	}
	if text := locked.Error(); !strings.Contains(text, provider.Moment(locked.Lock.Since)) {
		t.Errorf("the time is not written as elsewhere: %s", text)
	}
	return &locked.Lock
}

// overtake takes a lock over from a holder that is gone, as who has looked what that left behind.
func overtake(t *testing.T, j journal.Journal, name string, o journal.Owner, holder string) (journal.Lease, *journal.Lock) {
	t.Helper()
	seen := refused(t, j, name, o, holder)
	lease, from, err := j.Acquire(t.Context(), name, o, minute, seen)
	if err != nil {
		t.Fatal(err)
	}
	return lease, from
}

func locksExclude(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	other := reopen()
	defer closeIt(t, other)
	lease, from := acquire(t, j, "deploy", owner("01A"), minute)
	if from != nil {
		t.Errorf("a free lock was taken from %+v", from)
	}
	refused(t, other, "deploy", owner("01B"), "01A")
	refused(t, other, "deploy", owner("01A"), "01A") // the same run in a second process
	acquire(t, other, "another", owner("01B"), minute)
	if err := lease.Renew(t.Context()); err != nil {
		t.Error(err)
	}
	locks, err := other.Locks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(locks) != 2 || locks[0].Name != "another" || locks[1].Name != "deploy" || locks[1].Gone || locks[1].Owner != owner("01A") {
		t.Errorf("locks: %+v", locks)
	}
	if err := lease.Release(t.Context()); err != nil {
		t.Error(err)
	}
	acquire(t, other, "deploy", owner("01B"), minute)
	if err := lease.Release(t.Context()); err != nil {
		t.Errorf("releasing a lost lease: %v", err)
	}
	if err := lease.Renew(t.Context()); !errors.Is(err, journal.ErrLeaseLost) {
		t.Errorf("renewing a lost lease: %v", err)
	}
	refused(t, j, "deploy", owner("01A"), "01B")
}

func holdersThatAreGone(t *testing.T, j journal.Journal, _ func() journal.Journal) {
	for name, c := range map[string]struct {
		holder journal.Owner
		ttl    time.Duration
		gone   bool
		lapsed bool
	}{
		"a dead process":                  {holder: dead("01A"), ttl: minute, gone: true},
		"a dead one whose lease is out":   {holder: dead("01A"), ttl: -time.Millisecond, gone: true},
		"a living one":                    {holder: owner("01A"), ttl: minute},
		"a living one whose lease is out": {holder: owner("01A"), ttl: -time.Millisecond, gone: true, lapsed: true},
		"another machine":                 {holder: elsewhere("01A"), ttl: minute},
		"another machine's, out":          {holder: elsewhere("01A"), ttl: -time.Millisecond, gone: true, lapsed: true},
	} {
		t.Run(name, func(t *testing.T) {
			lease, _ := acquire(t, j, name, c.holder, c.ttl)
			held := refused(t, j, name, owner("01B"), "01A")
			if held.Gone != c.gone || held.Lapsed != c.lapsed {
				t.Errorf("held by %+v", held)
			}
			if !c.gone {
				if _, _, err := j.Acquire(t.Context(), name, owner("01B"), minute, held); !errors.Is(err, journal.ErrLocked) {
					t.Errorf("a holder that lives, looked at: %v", err)
				}
				return
			}
			_, from := overtake(t, j, name, owner("01B"), "01A")
			if from == nil || !from.Is(held) || !from.Gone {
				t.Errorf("taken from %+v", from)
			}
			if err := lease.Renew(t.Context()); !errors.Is(err, journal.ErrLeaseLost) {
				t.Errorf("the old holder renews: %v", err)
			}
			if err := lease.Park(t.Context()); !errors.Is(err, journal.ErrLeaseLost) {
				t.Errorf("the old holder parks: %v", err)
			}
		})
	}
}

// whatWasLookedAt: of two that have looked at one holder that is gone, one gets its lock; and who has looked at an earlier one gets none.
func whatWasLookedAt(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	other := reopen()
	defer closeIt(t, other)
	acquire(t, j, "deploy", dead("01A"), minute)
	seen := refused(t, j, "deploy", owner("01B"), "01A")
	if _, _, err := other.Acquire(t.Context(), "deploy", dead("01C"), minute, seen); err != nil {
		t.Fatal(err)
	}
	_, _, err := j.Acquire(t.Context(), "deploy", owner("01B"), minute, seen)
	var locked *journal.LockedError
	if !errors.As(err, &locked) || locked.Lock.Owner.Run != "01C" || !locked.Lock.Gone {
		t.Errorf("who was second: %v", err)
	}
	if _, from := acquire(t, j, "deploy", owner("01C"), minute); from == nil || from.Owner != dead("01C") {
		t.Errorf("its own run took it from %+v, without a look", from)
	}
}

// returned: who took a lock and did nothing leaves it as it was.
func returned(t *testing.T, j journal.Journal, _ func() journal.Journal) {
	parked, _ := acquire(t, j, "parked", owner("01A"), minute)
	if err := parked.Park(t.Context()); err != nil {
		t.Fatal(err)
	}
	acquire(t, j, "dead", dead("01A"), minute)
	acquire(t, j, "out", elsewhere("01A"), -time.Millisecond)
	before, err := j.Locks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var leases []journal.Lease
	for _, name := range []string{"dead", "free", "out", "parked"} {
		lease, _ := acquire(t, j, name, owner("01A"), minute)
		leases = append(leases, lease)
	}
	for _, lease := range leases {
		for range 2 { // a lost one is no error
			if err := lease.Return(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := lease.Renew(t.Context()); !errors.Is(err, journal.ErrLeaseLost) {
			t.Errorf("a lease that was returned is renewed: %v", err)
		}
	}
	after, err := j.Locks(t.Context())
	if err != nil || len(after) != len(before) {
		t.Fatalf("before %+v\nafter %+v, %v", before, after, err)
	}
	for i := range before {
		if !after[i].Is(&before[i]) || after[i].Gone != before[i].Gone || after[i].Parked() != before[i].Parked() {
			t.Errorf("before %+v\nafter  %+v", before[i], after[i])
		}
	}
}

func parkedLocks(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	lease, _ := acquire(t, j, "deploy", owner("01A"), time.Millisecond)
	if err := lease.Park(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := lease.Renew(t.Context()); !errors.Is(err, journal.ErrLeaseLost) {
		t.Errorf("a parked lease is renewed: %v", err)
	}
	if err := lease.Held(t.Context()); !errors.Is(err, journal.ErrLeaseLost) {
		t.Errorf("a parked lease is held: %v", err)
	}
	other := reopen()
	defer closeIt(t, other)
	refused(t, other, "deploy", owner("01B"), "01A")
	locks, err := other.Locks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(locks) != 1 || !locks[0].Parked() || locks[0].Gone || locks[0].Owner.PID != 0 || locks[0].Owner.PausedAt.IsZero() || locks[0].Owner.Runbook != "daily" {
		t.Errorf("locks: %+v", locks)
	}
	_, from := acquire(t, other, "deploy", owner("01A"), minute)
	if from == nil || !from.Parked() || from.Owner.Run != "01A" {
		t.Errorf("its own run took it from %+v", from)
	}
	refused(t, j, "deploy", owner("01A"), "01A")
}

func unlocking(t *testing.T, j journal.Journal, _ func() journal.Journal) {
	if _, err := j.Unlock(t.Context(), "nothing", true); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("a lock that nobody holds: %v", err)
	}
	lease, _ := acquire(t, j, "living", owner("01A"), minute)
	if _, err := j.Unlock(t.Context(), "living", false); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("a living holder: %v", err)
	}
	if err := lease.Held(t.Context()); err != nil {
		t.Errorf("a lease that nobody took: %v", err)
	}
	if l, err := j.Unlock(t.Context(), "living", true); err != nil || l.Owner.Run != "01A" {
		t.Errorf("by force: %+v, %v", l, err)
	}
	if err := lease.Renew(t.Context()); !errors.Is(err, journal.ErrLeaseLost) {
		t.Errorf("a lease that was freed by force: %v", err)
	}
	acquire(t, j, "living", owner("01B"), minute)
	if err := lease.Held(t.Context()); !errors.Is(err, journal.ErrLeaseLost) {
		t.Errorf("a lease whose lock another has: %v", err)
	}
	acquire(t, j, "dead", dead("01A"), minute)
	parked, _ := acquire(t, j, "parked", owner("01A"), minute)
	if err := parked.Park(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dead", "parked"} {
		if l, err := j.Unlock(t.Context(), name, false); err != nil || l.Name != name {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
		acquire(t, j, name, owner("01B"), minute)
	}
}

// lockRaces lets many take one lock, of whom always one has it, in two stores. Its last holder is dead at the start.
func lockRaces(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	other := reopen()
	defer closeIt(t, other)
	acquire(t, j, "race", dead("01Z"), minute)
	var holders, turns atomic.Int32
	var wg sync.WaitGroup
	for i := range 40 {
		store := j
		if i%2 == 1 {
			store = other
		}
		wg.Go(func() {
			lease := obtain(t.Context(), t, store, "race", "01A")
			if lease == nil {
				return
			}
			if n := holders.Add(1); n != 1 {
				t.Errorf("%d hold the lock", n)
			}
			turns.Add(1)
			if err := lease.Renew(t.Context()); err != nil {
				t.Error(err)
			}
			holders.Add(-1)
			if err := lease.Release(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if turns.Load() != 40 {
		t.Errorf("%d of 40 had the lock", turns.Load())
	}
}

// obtain tries until it has the lock.
func obtain(ctx context.Context, t *testing.T, j journal.Journal, name, run string) journal.Lease {
	retry := time.NewTicker(time.Millisecond)
	defer retry.Stop()
	var seen *journal.Lock
	for {
		lease, _, err := j.Acquire(ctx, name, owner(run), minute, seen)
		if err == nil {
			return lease
		}
		if locked, ok := errors.AsType[*journal.LockedError](err); ok {
			seen = &locked.Lock
		} else {
			t.Error(err)
			return nil
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			t.Error(ctx.Err())
			return nil
		}
	}
}

func closeIt(t *testing.T, j journal.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}
