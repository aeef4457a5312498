package httpclient

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
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

// Transport makes one. Idle connections are kept so that as many requests as run at once reuse theirs; the caller
// closes them at the end.
func Transport(host provider.Host, o Options) (*http.Transport, error) {
	roots, err := trust.Roots(host, o.Dir, o.CAFile)
	if err != nil {
		return nil, err
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
	return &http.Transport{
		Proxy:                 proxy,
		DialContext:           (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: roots, Certificates: own, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          MaxConnections,
		MaxIdleConnsPerHost:   perHost,
		MaxConnsPerHost:       perHost,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
	}, nil
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
