package redact

import (
	"bytes"
	"io"
	"sync"
)

// Writer blanks secrets on their way to another writer. Make one with [Redactor.Writer]. Safe for concurrent use; each
// Write reaches the other writer as at most one.
type Writer struct {
	redactor *Redactor
	out      io.Writer

	mu   sync.Mutex
	held []byte
	// covered is how many bytes of held belong to a secret whose blank is already out; passed how many are out themselves.
	covered, passed int
}

// Write takes all of p; an error is the other writer's.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.redactor.currentNet()
	if m == nil {
		return w.out.Write(p)
	}
	if err := w.pass(m, append(w.held, p...), false); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what was held back. A secret that goes on after it isn't recognized.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.held) == w.passed {
		return nil
	}
	return w.pass(w.redactor.currentNet(), w.held, true)
}

// pass writes data up to what may be the beginning of a secret and holds the rest.
func (w *Writer) pass(m *matcher, data []byte, all bool) error {
	var spans []span
	if w.covered > 0 {
		spans = append(spans, span{end: w.covered, written: true})
	}
	spans, cut := m.search(spans, data, m.layers(data))
	if all {
		cut = len(data)
	}
	spans = beyond(spans, w.passed)
	w.covered = 0
	for i, s := range spans {
		if s.end <= cut {
			continue
		}
		spans = spans[:i]
		if s.start < cut {
			spans = append(spans, span{s.start, cut, s.written})
		}
		if s.start < cut || s.written {
			w.covered = s.end - cut
		}
		break
	}
	keep := cut
	if w.covered == 0 && endsLine(data[cut:]) {
		cut = len(data)
	}
	text := blank(nil, data[:max(cut, w.passed)], spans)[w.passed:]
	w.held, w.passed = append([]byte(nil), data[keep:]...), max(cut, w.passed)-keep
	if len(text) == 0 {
		return nil
	}
	_, err := w.out.Write(text)
	return err
}

// endsLine reports whether what may be the beginning of a secret ends a line and tells too little to wait for the next: most lines end with
// a letter that some secret's base64 begins with. It goes out, and is remembered, so that the rest would not.
func endsLine(begun []byte) bool {
	return bytes.HasSuffix(begun, []byte("\n")) && len(bytes.TrimSpace(begun)) < MinLength
}

// beyond are the spans without what is out already.
func beyond(spans []span, passed int) []span {
	if passed == 0 {
		return spans
	}
	var left []span
	for _, s := range spans {
		if s.start = max(s.start, passed); s.start < s.end {
			left = append(left, s)
		}
	}
	return left
}
