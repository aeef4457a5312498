package lab

import (
	"context"
	"fmt"
	"time"
)

// poll calls probe until it returns nil or ctx ends; then it returns the last answer of probe, which says what was
// still missing.
func poll(ctx context.Context, every time.Duration, probe func(context.Context) error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}
