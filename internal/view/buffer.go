package view

import (
	"errors"
	"io"
	"sync"
	"time"
)

// A Buffer holds lines back for at most linger, or until it holds as many bytes as full: a run of ten thousand steps then
// writes hundreds of times, not tens of thousands, and who follows it sees no delay.
const (
	linger = 20 * time.Millisecond
	full   = 32 << 10
)

// Buffer gathers small writes into larger ones. Safe for concurrent use. Errors come with the next Write, or with Close.
type Buffer struct {
	out io.Writer

	mu    sync.Mutex
	held  []byte
	timer *time.Timer // nil: none is armed
	err   error
}

// NewBuffer makes a buffer before out.
func NewBuffer(out io.Writer) *Buffer { return &Buffer{out: out} }

// Write takes all of p.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return 0, b.err
	}
	b.held = append(b.held, p...)
	if len(b.held) >= full {
		b.flush()
		return len(p), b.err
	}
	if b.timer == nil {
		b.timer = time.AfterFunc(linger, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.flush()
		})
	}
	return len(p), nil
}

// Close writes what is left and gives the first error. It does not close what is behind.
func (b *Buffer) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flush()
	return b.err
}

func (b *Buffer) flush() {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	if b.err == nil && len(b.held) > 0 {
		_, b.err = b.out.Write(b.held)
	}
	b.held = b.held[:0]
}

// Buffered is a view whose output goes through a buffer, which Close writes out.
type Buffered struct {
	View
	Buffer *Buffer
}

// Close closes the view, then the buffer.
func (v Buffered) Close() error {
	err := v.View.Close()
	if bufferErr := v.Buffer.Close(); err == nil || !errors.Is(bufferErr, err) {
		err = errors.Join(err, bufferErr)
	}
	return err
}
