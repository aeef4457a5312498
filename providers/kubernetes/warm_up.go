package kubernetes

import (
	"net/http"
	"net/http/httptrace"
	"sync"
)

// warmUp lets the first request out alone until its connection stands; those that came meanwhile then share it. Steps
// of a runbook start together, and without this each would dial and shake hands for itself before HTTP/2 finds out
// that one connection carries them all: CPU on both sides, for nothing.
type warmUp struct {
	next http.RoundTripper

	mu    sync.Mutex
	ready chan struct{} // closed when the request under way has a connection or failed; nil: none is
	done  bool
}

// RoundTrip waits at most as long as the request's context allows.
func (t *warmUp) RoundTrip(r *http.Request) (*http.Response, error) {
	for {
		t.mu.Lock()
		if t.done {
			t.mu.Unlock()
			return t.next.RoundTrip(r)
		}
		ready := t.ready
		if ready == nil {
			ready = make(chan struct{})
			t.ready = ready
			t.mu.Unlock()
			return t.first(r, ready)
		}
		t.mu.Unlock()
		select {
		case <-ready:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// first sends the request and lets the others go once it has been written: the connection is known to the pool then.
func (t *warmUp) first(r *http.Request, ready chan struct{}) (*http.Response, error) {
	var once sync.Once
	release := func(connected bool) {
		once.Do(func() {
			t.mu.Lock()
			t.done, t.ready = connected, nil
			t.mu.Unlock()
			close(ready)
		})
	}
	trace := &httptrace.ClientTrace{WroteHeaders: func() { release(true) }}
	response, err := t.next.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	release(err == nil)
	return response, err
}

// CloseIdleConnections reaches the transport below.
func (t *warmUp) CloseIdleConnections() { closeIdle(t.next) }

// WrappedRoundTripper lets client-go find the transport below.
func (t *warmUp) WrappedRoundTripper() http.RoundTripper { return t.next }
