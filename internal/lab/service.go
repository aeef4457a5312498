package lab

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// service is one thing that the lab runs.
type service struct {
	name string
	// needs names the services that must be up before this one starts.
	needs []string
	// up brings the service to the state the tests expect, from whatever state it is in, and returns only when it
	// answers. The outcome is shown to the user.
	up func(ctx context.Context) (outcome, error)
}

// outcome tells what up had to do.
type outcome struct {
	// started is false when everything was running already.
	started bool
	// detail is the address, or whatever else a person wants to know.
	detail string
}

// startDeadline bounds the start of one service, builds and installations not included.
const startDeadline = 3 * time.Minute

// runServices brings all services up, side by side where needs allows it. The first failure ends the others.
func runServices(ctx context.Context, services []service, progress *progress) error {
	done := make(map[string]chan struct{}, len(services))
	for _, s := range services {
		done[s.name] = make(chan struct{})
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range services {
		group.Go(func() error {
			for _, need := range s.needs {
				select {
				case <-done[need]:
				case <-ctx.Done():
					return nil // the service that failed has its own error
				}
			}
			if err := runService(ctx, s, progress); err != nil {
				return err
			}
			close(done[s.name])
			return nil
		})
	}
	return group.Wait()
}

func runService(ctx context.Context, s service, progress *progress) error {
	begin := time.Now()
	result, err := s.up(ctx)
	if err != nil {
		if ctx.Err() != nil && !strings.Contains(err.Error(), "last lines of") {
			return fmt.Errorf("start %s: %w", s.name, context.Cause(ctx))
		}
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	state := "running"
	if result.started {
		state = "started"
	}
	progress.service(s.name, state, time.Since(begin), result.detail)
	return nil
}
