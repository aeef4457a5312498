package local

import (
	"context"
	"sync"
	"time"
)

// ownTime is a context that ends when the time of an attempt is over, or with its parent. The time stands still while the attempt waits
// for the history ([aside]): that may take as long as the history bears with a server that is away, and says nothing about the system
// that the attempt is about.
type ownTime struct {
	context.Context // the parent
	done            chan struct{}

	mu  sync.Mutex
	err error
	// ends is when the time is over, as long as it goes on; left what there is of it while it stands still.
	ends time.Time
	left time.Duration
	// waits are those that it stands still for.
	waits int
	timer *time.Timer
}

// ownTimeKey is what a context's own time is found by.
type ownTimeKey struct{}

// withOwnTime gives a context its own time. The caller has to cancel it, as with [context.WithTimeout].
func withOwnTime(parent context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	t := &ownTime{Context: parent, done: make(chan struct{}), ends: time.Now().Add(limit)}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = time.AfterFunc(limit, t.over)
	stop := context.AfterFunc(parent, func() { t.end(parent.Err()) })
	return t, func() {
		stop()
		t.end(context.Canceled)
	}
}

// aside waits for what is none of the own time of ctx, where that has one.
func aside(ctx context.Context, wait func() error) error {
	if t, ok := ctx.Value(ownTimeKey{}).(*ownTime); ok {
		t.stand()
		defer t.goOn()
	}
	return wait()
}

func (t *ownTime) Done() <-chan struct{} { return t.done }

// Err does not wait until it is told that the parent has ended.
func (t *ownTime) Err() error {
	if err := t.Context.Err(); err != nil {
		t.end(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// Deadline is when the time is over, would it go on from now.
func (t *ownTime) Deadline() (time.Time, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ends := t.ends
	if t.waits > 0 {
		ends = time.Now().Add(t.left)
	}
	if above, ok := t.Context.Deadline(); ok && above.Before(ends) {
		return above, true
	}
	return ends, true
}

func (t *ownTime) Value(key any) any {
	if key == (ownTimeKey{}) {
		return t
	}
	return t.Context.Value(key)
}

func (t *ownTime) stand() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waits++; t.waits == 1 {
		t.timer.Stop()
		t.left = time.Until(t.ends)
	}
}

func (t *ownTime) goOn() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waits--; t.waits == 0 && t.err == nil {
		t.ends = time.Now().Add(t.left)
		t.timer.Reset(t.left)
	}
}

// over is called by the timer, which may have run out just before the time was to stand still.
func (t *ownTime) over() {
	t.mu.Lock()
	goesOn := t.waits > 0 || time.Now().Before(t.ends)
	t.mu.Unlock()
	if !goesOn {
		t.end(context.DeadlineExceeded)
	}
}

func (t *ownTime) end(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.err = err
		t.timer.Stop()
		close(t.done)
	}
}
