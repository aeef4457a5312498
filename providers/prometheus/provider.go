package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/httpclient"
)

type config struct {
	URL         string                `rb:"url" check:"url" doc:"URL of the server; without it PROMETHEUS_URL decides."`
	Headers     map[string]string     `rb:"headers,sensitive" check_keys:"http_header" doc:"Headers of every request."`
	BearerToken string                `rb:"bearer_token,sensitive" doc:"Token of the header Authorization."`
	BasicAuth   *httpclient.BasicAuth `rb:"basic_auth,sensitive" doc:"User and password of the header Authorization."`
	CAFile      string                `rb:"ca_file,file" doc:"PEM file of the authorities to trust in place of the system's."`
}

// maxAnswerBytes bounds what is read of an answer: the client library would read it all.
const maxAnswerBytes = 64 << 20

// New declares the provider.
func New() *provider.Provider {
	return provider.New(provider.Setup[config, *client]{
		Name: "prometheus", Doc: "Queries, alerts, rules, targets and objectives of a Prometheus server.",
		Open: open, Target: target,
		Checks:  map[string]provider.Check{"promql": checkPromQL, "moment": checkMoment, "objective": checkObjective, "http_header": httpclient.CheckHeaderName},
		Actions: []provider.Action{query(), queryRange(), alerts(), rules(), targets(), slo()},
	})
}

// client is shared by all steps of a configuration.
type client struct {
	api       v1.API
	transport *httpclient.Pool
	// endpoint is the server's URL without credentials.
	endpoint string
}

func open(_ context.Context, req provider.Open[config]) (*client, error) {
	c := req.Config
	server, err := serverURL(req)
	if err != nil {
		return nil, err
	}
	credentials := httpclient.Credentials{Headers: c.Headers, BearerToken: c.BearerToken, Basic: c.BasicAuth}
	if err := credentials.Check(); err != nil {
		return nil, configError(err)
	}
	transport, err := httpclient.Transport(req.Host, httpclient.Options{
		Dir: req.Dir, CAFile: c.CAFile, MaxParallel: req.MaxParallel,
	})
	if err != nil {
		return nil, configError(err)
	}
	opened, err := api.NewClient(api.Config{
		Address: server.String(),
		Client: &http.Client{
			Transport: bounded{onlyAsks(httpclient.Authorized(transport, httpclient.Origin(server), credentials), server)},
		},
	})
	if err != nil {
		return nil, configError(fmt.Errorf("url is not the URL of a server"))
	}
	return &client{api: v1.NewAPI(careful{opened}), transport: transport, endpoint: endpoint(server)}, nil
}

// Close closes the connections that are kept for reuse.
func (c *client) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

func target(req provider.Open[config]) (provider.Place, error) {
	server, err := serverURL(req)
	if err != nil {
		return provider.Place{}, err
	}
	return provider.Place{Text: endpoint(server), Within: httpclient.Within(req.OpenRequest, req.Config.Headers)}, nil
}

// serverURL is the configuration's, else that of the environment.
func serverURL(req provider.Open[config]) (*url.URL, error) {
	text, from := req.Config.URL, "url"
	if text == "" {
		text, from = req.Getenv("PROMETHEUS_URL"), "PROMETHEUS_URL"
	}
	if text == "" {
		return nil, configError(fmt.Errorf(
			"no server is named; set url in a provider \"prometheus\" block, or PROMETHEUS_URL in the environment"))
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		// The text is left out: it may hold a password.
		return nil, configError(fmt.Errorf("%s is not a URL; write one like \"http://prometheus.example.com:9090\"", from))
	}
	return u, nil
}

func configError(err error) error {
	return &provider.Error{Op: "configuration of provider prometheus", Err: err, NothingDone: true, Permanent: true}
}

// endpoint is the URL with its path, and without user and query.
func endpoint(u *url.URL) string {
	bare := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return bare.String()
}

// careful is a client of the API that asks for no more than is wanted and believes no other service: the library takes
// any JSON object for an empty list of alerts.
type careful struct{ api.Client }

// URL is that of an endpoint. Discovery makes the list of dropped targets long; nobody wants it here.
func (c careful) URL(path string, args map[string]string) *url.URL {
	u := c.Client.URL(path, args)
	if path == "/api/v1/targets" {
		u.RawQuery = "state=active"
	}
	return u
}

// Do sends a request and refuses an answer without the envelope that Prometheus's API puts around each.
func (c careful) Do(ctx context.Context, r *http.Request) (*http.Response, []byte, error) {
	answer, body, err := c.Client.Do(ctx, r)
	if err != nil || answer.StatusCode/100 != 2 {
		return answer, body, err
	}
	var envelope struct {
		Status string          `json:"status"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return answer, body, &v1.Error{Type: v1.ErrBadResponse, Msg: "it is not JSON: " + err.Error()}
	}
	if envelope.Status != "error" && (envelope.Status != "success" || len(envelope.Data) == 0) {
		return answer, body, &v1.Error{Type: v1.ErrBadResponse, Msg: "it has no status \"success\" with data"}
	}
	return answer, body, nil
}

// bounded is a transport whose answers end in an error where they are too long.
type bounded struct{ next http.RoundTripper }

// RoundTrip sends the request.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.next.RoundTrip(r)
	if err == nil {
		answer.Body = &boundedBody{ReadCloser: answer.Body, left: maxAnswerBytes}
	}
	return answer, err
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read gives an error once more than the bound was read.
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("the answer is longer than %d MiB; narrow the query with labels or aggregate it", maxAnswerBytes>>20)
	}
	return n, err
}
