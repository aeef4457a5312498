package ptytest

import (
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// Screen is what a person sees of a terminal, and the keys. It is safe for concurrent use.
type Screen struct {
	keys *os.File
	// over is closed when the terminal is gone.
	over chan struct{}

	mu   sync.Mutex
	seen strings.Builder
	// from is where the text begins that SeesNext has not found yet.
	from    int
	changed chan struct{}
}

// Sit reads the side of a pseudo-terminal where the person is, until it is closed or the other side is gone.
func Sit(keys *os.File) *Screen {
	s := &Screen{keys: keys, over: make(chan struct{}), changed: make(chan struct{}, 1)}
	go func() {
		defer close(s.over)
		chunk := make([]byte, 4096)
		for {
			n, err := keys.Read(chunk)
			s.mu.Lock()
			s.seen.Write(chunk[:n])
			s.mu.Unlock()
			select {
			case s.changed <- struct{}{}:
			default: // who waits will look
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

// Over is closed when all that was shown has been read.
func (s *Screen) Over() <-chan struct{} { return s.over }

var controls = regexp.MustCompile(`\x1b(\[[0-9;?<>=$]*[a-zA-Z]|\][^\a]*\a|[=>])`)

// Text is all that was shown so far, without what controls the terminal.
func (s *Screen) Text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return controls.ReplaceAllString(s.seen.String(), "")
}

// patience bounds the wait for a text.
const patience = time.Minute

// Sees waits until a text was shown.
func (s *Screen) Sees(t testing.TB, text string) {
	t.Helper()
	s.find(t, text, 0)
}

// SeesNext waits until a text was shown after the one that it saw last.
func (s *Screen) SeesNext(t testing.TB, text string) {
	t.Helper()
	s.from = s.find(t, text, s.from)
}

// find gives where a text ends that is shown behind from.
func (s *Screen) find(t testing.TB, text string, from int) int {
	t.Helper()
	late := time.After(patience)
	for {
		all := s.Text()
		from = min(from, len(all))
		if at := strings.Index(all[from:], text); at >= 0 {
			return from + at + len(text)
		}
		select {
		case <-s.changed:
		case <-late:
			t.Fatalf("%q was never shown:\n%s", text, s.Text())
		}
	}
}

// Types presses keys.
func (s *Screen) Types(t testing.TB, keys string) {
	t.Helper()
	if _, err := io.WriteString(s.keys, keys); err != nil {
		t.Fatal(err)
	}
}
