package local

import (
	"context"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
)

// store is a lock of a store that gives up where nobody waits any more.
type store struct{ journal.Lease }

func (store) Held(ctx context.Context) error  { return ctx.Err() }
func (store) Renew(ctx context.Context) error { return ctx.Err() }

// TestLocksAreLookedAtWhileSomebodyStopsTheSession: a session that is told to stop just then is stopped as ever, with what has ended kept. It ended with
// an error, and without an end, while events were still on their way to the disk.
func TestLocksAreLookedAtWhileSomebodyStopsTheSession(t *testing.T) {
	s := newSession(&Config{RunID: "01A", Host: provider.Host{Log: hclog.NewNullLogger()}, Leases: []journal.Lease{store{}}, Locks: []journal.Lease{store{}}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.unfreed(ctx); err != nil {
		t.Error(err)
	}
}
