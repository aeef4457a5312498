package redact

import (
	"io"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// Blank stands where a secret was.
const Blank = "(sensitive)"

// MinLength is how many characters a secret must have: shorter ones occur by chance everywhere.
const MinLength = 4

// Redactor knows the secrets of a run. The zero value is ready; all methods are safe for concurrent use.
type Redactor struct {
	stale   atomic.Bool
	matcher atomic.Pointer[matcher]

	mu      sync.Mutex
	known   map[string]struct{}
	pending []string // forms that the matcher does not find yet
}

// Add makes a value a secret from now on. Values of fewer than [MinLength] characters are ignored.
func (r *Redactor) Add(secret string) {
	if utf8.RuneCountInString(secret) < MinLength {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.known[secret]; known {
		return
	}
	if r.known == nil {
		r.known = map[string]struct{}{}
	}
	r.known[secret] = struct{}{}
	r.pending = append(r.pending, formsOf(secret)...)
	r.stale.Store(true)
}

// Bytes gives data with every secret blanked, also what the ellipsis of a shortened text left of one: data itself where there
// is none.
func (r *Redactor) Bytes(data []byte) []byte {
	m := r.current()
	if m == nil {
		return data
	}
	spans, _ := m.find(nil, data)
	spans = m.cuts(spans, data)
	if len(spans) == 0 {
		return data
	}
	return blank(make([]byte, 0, len(data)), data, spans)
}

// String is Bytes for text.
func (r *Redactor) String(text string) string {
	m := r.current()
	if m == nil {
		return text
	}
	data := []byte(text)
	spans, _ := m.find(nil, data)
	spans = m.cuts(spans, data)
	if len(spans) == 0 {
		return text
	}
	return string(blank(make([]byte, 0, len(data)), data, spans))
}

// Writer gives a writer that blanks secrets on their way to w. What may be the beginning of a secret is held back until
// the rest is there: [Writer.Flush] at the end.
func (r *Redactor) Writer(w io.Writer) *Writer { return &Writer{redactor: r, out: w} }

// current is the matcher for all secrets so far; nil where there are none.
func (r *Redactor) current() *matcher {
	if !r.stale.Load() {
		return r.matcher.Load()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stale.Load() {
		r.matcher.Store(r.matcher.Load().with(r.pending))
		r.pending = nil
		r.stale.Store(false)
	}
	return r.matcher.Load()
}
