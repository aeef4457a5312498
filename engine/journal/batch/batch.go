package batch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// Batch is some events of a run in order, with the runbook's name.
type Batch struct {
	Run, Runbook string
	Entries      []journal.Entry
}

// First and Last are the numbers of the first and the last event.
func (b *Batch) First() int64 { return b.Entries[0].Event.Seq }

// Last is the number of the last event.
func (b *Batch) Last() int64 { return b.Entries[len(b.Entries)-1].Event.Seq }

// Starts reports whether the batch begins its run, and gives what it began with.
func (b *Batch) Starts() (*run.Event, bool) {
	e := b.Entries[0].Event
	return e, starts(e)
}

func starts(e *run.Event) bool { return e.Type == run.RunStarted && e.Header != nil }

// Lines are the events' JSON, each with a line's end.
func (b *Batch) Lines() []byte {
	size := 0
	for i := range b.Entries {
		size += len(b.Entries[i].JSON) + 1
	}
	lines := make([]byte, 0, size)
	for i := range b.Entries {
		lines = append(append(lines, b.Entries[i].JSON...), '\n')
	}
	return lines
}

// Sealed is what is encrypted of the events, by their numbers; nil where nothing is.
func (b *Batch) Sealed() map[int64][]byte {
	var sealed map[int64][]byte
	for i := range b.Entries {
		e := &b.Entries[i]
		if e.Sealed == nil {
			continue
		}
		if sealed == nil {
			sealed = map[int64][]byte{}
		}
		sealed[e.Event.Seq] = e.Sealed
	}
	return sealed
}

// merge joins the batches of each run, so that a run's events that came together are one.
func merge(batches []Batch) []Batch {
	var out []Batch
	at := map[string]int{}
	for _, b := range batches {
		if i, ok := at[b.Run]; ok {
			out[i].Entries = append(out[i].Entries, b.Entries...)
			continue
		}
		at[b.Run] = len(out)
		out = append(out, Batch{b.Run, b.Runbook, slices.Clip(b.Entries)})
	}
	return out
}

// Reader turns the batches of a run, given in order, into events.
type Reader struct {
	Run string
	// Last is the number of the last event that was read.
	Last int64
}

// Read gives the events of a batch to yield, and reports whether that wants more. A batch that does not follow, or
// holds something else than events, gives journal.ErrDamaged behind the last event that can be read.
func (r *Reader) Read(first int64, lines []byte, sealed map[int64][]byte, yield func(journal.Entry) bool) (bool, error) {
	if first != r.Last+1 {
		return false, fmt.Errorf("run %s: %w: after event %d comes %d", r.Run, journal.ErrDamaged, r.Last, first)
	}
	for _, d := range decode(lines) {
		if d.err != nil {
			return false, fmt.Errorf("run %s: %w: event %d can't be read: %w", r.Run, journal.ErrDamaged, r.Last+1, d.err)
		}
		if d.event.Seq != r.Last+1 {
			return false, fmt.Errorf("run %s: %w: event %d stands where event %d belongs", r.Run, journal.ErrDamaged, d.event.Seq, r.Last+1)
		}
		r.Last = d.event.Seq
		if !yield(journal.Entry{Event: &d.event, JSON: d.json, Sealed: sealed[d.event.Seq]}) {
			return false, nil
		}
	}
	return true, nil
}

// Changed says that a batch of a run is not as it was written, as its sum tells.
func Changed(runID string, first, last int64) error {
	return fmt.Errorf("run %s: %w: its events %d to %d, or what is encrypted of them, are not all as they were written", runID, journal.ErrDamaged, first, last)
}

// Ends holds the last event that was read of a run against where the run ends as the store tells that apart from its events: those that are
// lost there leave no gap.
func Ends(runID string, end, read int64) error {
	switch {
	case read == end && read > 0:
		return nil
	case read == 0:
		return fmt.Errorf("run %s: %w: none of its events is there", runID, journal.ErrDamaged)
	case read < end:
		return fmt.Errorf("run %s: %w: it went on to event %d, and what came after event %d is lost", runID, journal.ErrDamaged, end, read)
	}
	return fmt.Errorf("run %s: %w: the list of runs ends it with event %d, and there are events up to %d", runID, journal.ErrDamaged, end, read)
}

// Listed says that the row of a run in the list is not as it was written.
func Listed(runID string) error {
	return fmt.Errorf("run %s: %w: what the list of runs says of it is not as it was written", runID, journal.ErrDamaged)
}

// Stray says that something is encrypted of an event of a run that is not there.
func Stray(runID string, seq int64) error {
	return fmt.Errorf("run %s: %w: something is kept encrypted of event %d, which is not there", runID, journal.ErrDamaged, seq)
}

// Sent says that a message to a run is not as it was written.
func Sent(runID string) error {
	return fmt.Errorf("run %s: %w: a message to it is not as it was written", runID, journal.ErrDamaged)
}

// Held says that a lock is not as it was written.
func Held(name string) error {
	return fmt.Errorf("%w: the lock %q is not as it was written", journal.ErrDamaged, name)
}

// decoded is a line of a batch.
type decoded struct {
	event run.Event
	json  []byte
	err   error
}

// share is how many lines are worth a goroutine.
const share = 64

// decode reads the lines of a batch, with all processors: that is most of what a resume of a long run waits for.
func decode(lines []byte) []*decoded {
	var out []*decoded
	for line := range bytes.Lines(lines) {
		out = append(out, &decoded{json: bytes.TrimSuffix(line, []byte("\n"))})
	}
	size := max(share, (len(out)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for part := range slices.Chunk(out, size) {
		work := func() {
			for _, d := range part {
				d.err = json.Unmarshal(d.json, &d.event)
			}
		}
		if len(part) == len(out) {
			work()
			continue
		}
		wg.Go(work)
	}
	wg.Wait()
	return out
}
