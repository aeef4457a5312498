package form

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// aside holds back what others write while a question stands on the terminal.
type aside struct {
	mu   sync.Mutex
	held bytes.Buffer
	// direct is where text goes at once; nil: it is held.
	direct func(text []byte) error
}

// Write implements io.Writer.
func (a *aside) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.direct != nil {
		return len(p), a.direct(p)
	}
	return a.held.Write(p)
}

// tail gives the last lines that are held.
func (a *aside) tail(n int) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	lines := strings.Split(strings.TrimRight(a.held.String(), "\n"), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return lines[max(len(lines)-n, 0):]
}

// straight has text written at once, by a function that puts it beside the question.
func (a *aside) straight(write func(text []byte) error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.direct = write
}

// begin holds back what is written from now on.
func (a *aside) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.direct = nil
}

// end writes what was held, and what comes from now on.
func (a *aside) end(out io.Writer) {
	a.straight(func(text []byte) error { _, err := out.Write(text); return err })
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held.Len() > 0 {
		// A terminal that is gone shows up where the results are written.
		_, _ = out.Write(a.held.Bytes())
		a.held.Reset()
	}
}
