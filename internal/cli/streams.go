package cli

import (
	"cmp"
	"io"
	"sync"
)

// Streams are where a command reads and writes. A test holds buffers.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// InTerminal, OutTerminal and ErrTerminal say which of them a person sits at.
	InTerminal, OutTerminal, ErrTerminal bool
	// OneOutput says that Out and Err go to the same place, as after 2>&1.
	OneOutput bool
	// OutPipe says that Out goes to another program, as after "| tee log": that may write to the terminal at any moment.
	OutPipe bool
	// Size gives the terminal's columns and rows; zeros where there is none. Nil: none.
	Size func() (width, height int)
}

// columns is the terminal's width, zero where there is none.
func (s *Streams) columns() int {
	if s.Size == nil {
		return 0
	}
	width, _ := s.Size()
	return width
}

// width is that of the terminal behind standard output, zero where there is none.
func (s *Streams) width() int {
	if !s.OutTerminal {
		return 0
	}
	return s.columns()
}

// gate is a writer that can be led elsewhere for a while: what is logged during a live display goes above it.
type gate struct {
	mu sync.Mutex
	w  io.Writer
}

func (g *gate) Write(p []byte) (int, error) {
	g.mu.Lock()
	w := g.w
	g.mu.Unlock()
	return w.Write(p)
}

// leads is where what is written goes.
func (g *gate) leads() io.Writer {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.w
}

// lead sends what follows to w and gives a function that undoes it.
func (g *gate) lead(w io.Writer) (restore func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.w
	g.w = w
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.w = before
	}
}

// noting is a writer that remembers its first error: help is printed by a library that looks at none. It is safe for
// concurrent use behind a redact.Writer, which writes one at a time.
type noting struct {
	w   io.Writer
	err error
}

func (n *noting) Write(p []byte) (int, error) {
	written, err := n.w.Write(p)
	n.err = cmp.Or(n.err, err)
	return written, err
}
