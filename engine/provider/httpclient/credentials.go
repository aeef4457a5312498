package httpclient

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// BasicAuth is a user's name and password, as a provider block writes them.
type BasicAuth struct {
	Username string `rb:"username,required" doc:"Name of the user."`
	Password string `rb:"password,required,sensitive" doc:"Password of the user."`
}

// Credentials are the headers of a provider block.
type Credentials struct {
	Headers     map[string]string
	BearerToken string
	Basic       *BasicAuth
}

// Check refuses credentials that can't be sent. No value is in the error.
func (c Credentials) Check() error {
	if c.BearerToken != "" && c.Basic != nil {
		return fmt.Errorf("bearer_token and basic_auth exclude each other: both set the header Authorization")
	}
	if !httpguts.ValidHeaderFieldValue(c.BearerToken) {
		return fmt.Errorf("bearer_token holds a line break or another character that a header can't; is there a newline at its end?")
	}
	return CheckHeaders(c.Headers)
}

// CheckHeaderName refuses what is no token (RFC 9110, 5.1).
func CheckHeaderName(name string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("%q is not the name of a header; write letters, digits and hyphens, such as \"X-Request-Id\"", name)
	}
	return nil
}

// CheckHeaders refuses names and values that HTTP does not allow. No value is in the error.
func CheckHeaders(headers map[string]string) error {
	for name, value := range headers {
		if err := CheckHeaderName(name); err != nil {
			return err
		}
		if !httpguts.ValidHeaderFieldValue(value) {
			return fmt.Errorf("the value of header %q holds a line break or another character that a header can't", name)
		}
	}
	return nil
}

// Apply sets them on a request, headers last.
func (c Credentials) Apply(r *http.Request) {
	if c.BearerToken != "" {
		r.Header.Set("Authorization", "Bearer "+c.BearerToken)
	}
	if c.Basic != nil {
		r.SetBasicAuth(c.Basic.Username, c.Basic.Password)
	}
	SetHeaders(r, c.Headers)
}

// SetHeaders sets headers on a request; "Host" is its host, as curl has it.
func SetHeaders(r *http.Request, headers map[string]string) {
	for name, value := range headers {
		if strings.EqualFold(name, "Host") {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
}

// Origin is scheme, host and port of a URL, and nothing of its user, path or query.
func Origin(u *url.URL) string {
	return u.Scheme + "://" + u.Host
}

// Authorized is a transport that adds the credentials to what goes to their origin, and to nothing else: a redirect
// takes them nowhere.
func Authorized(next http.RoundTripper, origin string, c Credentials) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if Origin(r.URL) == origin {
			r = r.Clone(r.Context())
			c.Apply(r)
		}
		return next.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
