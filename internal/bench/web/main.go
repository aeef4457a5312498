package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "serve":
		return serve(os.Stdin, os.Stdout)
	case len(args) == 4 && args[0] == "ask":
		count, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		parallel, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		return ask(args[1], count, parallel)
	}
	return errors.New("usage: web serve | web ask URL COUNT PARALLEL")
}

// slowness is how long /slow takes.
const slowness = 20 * time.Millisecond

// handler answers both paths with the same JSON.
func handler() http.Handler {
	mux := http.NewServeMux()
	healthy := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"healthy"}`) // who went away needs no answer
	}
	mux.HandleFunc("/health", healthy)
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(slowness):
			healthy(w, r)
		case <-r.Context().Done():
		}
	})
	return mux
}

// serve ends when its input does: with the bench, however that ends.
func serve(in io.Reader, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "http://%s\n", listener.Addr()); err != nil {
		return err
	}
	server := &http.Server{Handler: handler(), ReadHeaderTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	if err := server.Close(); err != nil {
		return err
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
