package batch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

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
	for line := range bytes.Lines(lines) {
		var e run.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return false, fmt.Errorf("run %s: %w: event %d can't be read: %w", r.Run, journal.ErrDamaged, r.Last+1, err)
		}
		if e.Seq != r.Last+1 {
			return false, fmt.Errorf("run %s: %w: event %d stands where event %d belongs", r.Run, journal.ErrDamaged, e.Seq, r.Last+1)
		}
		r.Last = e.Seq
		if !yield(journal.Entry{Event: &e, JSON: bytes.TrimSuffix(line, []byte("\n")), Sealed: sealed[e.Seq]}) {
			return false, nil
		}
	}
	return true, nil
}
