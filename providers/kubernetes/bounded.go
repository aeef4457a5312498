package kubernetes

import (
	"strings"
	"sync"

	"github.com/e82355ed/runbook/engine/provider"
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
func (b *bounded) text(host provider.Host) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := string(b.kept)
	if b.dropped {
		text = host.Cut(text)
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
