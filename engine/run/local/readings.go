package local

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// The parts of a step in which now gives one time over all sessions, because they decide which instances there are, or
// what is asked and sent. Checks, conditions that are held again each time, other texts and outputs have the time of their evaluation:
// the events tell what came of them.
const (
	partWhen      = "when"
	partForEach   = "for_each"
	partArguments = "arguments"
	partUndo      = "undo"
	partNotify    = "notify" // and the number of the level
)

// readings are what now gave in a branch, by place. Safe for concurrent use.
type readings struct {
	mu      sync.Mutex
	byPlace map[lang.Place]time.Time
	// told is the session that tells them; nil: the run does not go on yet, and nothing is kept.
	told   *session
	prefix string
}

// read is the time of a place: the one that was read there first.
func (c *readings) read(at lang.Place, now func() time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.byPlace[at]; ok {
		return t
	}
	t := now().Round(0).UTC()
	if c.told == nil {
		return t
	}
	e := &run.Event{Type: run.ClockRead, Step: at.Step, Part: at.Part, Undoes: at.Effect, Now: &t}
	if err := c.told.emit(nil, c.prefix, journal.Entry{Event: e}); err != nil {
		c.told.kill(err) // a time that is not in the history must not decide anything
	}
	c.keep(at, t)
	return t
}

// keep takes in a reading. Called with the lock held, or by whoever folds the history.
func (c *readings) keep(at lang.Place, t time.Time) {
	if c.byPlace == nil {
		c.byPlace = map[lang.Place]time.Time{}
	}
	c.byPlace[at] = t
}

// drop forgets what was read for a step, with its instances, or for an instance. What undos read is about what was done.
func (c *readings) drop(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.byPlace, func(at lang.Place, _ time.Time) bool { return readFor(address, at) })
}

// any reports whether something was read that drop forgets.
func (c *readings) any(address string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for at := range c.byPlace {
		if readFor(address, at) {
			return true
		}
	}
	return false
}

func readFor(address string, at lang.Place) bool {
	return at.Effect == 0 && (at.Step == address || at.Step != "" && run.StepName(at.Step) == address)
}

// undone forgets when an undo was begun that ended: the next one is another. One that is sent again keeps it.
func (c *readings) undone(e *run.Event) {
	if e.InDoubt {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byPlace, lang.Place{Step: e.Step, Part: partUndo, Effect: e.Undoes})
}

// tellTimes has a session tell what is read. What was evaluated before may hold a time that nobody told.
func (b *branch) tellTimes(s *session) {
	b.times.told = s
	if b.scope != nil {
		b.scope.Forget()
	}
}

// again lets go of what is known of steps that run again, so that they see a new time. What was asked about, and a write
// that is sent again, stays as it was; so do the variables of a runbook some of whose steps have run with them.
func (b *branch) again(reset []string) {
	if b.scope != nil {
		b.scope.Forget()
	}
	for _, address := range reset {
		if b.graph.Node(run.StepName(address)).Step.Child == nil && !b.state.TakesOver(address) {
			b.times.drop(address)
		}
	}
}

// frameAt is a frame in a part of a step that has one time.
func frameAt(local lang.Frame, address, part string) lang.Frame {
	local.At = lang.Place{Step: address, Part: part}
	return local
}

// sends is what an execution's arguments see, and what chooses the system that they go to.
func (x *execution) sends() lang.Frame { return frameAt(x.local, x.address, partArguments) }

// timesKept returns when what was read of the clock is on disk, before something is changed that may depend on it.
func (r *runner) timesKept(effect provider.Effect) error {
	r.mu.Lock()
	wait := r.clockRead > r.kept
	r.mu.Unlock()
	if !wait || effect == provider.Read {
		return nil
	}
	return r.flush(context.WithoutCancel(r.hard), true)
}
