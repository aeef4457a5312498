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
	"strings"
	"syscall"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

// explained is an error with another text.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// Explain gives err a plain text. When ctx has ended, or a deadline is the cause, the error wraps context.Canceled or
// context.DeadlineExceeded and says what was being done, in words that follow "while": "waiting for the answer".
func Explain(ctx context.Context, err error, doing string) error {
	if err == nil {
		return nil
	}
	if stopped := ctx.Err(); stopped != nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		if stopped == nil {
			stopped = context.DeadlineExceeded
			if errors.Is(err, context.Canceled) {
				stopped = context.Canceled
			}
		}
		text := "timed out while " + doing
		if errors.Is(stopped, context.Canceled) {
			text = "interrupted while " + doing
		}
		// The context may have ended with a cause of its own: both are kept.
		return &explained{text: text, err: errors.Join(stopped, err)}
	}
	if text := Text(err); text != err.Error() {
		return &explained{text: text, err: err}
	}
	return err
}

// Text says in plain words what err means. An error that it does not know keeps its own text, without the URL that
// net/http puts before it (which may hold credentials).
func Text(err error) string {
	for _, explain := range explainers {
		if text := explain(err); text != "" {
			return text
		}
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// explainers in the order in which they are asked: the more precise first.
var explainers = []func(error) string{certificate, handshake, name, connection, closed, malformed}

// certificate explains why a certificate is not trusted.
func certificate(err error) string {
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "certificate not trusted: " + strings.TrimPrefix(e.Error(), "x509: ")
	}
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return "certificate for another host: " + strings.TrimPrefix(e.Error(), "x509: ")
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if e.Reason == x509.Expired && e.Cert != nil {
			// Go's text names the present moment, which differs each time.
			if strings.Contains(e.Detail, " is before ") {
				return "certificate not valid: not yet, but from " + provider.Moment(e.Cert.NotBefore)
			}
			return "certificate not valid: expired at " + provider.Moment(e.Cert.NotAfter)
		}
		return "certificate not valid: " + strings.TrimPrefix(e.Error(), "x509: ")
	}
	return ""
}

// handshake explains why TLS could not be spoken.
func handshake(err error) string {
	if e, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return fmt.Sprintf("the server does not speak TLS here (it sent %q)", strings.TrimRight(string(e.RecordHeader[:]), "\x00"))
	}
	if e, ok := errors.AsType[tls.AlertError](err); ok {
		return "the server refused the TLS handshake: " + strings.TrimPrefix(e.Error(), "tls: ")
	}
	if strings.Contains(err.Error(), "remote error: tls:") {
		_, alert, _ := strings.Cut(err.Error(), "remote error: tls: ")
		return "the server refused the TLS handshake: " + alert
	}
	if strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return "the server speaks plain HTTP here, not TLS"
	}
	return ""
}

// name explains a failed look-up.
func name(err error) string {
	e, ok := errors.AsType[*net.DNSError](err)
	switch {
	case !ok:
		return ""
	case e.IsNotFound:
		return fmt.Sprintf("no such host: %q is not in the DNS", e.Name)
	case e.IsTimeout:
		return fmt.Sprintf("the DNS did not answer for %q", e.Name)
	}
	return fmt.Sprintf("look up %q: %s", e.Name, e.Err)
}

// reasons are the system's errors in words that name the peer.
var reasons = []struct {
	errno syscall.Errno
	text  string
}{
	{syscall.ECONNREFUSED, "connection refused"},
	{syscall.ECONNRESET, "the server reset the connection"},
	{syscall.EPIPE, "the server closed the connection"},
	{syscall.EHOSTUNREACH, "no route to host"},
	{syscall.ENETUNREACH, "network is unreachable"},
	{syscall.ETIMEDOUT, "connection timed out"},
	{syscall.EMFILE, "too many open files (see ulimit -n)"},
}

// connection explains a failed dial, read or write.
func connection(err error) string {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok {
		return ""
	}
	if inner, ok := errors.AsType[*net.OpError](op.Err); ok && op.Op == "proxyconnect" {
		return "the proxy: " + connection(inner)
	}
	text := op.Err.Error()
	if e, ok := errors.AsType[*os.SyscallError](op.Err); ok {
		text = e.Err.Error()
	}
	for _, r := range reasons {
		if errors.Is(err, r.errno) {
			text = r.text
		}
	}
	if op.Timeout() {
		text = "timed out"
	}
	if op.Op == "dial" && op.Addr != nil {
		return fmt.Sprintf("connect to %s: %s", op.Addr, text)
	}
	return text
}

// closed explains an answer that did not come or did not end.
func closed(err error) string {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed the connection in the middle of its answer"
	case errors.Is(err, io.EOF):
		return "the server closed the connection without an answer"
	}
	return ""
}

// malformed explains an answer that could not be read as HTTP. One that was cut off in its head looks the same.
func malformed(err error) string {
	_, what, found := strings.Cut(err.Error(), "malformed ")
	if !found {
		return ""
	}
	return "the answer is not HTTP, or the server closed the connection in the middle of it (malformed " + what + ")"
}

// NoAnswer says that nothing came before the context ended, which took so long. It wraps the context's error.
func NoAnswer(ctx context.Context, took time.Duration) error {
	why := "the step was stopped"
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		why = "the step's timeout ended"
	}
	return &explained{fmt.Sprintf("no answer after %s, %s", provider.Told(took), why), ctx.Err()}
}
