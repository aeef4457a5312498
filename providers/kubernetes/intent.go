package kubernetes

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"k8s.io/streaming/pkg/httpstream"

	"github.com/e82355ed/runbook/engine/provider"
)

// permit is how far an action may go. Requests of a context without an intent read.
type permit uint8

const (
	reading permit = iota
	// rehearsing may send changes that the server is told not to carry out: dryRun=All.
	rehearsing
	changing
)

// intent travels in the context of an action's requests, so that the transport knows what the action is for, and the
// action afterwards what the transport has sent.
type intent struct {
	permit permit
	// touched is true once something was sent of which it is not sure that the server refused it.
	touched atomic.Bool
}

type intentKey struct{}

func withIntent(ctx context.Context, p permit) (context.Context, *intent) {
	i := &intent{permit: p}
	return context.WithValue(ctx, intentKey{}, i), i
}

func intentOf(ctx context.Context) *intent {
	if i, ok := ctx.Value(intentKey{}).(*intent); ok {
		return i
	}
	return &intent{}
}

// send lets a change out and keeps whether it may have taken place: not where no connection came about, and not where
// the server refused it.
func (i *intent) send(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	if httpstream.IsUpgradeRequest(r) {
		return i.upgrade(next, r)
	}
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	response, err := next.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	switch {
	case err != nil && !connected.Load():
	case err == nil && response.StatusCode >= 400 && response.StatusCode < 500:
	default:
		i.touched.Store(true)
	}
	return response, err
}

// upgrade opens a tunnel, whose transport dials for itself. Nothing runs at its other end before the server agreed.
func (i *intent) upgrade(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	response, err := next.RoundTrip(r)
	switch {
	case err != nil && (dialFailed(err) || httpstream.IsUpgradeFailure(err)):
	case err == nil && response.StatusCode != http.StatusSwitchingProtocols:
	default:
		i.touched.Store(true)
	}
	return response, err
}

// settle states in the error whether something was done, which no single answer can tell of an action that sends several
// requests.
func (i *intent) settle(op string, err error) error {
	var told *provider.Error
	if !errors.As(err, &told) {
		return &provider.Error{Op: op, Err: err, NothingDone: !i.touched.Load()}
	}
	settled := *told
	settled.NothingDone = !i.touched.Load()
	return &settled
}
