package httpclient

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

// safe are the methods of RFC 9110, 9.2.1 that are of use here.
var safe = map[string]bool{http.MethodGet: true, http.MethodHead: true, http.MethodOptions: true}

// Safe reports whether a method changes nothing on the server (RFC 9110, 9.2.1).
func Safe(method string) bool { return safe[strings.ToUpper(method)] }

// ReadOnly is a transport that lets only safe methods out, redirected requests included. What it stops is an error that
// wraps [provider.ErrReadOnly].
func ReadOnly(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if safe[r.Method] {
			return next.RoundTrip(r)
		}
		if r.Body != nil {
			_ = r.Body.Close() // the contract of RoundTripper; nothing was read from it
		}
		return nil, fmt.Errorf("method %s may change something: %w", r.Method, provider.ErrReadOnly)
	})
}
