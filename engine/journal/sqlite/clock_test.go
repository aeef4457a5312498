package sqlite

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
)

// TestClockOfLeases sets the clock while somebody holds a lock. Where both processes share a boot, which is so on one machine,
// that changes nothing: the lease lasts as long as it was taken for. A process that can't be seen is known by the clock alone.
func TestClockOfLeases(t *testing.T) {
	away := self()
	away.Host, away.Boot = "elsewhere", "another boot"
	const year = 365 * 24 * time.Hour
	for name, c := range map[string]struct {
		holder journal.Owner
		jump   time.Duration
		// freed says whether somebody else gets the lock at once; ends whether he does when the lease has run out.
		freed, ends bool
	}{
		"forwards by an hour":                   {self(), time.Hour, false, true},
		"forwards by a year":                    {self(), year, false, true},
		"back by an hour":                       {self(), -time.Hour, false, true},
		"back by a year":                        {self(), -year, false, true},
		"forwards, a holder that can't be seen": {away, time.Hour, true, true},
		"back, a holder that can't be seen":     {away, -time.Hour, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			j := open(t, filepath.Join(t.TempDir(), "runs.db")).(*store)
			defer func() {
				if err := j.Close(); err != nil {
					t.Error(err)
				}
			}()
			lease, _, err := j.Acquire(t.Context(), "deploy", c.holder, time.Minute, nil)
			if err != nil {
				t.Fatal(err)
			}
			j.now = func() time.Time { return time.Now().Add(c.jump) }
			if got := isFree(t, j); got != c.freed {
				t.Errorf("the lock is free: %v", got)
			}
			if err := lease.Renew(t.Context()); (err == nil) == c.freed || c.freed && !errors.Is(err, journal.ErrLeaseLost) {
				t.Errorf("its holder renews it: %v", err)
			}
			if err := lease.Release(t.Context()); err != nil {
				t.Error(err)
			}
			endsInTime(t, j, c.holder, c.jump, c.ends)
		})
	}
}

// endsInTime sets the clock under a short lease and waits beyond it.
func endsInTime(t *testing.T, j *store, holder journal.Owner, jump time.Duration, want bool) {
	t.Helper()
	j.now = time.Now
	if _, err := j.Unlock(t.Context(), "deploy", true); err != nil && !errors.Is(err, journal.ErrNotFound) {
		t.Fatal(err)
	}
	const short = 100 * time.Millisecond
	if _, _, err := j.Acquire(t.Context(), "deploy", holder, short, nil); err != nil {
		t.Fatal(err)
	}
	j.now = func() time.Time { return time.Now().Add(jump) }
	over := time.NewTimer(2 * short)
	defer over.Stop()
	<-over.C
	if got := isFree(t, j); got != want {
		t.Errorf("the lock is free after its time: %v", got)
	}
}

// isFree reports whether another run gets the lock.
func isFree(t *testing.T, j journal.Journal) bool {
	t.Helper()
	_, err := overtake(t, j)
	if err != nil && !errors.Is(err, journal.ErrLocked) {
		t.Fatal(err)
	}
	return err == nil
}
