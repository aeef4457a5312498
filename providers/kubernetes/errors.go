package kubernetes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

// explain tells what went wrong in the words of the person on call. Op is what was tried: "list pods in production".
func (c *client) explain(ctx context.Context, op string, err error) error {
	out := &provider.Error{Op: op, Endpoint: c.cluster.endpoint}
	var status *apierrors.StatusError
	ended := ended(ctx, err)
	switch {
	case ended != nil:
		out.Err = ended
	case errors.Is(err, provider.ErrReadOnly):
		out.Err, out.NothingDone, out.Permanent = err, true, true
	case errors.As(err, &status):
		c.explainStatus(out, status)
	default:
		c.explainTransport(out, err)
	}
	return out
}

// explained is explain of an error that may be told already.
func (c *client) explained(ctx context.Context, op string, err error) error {
	if told := (*provider.Error)(nil); errors.As(err, &told) {
		return err
	}
	return c.explain(ctx, op, err)
}

// ended says that the context ended the call; nil: something else did. A dialler counts the time itself and may be a
// moment ahead of the context.
func ended(ctx context.Context, err error) error {
	deadline, bounded := ctx.Deadline()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded), bounded && !time.Now().Before(deadline):
		return plain{"the API server did not answer in time", context.DeadlineExceeded}
	case ctx.Err() != nil:
		return plain{"interrupted", ctx.Err()}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err // of a request beside the one that failed
	}
	return nil
}

// statusAdvice says for each HTTP status whether repeating can help and what to do.
var statusAdvice = map[int32]struct {
	permanent bool
	hint      string
}{
	http.StatusUnauthorized:        {true, "Renew the credentials of user %[1]q in the kubeconfig."},
	http.StatusForbidden:           {true, "Grant it with a Role and a RoleBinding, or use a context that may."},
	http.StatusNotFound:            {true, ""},
	http.StatusBadRequest:          {true, ""},
	http.StatusMethodNotAllowed:    {true, ""},
	http.StatusUnprocessableEntity: {true, ""},
	http.StatusTooManyRequests:     {false, "The API server sheds load; repeat later, or lower max_parallel or qps of the provider."},
}

func (c *client) explainStatus(out *provider.Error, status *apierrors.StatusError) {
	s := status.ErrStatus
	advice := statusAdvice[s.Code]
	out.Permanent = advice.permanent
	out.NothingDone = s.Code >= 400 && s.Code < 500 && s.Code != http.StatusRequestTimeout // which what stands between may say
	out.Hint = advice.hint
	switch s.Reason {
	case metav1.StatusReasonUnauthorized:
		out.Err = plain{fmt.Sprintf("the server does not accept the credentials of context %s (401 Unauthorized)", c.cluster.context), status}
		out.Hint = fmt.Sprintf(advice.hint, c.cluster.user)
	case metav1.StatusReasonForbidden:
		out.Err = plain{"403 " + s.Message, status}
	default:
		out.Err = plain{fmt.Sprintf("%d %s", s.Code, firstOf(s.Message, string(s.Reason))), status}
	}
}

func (c *client) explainTransport(out *provider.Error, err error) {
	out.Err = cause(err)
	var (
		untrusted x509.UnknownAuthorityError
		hostname  x509.HostnameError
		plainHTTP tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &untrusted):
		out.Permanent, out.NothingDone = true, true
		out.Err = plain{"the server's certificate is not signed by an authority that the kubeconfig trusts", out.Err}
		out.Hint = "Check certificate-authority of context " + c.cluster.context + "; somebody may be in between."
	case errors.As(err, &hostname), errors.As(err, &plainHTTP):
		out.Permanent, out.NothingDone = true, true
	case errors.Is(err, syscall.ECONNREFUSED):
		out.NothingDone = true
		out.Hint = "Nobody listens there: is the cluster up, and is " + c.cluster.context + " the right context?"
	case dialFailed(err):
		out.NothingDone = true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		out.Err = plain{"the server closed the connection before it answered", out.Err}
	}
}

// cause takes off the wrapping of net/http, which repeats method and URL, and says what a dial tried.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return plain{fmt.Sprintf("look up host %s: %s", dns.Name, dns.Err), err}
	}
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "dial" || op.Addr == nil {
		return err
	}
	reason := op.Err
	var call interface{ Unwrap() error } // os.SyscallError says "connect: connection refused"
	if errors.As(reason, &call) {
		if inner := call.Unwrap(); inner != nil {
			reason = inner
		}
	}
	return plain{fmt.Sprintf("connect to %s: %v", op.Addr, reason), err}
}

// dialFailed tells that there was no connection to send anything over.
func dialFailed(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// plain is an error told in other words.
type plain struct {
	text string
	err  error
}

func (p plain) Error() string { return p.text }
func (p plain) Unwrap() error { return p.err }

func notFound(err error) bool  { return apierrors.IsNotFound(err) }
func forbidden(err error) bool { return apierrors.IsForbidden(err) }

// wrong is a mistake in the step's own arguments.
func wrong(op string, err error) error {
	return &provider.Error{Op: op, Err: err, NothingDone: true, Permanent: true}
}

// refused reports whether the server says that it did not do what it was asked.
func refused(err error) bool {
	var status *apierrors.StatusError
	return errors.As(err, &status) && status.ErrStatus.Code >= 400 && status.ErrStatus.Code < 500
}

// after adds to an error what was done before it: of several objects the server refused a later one. partial says that to send all
// again is not to go on where it ended.
func after(err error, partial bool, done string, names []string) error {
	var told *provider.Error
	if errors.As(err, &told) {
		told.Partial = partial
		told.Hint = strings.TrimSpace(told.Hint + " " + done + " before it: " + strings.Join(names, ", ") + ".")
	}
	return err
}

// statusError is an answer without a Kubernetes Status in it.
func statusError(code int, method, path string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: int32(code), Reason: reasons[code],
		Message: fmt.Sprintf("%s for %s %s", http.StatusText(code), method, path),
	}}
}

var reasons = map[int]metav1.StatusReason{
	http.StatusUnauthorized: metav1.StatusReasonUnauthorized,
	http.StatusForbidden:    metav1.StatusReasonForbidden,
	http.StatusNotFound:     metav1.StatusReasonNotFound,
}
