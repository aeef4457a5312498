package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// session is what the runners of one process share: the runbook's own, and those of the runbooks that its steps run. It
// numbers the events, hands them to the journal, and keeps the leases. Safe for concurrent use.
type session struct {
	*Config
	clock func() time.Time
	desk  *desk

	// writing is held while events go to the journal, which may take long: mu, which it is taken before, is free meanwhile.
	writing sync.Mutex
	// durable is true when the beginning of the session is on disk. It belongs to who holds writing.
	durable bool

	mu      sync.Mutex
	seq     int64
	pending []journal.Entry
	// clockRead is the number of the last event that tells a reading of the clock, kept that of the last one that is surely on disk.
	clockRead, kept int64
	// writes is since when the journal is written, zero: it is not; held how long that took in all, where anybody noticed.
	writes time.Time
	held   time.Duration
	// renewed is when the leases were renewed last, by the monotonic clock, which stops while the machine sleeps, and
	// renewedWall by the system's, which somebody may set.
	renewed, renewedWall time.Time

	// supplies furnish the branches of earlier sessions.
	supplies *supplies
	// kill stops all runners at once.
	kill context.CancelCauseFunc
	// pausing is closed when only people can let the run go on, and nobody is there.
	pausing chan struct{}
	// changed says that the session goes on with changed files.
	changed bool
	// elsewhereToo says that it goes on also where configurations name other places than they did.
	elsewhereToo bool
	// left says that a runner left something that a person must look at; lost that the run is somebody else's.
	left, lost atomic.Bool
}

func newSession(cfg *Config) *session {
	s := &session{Config: cfg, clock: steady(cfg.Now), pausing: make(chan struct{})}
	s.desk, s.supplies = newDesk(s), &supplies{cfg: cfg}
	s.renewed, s.renewedWall = time.Now(), s.wall()
	return s
}

// emit numbers an event of the runner at prefix, applies it to a state (nil: it was) and queues it for the journal.
func (s *session) emit(state *run.State, prefix string, entry journal.Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := entry.Event.Type; t != run.RunStarted && t != run.RunResumed { // nothing comes before the beginning of a session
		if err := s.keepRead(); err != nil {
			return err
		}
	}
	return s.queue(state, prefix, entry)
}

// queue is emit for who holds the lock.
func (s *session) queue(state *run.State, prefix string, entry journal.Entry) error {
	e := entry.Event
	s.seq++
	e.V, e.Seq, e.Run = run.Version, s.seq, s.RunID
	if e.Time.IsZero() {
		e.Time = s.clock()
	}
	e.Time = e.Time.UTC()
	if state != nil {
		if err := state.Apply(e); err != nil {
			return err
		}
	}
	if e.Type == run.StepAnswered && e.Answer != nil && e.Answer.Sensitive {
		entry.Sealed, e.Answer = s.seal(e.Answer.Value), blankAnswer(e.Answer) // the state has the value
	}
	if e.NoteSealed {
		entry.Sealed, e.Note = s.seal(e.Note), blankPart
	}
	if e.Step = prefix + e.Step; e.Type == run.RunStopping {
		e.Step = strings.TrimSuffix(prefix, "/") // the step that runs the runbook
	}
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write %s of step %s: %w", e.Type, e.Step, err)
	}
	entry.JSON = text
	if s.Redact != nil {
		entry.JSON = run.BlankEvent(text, s.Redact)
	}
	if entry.Sealed == nil && lang.HoldsBlank(entry.JSON) {
		entry.Sealed = s.sealBlanked(e)
	}
	if !bytes.Equal(entry.JSON, text) {
		entry.Event = e.Blanked(s.Redact) // the state has what it is
	}
	if e.Type == run.ClockRead {
		s.clockRead = e.Seq
	}
	s.pending = append(s.pending, entry)
	return nil
}

// nextSeq is the number of the next event.
func (s *session) nextSeq() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seq + 1
}

// queued is how many events wait for the journal.
func (s *session) queued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending)
}

// seal encrypts what an event leaves out; nil where it can't be kept, which a resume that needs it will say.
func (s *session) seal(v any) []byte {
	if s.Seal == nil {
		return nil
	}
	sealed, err := s.sealed(v)
	if err != nil {
		s.Host.Log.Warn("a sensitive result is not kept; a resume that needs it will not have it", "error", err)
		return nil
	}
	return sealed
}

// sealed encrypts a value.
func (s *session) sealed(v any) ([]byte, error) {
	if s.Seal == nil {
		return nil, errNoKey
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode what is sensitive: %w", err)
	}
	return s.Seal(text)
}

// errLost is why a session that lost its lease stops: somebody else runs the run.
var errLost error = lost{}

type lost struct{}

func (lost) Error() string { return "another process has taken the run over, or its lock was freed" }
func (lost) Unwrap() error { return journal.ErrLeaseLost }

func lostError() error { return fmt.Errorf("%w; nothing more is done here", errLost) }

// wall is what the system's clock shows.
func (s *session) wall() time.Time {
	if s.Now == nil {
		return time.Now().Round(0)
	}
	return s.Now().Round(0)
}

// leased makes sure, before something is changed, that the run is still this process's: one that stood still for longer
// than its lease, alone or with its machine, must not go on writing.
func (s *session) leased(ctx context.Context) error {
	s.mu.Lock()
	fresh := max(time.Since(s.renewed), s.wall().Sub(s.renewedWall).Abs()) < s.LeaseTTL/2
	s.mu.Unlock()
	if fresh || len(s.Leases) == 0 {
		return nil
	}
	return s.renew(context.WithoutCancel(ctx))
}

// unfreed is leased, and that nobody has freed a lock of the runbook by force: one read of the store for each, for all writes that start
// together. Who stops the session meanwhile stops it as ever, and what has ended is kept.
func (s *session) unfreed(ctx context.Context) error {
	if err := s.leased(ctx); err != nil {
		return err
	}
	return s.leases(context.WithoutCancel(ctx), "look at the lock of the runbook", s.Locks, journal.Lease.Held)
}

// leases asks something of leases. That one is lost is found out, and told, once.
func (s *session) leases(ctx context.Context, what string, all []journal.Lease, ask func(journal.Lease, context.Context) error) error {
	for _, l := range all {
		err := ask(l, ctx)
		if err != nil && (errors.Is(err, journal.ErrLeaseLost) || s.lost.Load()) {
			s.lost.Store(true)
			return lostError()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

func (s *session) renew(ctx context.Context) error {
	if err := s.leases(ctx, "renew the lease of the run", s.Leases, journal.Lease.Renew); err != nil {
		return err
	}
	s.mu.Lock()
	s.renewed, s.renewedWall = time.Now(), s.wall()
	s.mu.Unlock()
	return nil
}

// RenewedIn is how often a lease is renewed in the time that it lasts.
const RenewedIn = 3

// keepLeases renews the leases until ctx ends, and calls lost when one is.
func (s *session) keepLeases(ctx context.Context, lost func(error)) {
	if len(s.Leases) == 0 {
		return
	}
	ticker := time.NewTicker(s.LeaseTTL / RenewedIn)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		switch err := s.renew(ctx); {
		case errors.Is(err, errLost):
			lost(err)
			return
		case err != nil && ctx.Err() == nil:
			s.Host.Log.Warn("the lease of the run could not be renewed; it is tried again", "error", err)
		}
	}
}
