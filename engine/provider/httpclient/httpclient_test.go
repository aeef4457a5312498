package httpclient

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/provider"
)

func host(env map[string]string) provider.Host {
	return provider.Host{Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
}

func TestProxy(t *testing.T) {
	for name, test := range map[string]struct {
		env      map[string]string
		explicit string
		to, want string
	}{
		"none":        {to: "http://a"},
		"http":        {env: map[string]string{"http_proxy": "p:1"}, to: "http://a", want: "http://p:1"},
		"not https":   {env: map[string]string{"HTTP_PROXY": "http://p:1"}, to: "https://a"},
		"https":       {env: map[string]string{"HTTPS_PROXY": "http://p:1"}, to: "https://a", want: "http://p:1"},
		"no proxy":    {env: map[string]string{"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a"}, to: "https://a"},
		"loopback":    {env: map[string]string{"HTTP_PROXY": "http://p:1"}, to: "http://127.0.0.1"},
		"the block's": {env: map[string]string{"NO_PROXY": "*"}, explicit: "http://q:2", to: "http://a", want: "http://q:2"},
	} {
		t.Run(name, func(t *testing.T) {
			transport, err := Transport(host(test.env), Options{Proxy: test.explicit})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if transport.plain.Proxy != nil {
				u, err := url.Parse(test.to)
				if err != nil {
					t.Fatal(err)
				}
				proxy, err := transport.plain.Proxy(&http.Request{URL: u})
				if err != nil {
					t.Fatal(err)
				}
				if proxy != nil {
					got = proxy.String()
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProxyThatRefuses(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(proxy.Close)
	transport, err := Transport(provider.Host{}, Options{Proxy: strings.Replace(proxy.URL, "//", "//user:hidden@", 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := transport.RoundTrip(r)
	if err == nil {
		_ = answer.Body.Close()
	}
	if want := "the proxy " + proxy.URL + " does not connect to it: 403 Forbidden"; err == nil || err.Error() != want {
		t.Errorf("got %v, expected %q", err, want)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	for parallel, want := range map[int]int{0: 1, 1: 1, 16: 16, 100: 100, 5000: MaxConnections} {
		transport, err := Transport(host(nil), Options{MaxParallel: parallel})
		if err != nil {
			t.Fatal(err)
		}
		if transport.plain.MaxConnsPerHost != want || transport.plain.MaxIdleConnsPerHost != want || transport.plain.MaxIdleConns != MaxConnections {
			t.Errorf("%d at once: %d connections a host, %d idle, %d idle in all", parallel,
				transport.plain.MaxConnsPerHost, transport.plain.MaxIdleConnsPerHost, transport.plain.MaxIdleConns)
		}
	}
}

func TestTransportErrors(t *testing.T) {
	for want, o := range map[string]Options{
		"read ca_file": {CAFile: "/nowhere"}, "belong together": {KeyFile: "k"}, "proxy is not a URL": {Proxy: "http://u:secret@["},
	} {
		_, err := Transport(host(nil), o)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, expected %q", err, want)
		}
	}
}

func TestCredentials(t *testing.T) {
	for name, test := range map[string]struct {
		c    Credentials
		want string
	}{
		"good":     {Credentials{Headers: map[string]string{"X-Key": "secret"}, BearerToken: "secret"}, ""},
		"two":      {Credentials{BearerToken: "secret", Basic: &BasicAuth{}}, "exclude each other"},
		"newline":  {Credentials{BearerToken: "secret\n"}, "newline at its end"},
		"name":     {Credentials{Headers: map[string]string{"X Key": "secret"}}, `"X Key" is not the name`},
		"in value": {Credentials{Headers: map[string]string{"X-Key": "secret\r\nHost: x"}}, `value of header "X-Key"`},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.c.Check()
			if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret")) {
				t.Errorf("got %v, expected %q", err, test.want)
			}
		})
	}
}

// keep remembers the last request.
type keep struct{ last *http.Request }

func (k *keep) RoundTrip(r *http.Request) (*http.Response, error) {
	k.last = r
	return nil, errors.New("not sent")
}

func request(t *testing.T, method, to string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func send(transport http.RoundTripper, r *http.Request) error {
	answer, err := transport.RoundTrip(r)
	if err == nil {
		err = answer.Body.Close()
	}
	return err
}

func TestAuthorized(t *testing.T) {
	next := &keep{}
	transport := Authorized(next, "https://a:1", Credentials{
		Basic: &BasicAuth{Username: "u", Password: "p"}, Headers: map[string]string{"X-Key": "k", "host": "virtual"},
	})
	for to, want := range map[string]string{
		"https://a:1/x": "Basic dTpw k virtual", "https://a:2/x": "  a:2", "http://a:1/x": "  a:1", "https://b:1/x": "  b:1",
	} {
		sent := request(t, "GET", to)
		if err := send(transport, sent); err == nil {
			t.Error("it was sent")
		}
		got := strings.Join([]string{next.last.Header.Get("Authorization"), next.last.Header.Get("X-Key"), next.last.Host}, " ")
		if got != want {
			t.Errorf("to %s: %q, expected %q", to, got, want)
		}
		if sent.Header.Get("Authorization") != "" {
			t.Error("the caller's request was changed")
		}
	}
}

func TestReadOnly(t *testing.T) {
	for method, passes := range map[string]bool{
		"GET": true, "HEAD": true, "OPTIONS": true, "POST": false, "PUT": false, "DELETE": false, "PURGE": false, "get": false,
	} {
		next := &keep{}
		err := send(ReadOnly(next), request(t, method, "http://a"))
		if errors.Is(err, provider.ErrReadOnly) == passes || (next.last != nil) != passes {
			t.Errorf("%s: %v", method, err)
		}
	}
	if !Safe("get") || Safe("") || Safe("TRACE") {
		t.Error("Safe is wrong")
	}
}

// TestReadWithABodyEndsItsConnection: a server that leaves the body of a GET unread takes it for the next request, unless the
// connection ends with the first.
func TestReadWithABodyEndsItsConnection(t *testing.T) {
	for name, guarded := range map[string]func(http.RoundTripper) http.RoundTripper{
		"read-only": ReadOnly,
		"read":      func(next http.RoundTripper) http.RoundTripper { return Guard(next, errors.New("a write")) },
	} {
		next := &keep{}
		for body, ends := range map[string]bool{"": false, "POST /write HTTP/1.1\r\nHost: a\r\n\r\n": true} {
			r, err := http.NewRequestWithContext(t.Context(), "GET", "http://a", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Connection", "keep-alive")
			_ = send(guarded(next), r) // which is kept and not sent
			if kept := next.last.Header.Get("Connection") != ""; next.last.Close != ends || kept == ends {
				t.Errorf("%s with the body %q: the connection ends: %t, and says so by itself: %t", name, body, next.last.Close, kept)
			}
			if r.Close || r.Header.Get("Connection") == "" {
				t.Errorf("%s: the caller's request was changed", name)
			}
		}
	}
}

func TestAuthoritiesAreReadOnFirstUse(t *testing.T) {
	pool, err := Transport(host(map[string]string{"SSL_CERT_FILE": "/nowhere"}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: pool}
	defer client.CloseIdleConnections()
	plain, secure := httptest.NewServer(http.NotFoundHandler()), httptest.NewTLSServer(http.NotFoundHandler())
	defer plain.Close()
	defer secure.Close()
	answer, err := client.Get(plain.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if answer, err := client.Get(secure.URL); err == nil || !strings.Contains(err.Error(), "SSL_CERT_FILE") {
		if err == nil {
			answer.Body.Close() //nolint:errcheck // the test has failed already
		}
		t.Errorf("got %v", err)
	}
}
