package httpclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/trust"
)

// MaxConnections bounds the connections to one host, and the idle ones to all: together they stay below the 256 open
// files that some systems allow a process.
const MaxConnections = 100

// Options say how to connect. The zero value trusts the system and takes the proxy of the environment.
type Options struct {
	// Dir is where relative paths start.
	Dir string
	// CAFile replaces the system's authorities.
	CAFile string
	// CertFile and KeyFile are the client's own certificate.
	CertFile, KeyFile string
	// Proxy is a URL; empty: HTTP_PROXY, HTTPS_PROXY and NO_PROXY decide.
	Proxy string
	// MaxParallel is how many requests are under way at once; at least 1.
	MaxParallel int
}

// Pool is the transport of one configuration: idle connections are kept so that as many requests as run at once reuse
// theirs. The caller closes them at the end. Safe for concurrent use.
type Pool struct {
	plain *http.Transport
	// secure is plain with the authorities of SSL_CERT_FILE: reading a system's whole bundle takes milliseconds, which
	// those who speak no TLS shall not pay.
	secure func() (*http.Transport, error)
	used   atomic.Bool // secure was asked for
}

// RoundTrip sends a request.
func (p *Pool) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && p.plain.Proxy == nil {
		return p.plain.RoundTrip(r)
	}
	p.used.Store(true)
	t, err := p.secure()
	if err != nil {
		return nil, err
	}
	return t.RoundTrip(r)
}

// CloseIdleConnections closes the connections that are kept for reuse.
func (p *Pool) CloseIdleConnections() {
	p.plain.CloseIdleConnections()
	if !p.used.Load() {
		return
	}
	if t, err := p.secure(); err == nil && t != p.plain {
		t.CloseIdleConnections()
	}
}

// Transport makes a pool.
func Transport(host provider.Host, o Options) (*Pool, error) {
	var roots *x509.CertPool
	if o.CAFile != "" {
		var err error
		if roots, err = trust.Roots(host, o.Dir, o.CAFile); err != nil {
			return nil, err
		}
	}
	own, err := trust.Own(o.Dir, o.CertFile, o.KeyFile)
	if err != nil {
		return nil, err
	}
	proxy, err := proxyOf(host, o.Proxy)
	if err != nil {
		return nil, err
	}
	perHost := min(max(o.MaxParallel, 1), MaxConnections)
	plain := &http.Transport{
		Proxy:                 proxy,
		DialContext:           (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: roots, Certificates: own, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          MaxConnections,
		MaxIdleConnsPerHost:   perHost,
		MaxConnsPerHost:       perHost,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		OnProxyConnectResponse: func(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			return fmt.Errorf("the proxy %s does not connect to it: %s", Origin(proxy), answer.Status)
		},
	}
	if o.CAFile != "" {
		return &Pool{plain: plain, secure: func() (*http.Transport, error) { return plain, nil }}, nil
	}
	return &Pool{plain: plain, secure: sync.OnceValues(func() (*http.Transport, error) {
		roots, err := trust.Roots(host, o.Dir, "")
		if err != nil || roots == nil {
			return plain, err
		}
		t := plain.Clone()
		t.TLSClientConfig.RootCAs = roots
		return t, nil
	})}, nil
}

// proxyOf is nil where there is no proxy, which spares each request the question.
func proxyOf(host provider.Host, explicit string) (func(*http.Request) (*url.URL, error), error) {
	if explicit != "" {
		u, err := url.Parse(explicit)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("proxy is not a URL; write one like \"http://proxy.example.com:3128\"")
		}
		return http.ProxyURL(u), nil
	}
	config := httpproxy.Config{
		HTTPProxy:  either(host, "HTTP_PROXY", "http_proxy"),
		HTTPSProxy: either(host, "HTTPS_PROXY", "https_proxy"),
		NoProxy:    either(host, "NO_PROXY", "no_proxy"),
	}
	if config.HTTPProxy == "" && config.HTTPSProxy == "" {
		return nil, nil
	}
	choose := config.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }, nil
}

func either(host provider.Host, upper, lower string) string {
	if v := host.Getenv(upper); v != "" {
		return v
	}
	return host.Getenv(lower)
}
