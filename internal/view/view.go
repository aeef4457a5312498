package view

import (
	"io"

	"github.com/e82355ed/runbook/engine/journal"
)

// View shows a run. Event is called from one goroutine, in the order of the stream; Close once, after the last.
type View interface {
	Event(e journal.Entry)
	// Close writes what is left and gives the first error of writing: a full disk, a closed pipe.
	Close() error
}

// JSON writes the event stream as it is, one object a line.
type JSON struct {
	out io.Writer
	err error
}

// NewJSON makes a view that writes to out.
func NewJSON(out io.Writer) *JSON { return &JSON{out: out} }

// Event writes one line.
func (j *JSON) Event(e journal.Entry) {
	if j.err != nil {
		return
	}
	line := make([]byte, 0, len(e.JSON)+1)
	_, j.err = j.out.Write(append(append(line, e.JSON...), '\n'))
}

// Close gives the first error of writing.
func (j *JSON) Close() error { return j.err }

var (
	_ View = (*JSON)(nil)
	_ View = (*Text)(nil)
	_ View = (*Live)(nil)
)
