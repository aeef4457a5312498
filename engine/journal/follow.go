package journal

import (
	"context"
	"iter"
)

// Follower is a [Journal] that can read a run from the middle.
type Follower interface {
	// EventsAfter gives the events behind a sequence number, without their sealed parts. Its errors are those of Events.
	EventsAfter(ctx context.Context, runID string, after int64) iter.Seq2[Entry, error]
}

// EventsAfter gives the events of a run behind a sequence number: what is new to somebody who follows it. A journal that is
// no [Follower] reads the run from its beginning.
func EventsAfter(ctx context.Context, j Journal, runID string, after int64) iter.Seq2[Entry, error] {
	if f, ok := j.(Follower); ok {
		return f.EventsAfter(ctx, runID, after)
	}
	return func(yield func(Entry, error) bool) {
		for e, err := range j.Events(ctx, runID) {
			if err == nil && e.Event.Seq <= after {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
