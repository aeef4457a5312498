package view

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

type countingWriter struct {
	bytes.Buffer
	writes int
}

func (w *countingWriter) Write(p []byte) (int, error) { w.writes++; return w.Buffer.Write(p) }

func TestBufferGathers(t *testing.T) {
	var out countingWriter
	b := NewBuffer(&out)
	line := strings.Repeat("x", 99) + "\n"
	for range 10_000 {
		if _, err := io.WriteString(b, line); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if out.String() != strings.Repeat(line, 10_000) || out.writes > 1000 {
		t.Errorf("%d bytes in %d writes", out.Len(), out.writes)
	}
}

// TestBufferLingers: what was written comes out without a further write and without Close.
func TestBufferLingers(t *testing.T) {
	reader, writer := io.Pipe()
	b := NewBuffer(writer)
	if _, err := io.WriteString(b, "a line\n"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 7)
	if _, err := io.ReadFull(reader, got); err != nil || string(got) != "a line\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestBufferedTellsErrorsOnce(t *testing.T) {
	b := NewBuffer(&brokenWriter{})
	v := Buffered{View: NewText(b, config()), Buffer: b}
	for _, e := range entries(t, sample()) {
		v.Event(e)
	}
	err := v.Close()
	if !errors.Is(err, errBroken) || strings.Count(err.Error(), "no space") != 1 {
		t.Errorf("got %v", err)
	}
}
