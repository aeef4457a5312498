package local

import (
	"context"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// held is a journal that waits for the test before something is on disk.
type held struct {
	journal.Journal
	waits, goes chan struct{}
}

func (*held) Append(context.Context, string, []journal.Entry) error { return nil }

func (j *held) Sync(context.Context) error {
	j.waits <- struct{}{}
	<-j.goes
	return nil
}

// TestEventsWhileTheHistoryIsWritten: what is told meanwhile does not wait, and a reading of the clock counts as on disk once it is.
func TestEventsWhileTheHistoryIsWritten(t *testing.T) {
	j := &held{waits: make(chan struct{}, 1), goes: make(chan struct{})}
	r := &runner{session: newSession(&Config{Journal: j, RunID: "01A", Host: provider.Host{Log: hclog.NewNullLogger()}}), hard: t.Context()}
	emit := func(kind run.Type) {
		if err := r.session.emit(nil, "", journal.Entry{Event: &run.Event{Type: kind, Now: &time.Time{}}}); err != nil {
			t.Error(err)
		}
	}
	over := make(chan error, 1)
	emit(run.StepReady)
	for _, write := range []func() error{
		func() error { return r.flush(t.Context(), true) },
		func() error { return r.timesKept(provider.Write) }, // of the reading that came while the first was written
	} {
		go func() { over <- write() }()
		<-j.waits
		emit(run.ClockRead)
		j.goes <- struct{}{}
		if err := <-over; err != nil {
			t.Error(err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept != 2 || r.clockRead != 3 {
		t.Errorf("event %d is on disk, and %d is the last reading", r.kept, r.clockRead)
	}
}
