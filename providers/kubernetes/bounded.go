package kubernetes

import (
	"strings"
	"sync"
)

// bounded keeps the first bytes that are written to it and takes the rest without keeping it, so that the writer never
// stops. Safe for concurrent use.
type bounded struct {
	limit int

	mu      sync.Mutex
	kept    []byte
	dropped bool
}

// Write never fails.
func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fits := p[:min(len(p), b.limit-len(b.kept))]
	b.kept = append(b.kept, fits...)
	b.dropped = b.dropped || len(fits) < len(p)
	return len(p), nil
}

// text is what was kept, as valid UTF-8.
func (b *bounded) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.ToValidUTF8(string(b.kept), "\uFFFD")
}
