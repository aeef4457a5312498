package http

import (
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"
)

type timing struct {
	DNSMS       float64 `rb:"dns_ms" doc:"Look-up of the host's name; 0 on a connection that was reused."`
	ConnectMS   float64 `rb:"connect_ms" doc:"TCP connection; 0 on a connection that was reused."`
	TLSMS       float64 `rb:"tls_ms" doc:"TLS handshake; 0 without TLS or on a connection that was reused."`
	FirstByteMS float64 `rb:"first_byte_ms" doc:"From the start to the first byte of the answer."`
	TotalMS     float64 `rb:"total_ms" doc:"From the start to the last byte that was read."`
}

// trace follows a request. Its hooks run on several goroutines, some after the request has got another connection than
// the one that was dialled for it, hence the lock and the look at connected.
type trace struct {
	mu        sync.Mutex
	start     time.Time
	phase     string
	connected bool
	// written says that bytes of some request were sent: after that the service may have acted.
	written bool
	remote  string
	reused  bool

	dnsStart, dnsDone, dialStart, dialDone, tlsStart, tlsDone, sentAt, firstByte time.Time
}

func newTrace() *trace { return &trace{start: time.Now(), phase: "waiting for a free connection"} }

// attach hooks the trace into requests made with the context.
func (t *trace) attach(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:           func(string) { t.note(func() { t.connected, t.phase = false, "waiting for a free connection" }) },
		DNSStart:          func(httptrace.DNSStartInfo) { t.dialling(&t.dnsStart, "looking up the name") },
		DNSDone:           func(httptrace.DNSDoneInfo) { t.dialling(&t.dnsDone, "connecting") },
		ConnectStart:      func(_, _ string) { t.dialling(&t.dialStart, "connecting") },
		ConnectDone:       func(_, _ string, _ error) { t.dialling(&t.dialDone, "connecting") },
		TLSHandshakeStart: func() { t.dialling(&t.tlsStart, "in the TLS handshake") },
		TLSHandshakeDone:  func(tls.ConnectionState, error) { t.dialling(&t.tlsDone, "in the TLS handshake") },
		GotConn: func(i httptrace.GotConnInfo) {
			t.note(func() {
				t.connected, t.written, t.phase = true, true, "sending the request"
				t.reused, t.remote = i.Reused, i.Conn.RemoteAddr().String()
			})
		},
		WroteRequest: func(httptrace.WroteRequestInfo) {
			t.note(func() { t.sentAt, t.phase = time.Now(), "waiting for the answer" })
		},
		GotFirstResponseByte: func() {
			t.note(func() { t.firstByte, t.phase = time.Now(), "reading the answer" })
		},
	})
}

func (t *trace) note(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
}

// dialling notes a moment of making a connection, unless the request already has one.
func (t *trace) dialling(moment *time.Time, phase string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.connected {
		*moment, t.phase = time.Now(), phase
	}
}

// sent reports whether the service may have got something.
func (t *trace) sent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.written
}

// doing says what the request was at, after "while".
func (t *trace) doing() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.phase
}

// fill puts the times into the result.
func (t *trace) fill(r *requestResult) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.RemoteAddress = t.remote
	r.LatencyMS = between(t.sentAt, t.firstByte)
	r.Timing = timing{FirstByteMS: between(t.start, t.firstByte), TotalMS: between(t.start, time.Now())}
	if !t.reused {
		r.Timing.DNSMS = between(t.dnsStart, t.dnsDone)
		r.Timing.ConnectMS = between(t.dialStart, t.dialDone)
		r.Timing.TLSMS = between(t.tlsStart, t.tlsDone)
	}
}

// between is in milliseconds, rounded to microseconds; 0 where one of the moments did not come.
func between(from, to time.Time) float64 {
	if from.IsZero() || to.IsZero() || to.Before(from) {
		return 0
	}
	return float64(to.Sub(from).Round(time.Microsecond)) / float64(time.Millisecond)
}
