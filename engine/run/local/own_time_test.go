package local

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestOwnTime: the time of a context goes on while nothing is waited for, and is over once.
func TestOwnTime(t *testing.T) {
	pass := func(d time.Duration) { <-time.After(d) }
	wait := func(d time.Duration) func() error {
		return func() error { pass(d); return nil }
	}
	cause := errors.New("somebody stopped it")
	for name, c := range map[string]struct {
		does  func(ctx context.Context, stop context.CancelCauseFunc) error
		ends  time.Duration
		err   error
		cause error
	}{
		"its time is over": {func(context.Context, context.CancelCauseFunc) error { return nil }, 5 * time.Second, context.DeadlineExceeded, context.DeadlineExceeded},
		"it stands still": {func(ctx context.Context, _ context.CancelCauseFunc) error {
			pass(3 * time.Second)
			return aside(ctx, wait(time.Minute))
		}, 65 * time.Second, context.DeadlineExceeded, context.DeadlineExceeded},
		"it stands still twice, one within the other and in a context of its own": {func(ctx context.Context, _ context.CancelCauseFunc) error {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			err := aside(ctx, func() error { return aside(ctx, wait(time.Second)) })
			pass(4 * time.Second)
			return errors.Join(err, ctx.Err(), aside(ctx, wait(10*time.Second)), ctx.Err())
		}, 16 * time.Second, context.DeadlineExceeded, context.DeadlineExceeded},
		"it is stopped while it stands still": {func(ctx context.Context, stop context.CancelCauseFunc) error {
			return aside(ctx, func() error { pass(time.Minute); stop(cause); <-ctx.Done(); return nil })
		}, time.Minute, context.Canceled, cause},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				parent, stop := context.WithCancelCause(t.Context())
				defer stop(nil)
				began := time.Now()
				ctx, cancel := withOwnTime(parent, 5*time.Second)
				defer cancel()
				below, cancelBelow := context.WithCancel(ctx)
				defer cancelBelow()
				if err := c.does(ctx, stop); err != nil {
					t.Error(err)
				}
				told, ok := ctx.Deadline()
				if ctx.Err() == nil && (!ok || !told.Equal(began.Add(c.ends))) {
					t.Errorf("it tells that it ends after %v, want %v", told.Sub(began), c.ends)
				}
				<-below.Done()
				if took := time.Since(began); took != c.ends {
					t.Errorf("it ended after %v, want %v", took, c.ends)
				}
				if !errors.Is(ctx.Err(), c.err) || !errors.Is(below.Err(), c.err) || !errors.Is(context.Cause(below), c.cause) {
					t.Errorf("it ended with %v, below with %v for %v; want %v for %v", ctx.Err(), below.Err(), context.Cause(below), c.err, c.cause)
				}
			})
		})
	}
}
