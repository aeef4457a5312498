package view

import (
	"io"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// View shows a run. Event is called from one goroutine, in the order of the stream; Close once, after the last.
type View interface {
	Event(e journal.Entry)
	// Close writes what is left and gives the first error of writing: a full disk, a closed pipe.
	Close() error
}

// JSON writes the event stream as it is, one object a line.
type JSON struct {
	out   io.Writer
	blank func([]byte) []byte
	err   error
}

// NewJSON makes a view that writes to out. It blanks secrets by itself, with blank in the texts of each event: what blanks them in the
// lines could leave no JSON.
func NewJSON(out io.Writer, blank func([]byte) []byte) *JSON { return &JSON{out: out, blank: blank} }

// Event writes one line.
func (j *JSON) Event(e journal.Entry) {
	if j.err != nil {
		return
	}
	text := run.BlankEvent(e.JSON, j.blank)
	line := make([]byte, 0, len(text)+1)
	_, j.err = j.out.Write(append(append(line, text...), '\n'))
}

// Close gives the first error of writing.
func (j *JSON) Close() error { return j.err }

var (
	_ View = (*JSON)(nil)
	_ View = (*Text)(nil)
	_ View = (*Live)(nil)
)
