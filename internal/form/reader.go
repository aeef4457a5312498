package form

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/muesli/cancelreader"
)

// lineReader reads lines and gives up when it is told to, without taking what is typed afterwards.
type lineReader struct {
	in   cancelreader.CancelReader
	rest []byte
}

func newLineReader(in io.Reader) (*lineReader, error) {
	r, err := cancelreader.NewReader(in)
	if err != nil {
		return nil, err
	}
	return &lineReader{in: r}, nil
}

// close releases what the reader needed, not the terminal.
func (r *lineReader) close() {
	// There is nobody who could do anything about it.
	_ = r.in.Close()
}

// line reads one line; ErrLeft at the end of the input.
func (r *lineReader) line(ctx context.Context) (string, error) {
	type result struct {
		text string
		err  error
	}
	read := make(chan result, 1)
	go func() {
		text, err := r.next()
		read <- result{text, err}
	}()
	select {
	case got := <-read:
		return got.text, got.err
	case <-ctx.Done():
		if r.in.Cancel() {
			<-read
		}
		return "", ctx.Err()
	}
}

func (r *lineReader) next() (string, error) {
	chunk := make([]byte, 1024)
	for {
		if i := bytes.IndexByte(r.rest, '\n'); i >= 0 {
			text := string(r.rest[:i])
			r.rest = r.rest[i+1:]
			return text, nil
		}
		n, err := r.in.Read(chunk)
		r.rest = append(r.rest, chunk[:n]...)
		switch {
		case errors.Is(err, io.EOF):
			return "", ErrLeft // what was not ended with return was not sent
		case err != nil:
			return "", err
		}
	}
}
