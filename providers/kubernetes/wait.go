package kubernetes

import (
	"context"
	"time"
)

// pause waits, at most as long as the context allows.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// await looks again and again, more slowly as time goes by, until look is done, errs, or the context ends.
func await(ctx context.Context, look func() (done bool, err error)) error {
	const slowest = 2 * time.Second
	for delay := 50 * time.Millisecond; ; delay = min(2*delay, slowest) {
		done, err := look()
		if done || err != nil {
			return err
		}
		if err := pause(ctx, delay); err != nil {
			return err
		}
	}
}
