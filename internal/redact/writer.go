package redact

import (
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
	// covered is how many bytes of held belong to a secret whose blank is already out.
	covered int
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
	if len(w.held) == 0 {
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
	text := blank(nil, data[:cut], spans)
	w.held = append([]byte(nil), data[cut:]...)
	if len(text) == 0 {
		return nil
	}
	_, err := w.out.Write(text)
	return err
}
