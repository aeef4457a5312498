package prometheus

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/e82355ed/runbook/engine/provider/httpclient"
)

// asking are the endpoints that the provider uses, below the server's own URL, and how they may be asked. The client
// library posts queries and falls back to GET. What changes a server (admin, reload, quit, remote write) is a POST too, so
// methods alone would not tell the one from the other.
var asking = map[string][]string{
	"/api/v1/query":       {http.MethodPost, http.MethodGet},
	"/api/v1/query_range": {http.MethodPost, http.MethodGet},
	"/api/v1/alerts":      {http.MethodGet},
	"/api/v1/rules":       {http.MethodGet},
	"/api/v1/targets":     {http.MethodGet},
}

// errNotAsking is the cause of every refusal of the transport.
var errNotAsking = errors.New("refused: the provider only asks")

// onlyAsks is a transport that lets nothing out but questions to the server, whether or not the run is read-only, and
// wherever the server redirects to.
func onlyAsks(next http.RoundTripper, server *url.URL) http.RoundTripper {
	base := strings.TrimSuffix(server.EscapedPath(), "/")
	return httpclient.Only(next, func(r *http.Request) error {
		if origin := httpclient.Origin(r.URL); origin != httpclient.Origin(server) {
			return fmt.Errorf("the server redirects to %s; if that is the right one, name it as url: %w", origin, errNotAsking)
		}
		path, below := strings.CutPrefix(r.URL.EscapedPath(), base)
		if below {
			for _, method := range asking[path] {
				if method == r.Method {
					return nil
				}
			}
		}
		return fmt.Errorf("%s %s is no question: %w", r.Method, r.URL.EscapedPath(), errNotAsking)
	})
}
