package http

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/httpclient"
)

type config struct {
	BaseURL     string                `rb:"base_url" check:"url" doc:"URL that relative ones are joined to; credentials are then sent to its origin only."`
	Headers     map[string]string     `rb:"headers,sensitive" check_keys:"http_header" doc:"Headers of every request."`
	BearerToken string                `rb:"bearer_token,sensitive" doc:"Token of the header Authorization."`
	BasicAuth   *httpclient.BasicAuth `rb:"basic_auth,sensitive" doc:"User and password of the header Authorization."`
	CAFile      string                `rb:"ca_file,file" doc:"PEM file of the authorities to trust in place of the system's."`
	CertFile    string                `rb:"client_cert_file,file" doc:"PEM file of the client's own certificate."`
	KeyFile     string                `rb:"client_key_file,file" doc:"PEM file of the key of client_cert_file."`
	Proxy       string                `rb:"proxy,sensitive" doc:"URL of a proxy; without it HTTP_PROXY, HTTPS_PROXY and NO_PROXY decide."`
}

// New declares the provider.
func New() *provider.Provider {
	return provider.New(provider.Setup[config, *client]{
		Name: "http", Doc: "Requests to HTTP services.",
		Open: open, Target: target,
		Checks:  map[string]provider.Check{"http_method": checkMethod, "http_status": checkStatus, "http_header": httpclient.CheckHeaderName, "http_body_bytes": checkBodyBytes},
		Actions: []provider.Action{request()},
	})
}

// client is shared by all steps of a configuration.
type client struct {
	transport   *httpclient.Pool
	readOnly    bool
	base        *url.URL
	credentials httpclient.Credentials
}

func open(_ context.Context, req provider.Open[config]) (*client, error) {
	c := req.Config
	base, err := baseURL(c.BaseURL)
	if err != nil {
		return nil, err
	}
	credentials := httpclient.Credentials{Headers: c.Headers, BearerToken: c.BearerToken, Basic: c.BasicAuth}
	if err := credentials.Check(); err != nil {
		return nil, configError(err)
	}
	transport, err := httpclient.Transport(req.Host, httpclient.Options{
		Dir: req.Dir, CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, Proxy: c.Proxy,
		MaxParallel: req.MaxParallel,
	})
	if err != nil {
		return nil, configError(err)
	}
	return &client{transport: transport, readOnly: req.ReadOnly, base: base, credentials: credentials}, nil
}

// Close closes the connections that are kept for reuse.
func (c *client) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

func configError(err error) error {
	return &provider.Error{Op: "configuration of provider http", Err: err, NothingDone: true, Permanent: true}
}

// target is base_url with its path, which a secret one does not show: it may be what is secret about it.
func target(req provider.Open[config]) (provider.Place, error) {
	base, err := baseURL(req.Config.BaseURL)
	within := httpclient.Within(req.OpenRequest, req.Config.Headers)
	switch {
	case err != nil || base == nil && within == "":
		return provider.Place{}, err
	case base == nil:
		return provider.Place{Text: "the URL's host", Within: within}, nil
	}
	origin := httpclient.Origin(base)
	return provider.Place{
		Text: origin + strings.TrimRight(base.EscapedPath(), "/"), Short: origin, Hidden: req.Sensitive("base_url"), Within: within,
	}, nil
}

// baseURL is nil where none is configured.
func baseURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		// The text is left out: it may hold a password.
		return nil, configError(fmt.Errorf("base_url is not a URL; write one like \"https://api.example.com/v1\""))
	}
	return u, nil
}

// locate joins a step's URL to the base.
func (c *client) locate(text string) (*url.URL, error) {
	if err := provider.CheckQuery(text); err != nil {
		return nil, fmt.Errorf("url can't be asked for: %w, or give it in query", err)
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("url is not a URL; write one like \"https://example.com/health\"")
	}
	switch {
	case u.Scheme == "" && u.Host == "" && c.base == nil:
		return nil, fmt.Errorf("url %q is relative, and the provider block has no base_url", u.Redacted())
	case u.Scheme == "" && u.Host == "":
		joined := *c.base
		joined.RawQuery, joined.Fragment = u.RawQuery, ""
		joined.Path, joined.RawPath = join(c.base.Path, u.Path), ""
		if c.base.RawPath != "" || u.RawPath != "" {
			joined.RawPath = join(c.base.EscapedPath(), u.EscapedPath())
		}
		return &joined, nil
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("url %q has no scheme and host; write one like \"https://example.com/health\"", u.Redacted())
	}
	return u, nil
}

// join puts one slash between two paths; an empty second path leaves the first as it is.
func join(base, path string) string {
	if path == "" {
		return base
	}
	return strings.TrimSuffix(base, "/") + "/" + strings.TrimPrefix(path, "/")
}

func checkStatus(value string) error {
	// A status has three digits, of which the first is 1 to 5 (RFC 9110, 15).
	if n, err := strconv.Atoi(value); err != nil || n < 100 || n > 599 {
		return fmt.Errorf("%s is not a status of HTTP; write one from 100 to 599, such as 200", value)
	}
	return nil
}

func checkBodyBytes(value string) error {
	if n, err := strconv.ParseInt(value, 10, 64); err != nil || n < 0 || n > maxBodyBytes {
		return fmt.Errorf("it is %s; write a number of bytes from 0 to %d", value, maxBodyBytes)
	}
	return nil
}

func checkMethod(value string) error {
	if !httpguts.ValidHeaderFieldName(value) { // a method is a token, as a header's name is (RFC 9110, 9.1)
		return fmt.Errorf("%q is not a method; write one like \"GET\" or \"POST\"", value)
	}
	return nil
}
