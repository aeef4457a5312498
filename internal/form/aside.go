package form

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/e82355ed/runbook/internal/view"
)

// aside holds back what others write while a question stands on the terminal.
type aside struct {
	mu   sync.Mutex
	held bytes.Buffer
	// direct is where text goes at once; nil: it is held.
	direct func(text []byte) error
	// prompt is what stands before the cursor where it is asked line by line; nil: no question stands there.
	prompt *string
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

// Crowded gives a writer to w, whose reader may show on this terminal what it reads: beside a question that is asked line by line, that
// stands on lines of its own, and the prompt stands there again after it.
func (t *Terminal) Crowded(w io.Writer) io.Writer {
	c := &crowded{aside: &t.aside, out: t.Out, w: w}
	c.later = time.AfterFunc(view.Settle, func() { c.beside(func(prompt string) string { return "\r" + prompt }) })
	return c
}

type crowded struct {
	aside  *aside
	out, w io.Writer
	later  *time.Timer
}

// beside writes what becomes of a prompt that stands there.
func (c *crowded) beside(text func(prompt string) string) {
	c.aside.mu.Lock()
	defer c.aside.mu.Unlock()
	if c.aside.prompt != nil {
		// A terminal that is gone shows up where the answer is read.
		_, _ = io.WriteString(c.out, text(*c.aside.prompt))
	}
}

func (c *crowded) Write(p []byte) (int, error) {
	c.beside(func(string) string { return "\n" })
	c.later.Reset(view.Settle)
	return c.w.Write(p)
}

// end writes what was held, and what comes from now on.
func (a *aside) end(out io.Writer) {
	a.straight(func(text []byte) error { _, err := out.Write(text); return err })
	a.mu.Lock()
	defer a.mu.Unlock()
	a.prompt = nil
	if a.held.Len() > 0 {
		// A terminal that is gone shows up where the results are written.
		_, _ = out.Write(a.held.Bytes())
		a.held.Reset()
	}
}
