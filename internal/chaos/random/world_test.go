package random

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"time"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// world is what the actions of all sessions meet. How each call ends follows from the seed, the id and the number of the call.
type world struct {
	seed uint64
	fake *enginetest.Fake

	mu sync.Mutex
	// sent counts the calls by address; "undo " stands before that of an undo.
	sent map[string]int
	// kind has every call end well.
	kind bool
}

func newWorld(seed uint64) *world {
	w := &world{seed: seed, sent: map[string]int{}}
	w.fake = &enginetest.Fake{Do: w.do}
	return w
}

// errLost is an error after which nobody knows whether a write took place.
var errLost = errors.New("the answer got lost")

func (w *world) do(ctx context.Context, id string, n int) error {
	address := id[:strings.LastIndex(id, " v")]
	if undone, undo := strings.CutPrefix(address, undoMark); undo {
		address = undoMark + run.WholeStep(undone) // a file may have taken its for_each away since
	}
	w.mu.Lock()
	w.sent[address]++
	well := w.kind || n > 3
	w.mu.Unlock()
	roll := w.roll(id, n)
	if strings.HasPrefix(id, undoMark) {
		roll = roll * 3 / 2 % 100 // fewer of them go wrong
	}
	switch {
	case well:
	case roll < 8:
		return enginetest.ErrUnreachable()
	case roll < 13:
		return errLost
	case roll < 16:
		<-ctx.Done()
		return fmt.Errorf("call fake:1: %w", ctx.Err())
	case roll < 18, roll > 80 && w.seed%4 == 0: // in some worlds much takes place in part
		return enginetest.ErrUnreadable
	case roll < 19:
		panic("the provider broke")
	case roll < 22:
		return enginetest.ErrUnclear
	case roll < 40:
		return late(ctx, time.Duration(roll)*20*time.Microsecond)
	}
	return nil
}

func (w *world) isKind() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.kind
}

// late is an answer that takes a while.
func late(ctx context.Context, by time.Duration) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("call fake:1: %w", ctx.Err())
	case <-time.After(by):
		return nil
	}
}

// roll is a number below 100.
func (w *world) roll(id string, n int) int {
	h := fnv.New64a()
	h.Write(fmt.Appendln(nil, w.seed, id, n))
	return int(h.Sum64() % 100)
}

func (w *world) calls() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make(map[string]int, len(w.sent))
	for address, n := range w.sent {
		out[address] = n
	}
	return out
}

// dying is a journal whose process dies once it has taken some events: it takes no more.
type dying struct {
	journal.Journal
	mu   sync.Mutex
	left int
	dead bool
}

var errDead = errors.New("the process is dead")

// Append implements journal.Journal.
func (d *dying) Append(ctx context.Context, runID string, entries []journal.Entry) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return errDead
	}
	if len(entries) > d.left && entries[0].Event.Type == run.RunResumed {
		d.left = 0 // what was decided about writes in doubt is on disk with that, or nothing is
	}
	if d.dead = len(entries) > d.left; !d.dead {
		d.left -= len(entries)
		return d.Journal.Append(ctx, runID, entries)
	}
	// What it took is on disk: the next session reads it.
	ctx = context.WithoutCancel(ctx)
	if d.left > 0 {
		if err := d.Journal.Append(ctx, runID, entries[:d.left]); err != nil {
			return err
		}
	}
	return errors.Join(errDead, d.Journal.Sync(ctx))
}

// Sync implements journal.Journal.
func (d *dying) Sync(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return errDead
	}
	return d.Journal.Sync(ctx)
}
