package kubernetes

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/net/http/httpproxy"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"

	"github.com/e82355ed/runbook/engine/provider"
)

// miscellaneousWarning is the only code of a Warning header that Kubernetes sends (RFC 7234, 5.5).
const miscellaneousWarning = 299

// userAgent is what the API server's audit log shows.
const userAgent = "runbook"

// Protobuf decodes several times faster than JSON; JSON is for servers of aggregated APIs that have no other.
const acceptedContent = "application/vnd.kubernetes.protobuf,application/json"

// client is one cluster for one run. Safe for concurrent use.
type client struct {
	rest *rest.RESTClient
	// config makes what client-go dials for itself: a stream into a container. Its requests pass the guard too.
	config *rest.Config
	// cluster says where it is and who asks.
	cluster *cluster
	host    provider.Host

	mu    sync.Mutex
	kinds map[string]*kindList // by API version, filled by kubernetes_objects
}

func open(_ context.Context, req provider.Open[config]) (*client, error) {
	located, err := locate(req)
	if err != nil {
		return nil, err
	}
	if err := checkLogin(req, located); err != nil {
		return nil, err
	}
	c := &client{cluster: located, host: req.Host, kinds: map[string]*kindList{}}
	if c.rest, c.config, err = restClient(req, located.rest); err != nil {
		return nil, &provider.Error{Op: "configure a client", Endpoint: located.endpoint, Err: err, NothingDone: true,
			Permanent: true, Hint: "Check the certificates and credentials of context " + located.context + " in the kubeconfig."}
	}
	return c, nil
}

func restClient(req provider.Open[config], located *rest.Config) (*rest.RESTClient, *rest.Config, error) {
	rc := rest.CopyConfig(located)
	rc.UserAgent = userAgent
	rc.NegotiatedSerializer = newSerializer()
	rc.AcceptContentTypes = acceptedContent
	rc.ContentType = "application/json"
	rc.WarningHandler = warnings{req.Log}
	rc.Timeout = 0 // the step's context decides
	if rc.Proxy == nil {
		// A proxy function of our own also keeps client-go from sharing the transport with other clients of the
		// process, so that Close can close its connections.
		rc.Proxy = proxy(req.Host)
	}
	if rc.ExecProvider != nil {
		// A plugin that asks at the terminal would fight with the run's own view.
		rc.ExecProvider.StdinUnavailable = true
		rc.ExecProvider.StdinUnavailableMessage = "log in with it first, in a shell"
	}
	limitRate(rc, req.Config)
	base, _, err := rest.DefaultServerUrlFor(rc)
	if err != nil {
		return nil, nil, err
	}
	// Innermost, so that nothing can be sent past it.
	rc.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return &guard{next: &warmUp{next: next}, host: base.Host, prefix: strings.TrimSuffix(base.Path, "/"), locked: req.ReadOnly}
	})
	httpClient, err := rest.HTTPClientFor(rc)
	if err != nil {
		return nil, nil, err
	}
	restful, err := rest.UnversionedRESTClientForConfigAndClient(rc, httpClient)
	return restful, rc, err
}

// limitRate sets the client-side limit. client-go's own default, 5 requests a second, would make the steps of one
// runbook wait for each other; since API Priority and Fairness (Kubernetes 1.20) the server protects itself, and a
// client that it turns away (429) waits as long as it says. So there is a limit only where the author sets one.
func limitRate(rc *rest.Config, c *config) {
	rc.QPS = -1
	if c.QPS <= 0 {
		return
	}
	burst := c.Burst
	if burst <= 0 {
		burst = max(1, int(2*c.QPS))
	}
	rc.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(float32(c.QPS), burst)
}

// proxy follows HTTPS_PROXY and its like in the Host's environment.
func proxy(host provider.Host) func(*http.Request) (*url.URL, error) {
	either := func(upper, lower string) string { return firstOf(host.Getenv(upper), host.Getenv(lower)) }
	choose := (&httpproxy.Config{
		HTTPProxy:  either("HTTP_PROXY", "http_proxy"),
		HTTPSProxy: either("HTTPS_PROXY", "https_proxy"),
		NoProxy:    either("NO_PROXY", "no_proxy"),
	}).ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }
}

// Close closes the connections.
func (c *client) Close() error {
	c.rest.Client.CloseIdleConnections()
	return nil
}

// warnings sends the API server's warnings (a deprecated API) to the log.
type warnings struct{ log hclog.Logger }

func (w warnings) HandleWarningHeader(code int, _ string, text string) {
	if code == miscellaneousWarning && w.log != nil {
		w.log.Warn("the Kubernetes API server warns", "message", text)
	}
}
