package neterr

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

func TestText(t *testing.T) {
	address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}
	dial := func(errno syscall.Errno) error {
		return &url.Error{Op: "Get", URL: "http://u:p@h/?q", Err: &net.OpError{
			Op: "dial", Net: "tcp", Addr: address, Err: os.NewSyscallError("connect", errno)}}
	}
	outside := func(which string) error {
		return x509.CertificateInvalidError{
			Cert:   &x509.Certificate{NotBefore: time.Unix(0, 0), NotAfter: time.Unix(3600, 0)},
			Reason: x509.Expired, Detail: "current time 2026-11-23T06:56:32Z is " + which + " it",
		}
	}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"refused":     {dial(syscall.ECONNREFUSED), "connect to 127.0.0.1:80: connection refused"},
		"no route":    {dial(syscall.EHOSTUNREACH), "connect to 127.0.0.1:80: no route to host"},
		"files":       {dial(syscall.EMFILE), "connect to 127.0.0.1:80: too many open files (see ulimit -n)"},
		"other errno": {dial(syscall.EACCES), "connect to 127.0.0.1:80: permission denied"},
		"reset":       {&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "the server reset the connection"},
		"deadline":    {&net.OpError{Op: "dial", Addr: address, Err: os.ErrDeadlineExceeded}, "connect to 127.0.0.1:80: timed out"},
		"EOF":         {&url.Error{Op: "Get", URL: "http://h", Err: io.EOF}, "the server closed the connection without an answer"},
		"half":        {fmt.Errorf("read: %w", io.ErrUnexpectedEOF), "the server closed the connection in the middle of its answer"},
		"cut":         {errors.New(`net/http: HTTP/1.x transport connection broken: malformed HTTP response "H"`), `the answer is not HTTP, or the server closed the connection in the middle of it (malformed HTTP response "H")`},
		"no host":     {&net.DNSError{Name: "nowhere", IsNotFound: true}, `no such host: "nowhere" is not in the DNS`},
		"slow DNS":    {&net.DNSError{Name: "h", IsTimeout: true}, `the DNS did not answer for "h"`},
		"DNS":         {&net.DNSError{Name: "h", Err: "server misbehaving"}, `look up "h": server misbehaving`},
		"authority":   {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, "certificate not trusted: certificate signed by unknown authority"},
		"other host":  {x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"a"}}, Host: "b"}, "certificate for another host: certificate is valid for a, not b"},
		"rights":      {x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.NotAuthorizedToSign}, "certificate not valid: certificate is not authorized to sign other certificates"},
		"expired":     {outside("after"), "certificate not valid: expired at " + provider.Moment(time.Unix(3600, 0))},
		"too early":   {outside("before"), "certificate not valid: not yet, but from " + provider.Moment(time.Unix(0, 0))},
		"proxy":       {&net.OpError{Op: "proxyconnect", Net: "tcp", Err: dial(syscall.ECONNREFUSED)}, "the proxy: connect to 127.0.0.1:80: connection refused"},
		"alert":       {tls.AlertError(40), "the server refused the TLS handshake: handshake failure"},
		"remote":      {errors.New("remote error: tls: bad certificate"), "the server refused the TLS handshake: bad certificate"},
		"not TLS":     {tls.RecordHeaderError{RecordHeader: [5]byte{'H', 'T', 'T', 'P', '/'}}, `the server does not speak TLS here (it sent "HTTP/")`},
		"plain HTTP":  {&url.Error{Err: errors.New("http: server gave HTTP response to HTTPS client")}, "the server speaks plain HTTP here, not TLS"},
		"unknown":     {errors.New("odd"), "odd"},
		"unknown URL": {&url.Error{Op: "Get", URL: "http://u:p@h", Err: errors.New("odd")}, "odd"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Text(test.err); got != test.want {
				t.Errorf("got %q, expected %q", got, test.want)
			}
			explained := Explain(t.Context(), test.err, "testing")
			if explained.Error() != test.want || !errors.Is(explained, test.err) {
				t.Errorf("explained as %v", explained)
			}
		})
	}
}

func TestExplainTheEnd(t *testing.T) {
	if Explain(t.Context(), nil, "testing") != nil {
		t.Error("nothing is explained")
	}
	why := errors.New("the run is over")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	got := Explain(ended, fmt.Errorf("dial: %w", why), "connecting")
	if got.Error() != "interrupted while connecting" || !errors.Is(got, context.Canceled) || !errors.Is(got, why) {
		t.Errorf("got %v", got)
	}
	late, cancelLate := context.WithTimeout(t.Context(), 0)
	defer cancelLate()
	got = Explain(late, io.EOF, "waiting for the answer")
	if got.Error() != "timed out while waiting for the answer" || !errors.Is(got, context.DeadlineExceeded) {
		t.Errorf("got %v", got)
	}
	// The dialler's own clock may be ahead of the context's.
	got = Explain(t.Context(), fmt.Errorf("dial: %w", context.DeadlineExceeded), "connecting")
	if got.Error() != "timed out while connecting" || !errors.Is(got, context.DeadlineExceeded) {
		t.Errorf("got %v", got)
	}
}
