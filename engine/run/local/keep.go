package local

import (
	"context"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
)

// slow is how long the history may take to write before anybody notices.
const slow = time.Second

// flush hands the queued events to the journal, then to who looks on. With sync it returns when they are on disk. The
// first time they are in any case: a full disk or a folder that can't be written stops the run before an action. Events can be queued
// meanwhile.
func (s *session) flush(ctx context.Context, sync bool) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	entries, last := s.take()
	onDisk, err := s.write(ctx, entries, sync)
	if took := s.written(onDisk, last); took > 0 && err == nil {
		s.Host.Log.Warn("the run history took long to write; what steps waited for it is none of their time", "took", took.Round(time.Millisecond))
	}
	if err != nil || s.Sink == nil {
		return err
	}
	for _, e := range entries {
		s.Sink(e)
	}
	return nil
}

// write hands events to the journal, and reports whether they are on disk.
func (s *session) write(ctx context.Context, entries []journal.Entry, sync bool) (onDisk bool, err error) {
	if s.lost.Load() {
		return false, lostError()
	}
	if err := s.Journal.Append(ctx, s.RunID, entries); err != nil {
		return false, err
	}
	if !sync && (s.durable || len(entries) == 0) {
		return false, nil
	}
	if err := s.Journal.Sync(ctx); err != nil {
		return false, err
	}
	s.durable = true
	return true, nil
}

// take gives what is queued, and the number of the last event that was told.
func (s *session) take() ([]journal.Entry, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := s.pending
	s.pending, s.writes = nil, time.Now()
	return entries, s.seq
}

// written takes in that the journal is free again, and gives how long it was written where anybody noticed. onDisk says that all events are
// on disk, up to the last.
func (s *session) written(onDisk bool, last int64) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if onDisk {
		s.kept = last
	}
	took := s.slowly()
	s.held, s.writes = s.held+took, time.Time{}
	return took
}

// slowly is how long the journal has been written by now, where that is noticed. Called with mu held.
func (s *session) slowly() time.Duration {
	if took := time.Since(s.writes); !s.writes.IsZero() && took >= slow {
		return took
	}
	return 0
}

// heldUp is for how long the history has held the session up so far.
func (s *session) heldUp() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held + s.slowly()
}

// prolongs has the time of a step that runs the runbook go on for as long as the history held the session up in it, and reports whether
// there is any of it left for that. The runbook's own timeout is one of the whole.
func (r *runner) prolongs(timeout *time.Timer) bool {
	if !r.limitOfStep {
		return false
	}
	more := r.heldUp() - r.prolonged
	r.prolonged += more
	if more > 0 {
		timeout.Reset(more)
	}
	return more > 0
}
