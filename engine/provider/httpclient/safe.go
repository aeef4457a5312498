package httpclient

import (
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/e82355ed/runbook/engine/provider"
)

// safe are the methods of RFC 9110, 9.2.1 that are of use here.
var safe = map[string]bool{http.MethodGet: true, http.MethodHead: true, http.MethodOptions: true}

// overriding are headers by which many servers and frameworks take another method than the request's own.
var overriding = []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"}

// Safe reports whether a method changes nothing on the server (RFC 9110, 9.2.1).
func Safe(method string) bool { return safe[strings.ToUpper(method)] }

// Overrides reports whether one of the headers asks the server to take another method than the request's own.
func Overrides(headers map[string]string) bool {
	for name := range headers {
		name = strings.ReplaceAll(name, "_", "-") // as CGI and its heirs do with both
		for _, o := range overriding {
			if strings.EqualFold(name, o) {
				return true
			}
		}
	}
	return false
}

// ReadOnly is a transport that lets only reads out, redirected requests included. What it stops is an error that wraps
// [provider.ErrReadOnly].
func ReadOnly(next http.RoundTripper) http.RoundTripper { return Guard(next, provider.ErrReadOnly) }

// Guard is a transport that lets only reads out: safe methods, without a header that makes more of them, and no
// connection that goes on in another protocol, over which anything can be sent (a GET is how kubectl exec begins). What
// it stops is an error that wraps cause. A request with a body is the last of its connection.
func Guard(next http.RoundTripper, cause error) http.RoundTripper {
	return Only(alone(next), func(r *http.Request) error {
		if why := notRead(r); why != "" {
			return fmt.Errorf("%s: %w", why, cause)
		}
		return nil
	})
}

// alone is a transport that ends a connection after a request with a body. A server that does not read the body of a GET, as it
// need not expect one, takes it for the next request, and it may be written so that it is one.
func alone(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil && r.Body != http.NoBody {
			r = r.Clone(r.Context())
			r.Close = true
			r.Header.Del("Connection") // a second one, "keep-alive", would leave it to the server which to believe
		}
		return next.RoundTrip(r)
	})
}

// Only is a transport that sends what refuse has no error for.
func Only(next http.RoundTripper, refuse func(*http.Request) error) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		err := refuse(r)
		if err == nil {
			return next.RoundTrip(r)
		}
		if r.Body != nil {
			_ = r.Body.Close() // the contract of RoundTripper; nothing was read from it
		}
		return nil, err
	})
}

// notRead says why a request may change something; empty: it is a read.
func notRead(r *http.Request) string {
	if !safe[r.Method] {
		return "method " + r.Method + " may change something"
	}
	for name, values := range r.Header {
		switch name = http.CanonicalHeaderKey(name); {
		case name == "Upgrade", name == "Connection" && httpguts.HeaderValuesContainsToken(values, "upgrade"):
			return "header " + name + " begins another protocol"
		case Overrides(map[string]string{name: ""}):
			return "header " + name + " puts another method in the place of " + r.Method
		}
	}
	return ""
}
