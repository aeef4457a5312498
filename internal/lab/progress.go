package lab

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress prints whole lines from any goroutine.
type progress struct {
	mu  sync.Mutex
	out io.Writer
}

func newProgress(out io.Writer) *progress {
	if out == nil {
		out = io.Discard
	}
	return &progress{out: out}
}

func (p *progress) printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprintf(p.out, format+"\n", args...)
}

// service prints the line that ends a service's start.
func (p *progress) service(name, state string, took time.Duration, detail string) {
	p.printf("  %-12s %-8s %6.1f s  %s", name, state, took.Seconds(), detail)
}

// step prints that a service is at something that takes its time.
func (p *progress) step(name, format string, args ...any) {
	p.printf("  %-12s %s", name, fmt.Sprintf(format, args...))
}
