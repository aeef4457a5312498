package prometheus

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

type arrivals struct{ n int }

func (a *arrivals) RoundTrip(*http.Request) (*http.Response, error) {
	a.n++
	return nil, errors.New("it came through")
}

func TestOnlyQuestionsAreSent(t *testing.T) {
	server, err := url.Parse("http://user:pw@prom:9090/base/")
	if err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string]bool{
		"POST http://prom:9090/base/api/v1/query": true, "GET http://prom:9090/base/api/v1/query?query=up": true,
		"POST http://prom:9090/base/api/v1/query_range": true, "GET http://prom:9090/base/api/v1/targets?state=active": true,
		"GET http://prom:9090/base/api/v1/rules": true, "GET http://prom:9090/base/api/v1/alerts": true,
		"POST http://prom:9090/base/api/v1/rules":                                 false,
		"PUT http://prom:9090/base/api/v1/query":                                  false,
		"POST http://prom:9090/api/v1/query":                                      false,
		"POST http://prom:9090/base/-/reload":                                     false,
		"PUT http://prom:9090/base/-/quit":                                        false,
		"GET http://prom:9090/base/-/quit":                                        false,
		"POST http://prom:9090/base/api/v1/admin/tsdb/snapshot":                   false,
		"POST http://prom:9090/base/api/v1/admin/tsdb/delete_series?match[]=up":   false,
		"POST http://prom:9090/base/api/v1/write":                                 false,
		"POST http://prom:9090/base/api/v1/query/../admin/tsdb/clean_tombstones":  false,
		"POST http://prom:9090/base/api/v1/query%2F..%2Fadmin/tsdb/delete_series": false,
		"POST http://elsewhere:9090/base/api/v1/query":                            false,
		"POST https://prom:9090/base/api/v1/query":                                false,
	} {
		method, to, _ := strings.Cut(request, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		next := &arrivals{}
		answer, err := onlyAsks(next, server).RoundTrip(r)
		if err == nil {
			_ = answer.Body.Close()
		}
		if (next.n == 1) != want || errors.Is(err, errNotAsking) == want {
			t.Errorf("%s: %v", request, err)
		}
	}
}

// A server, or who speaks in its name, may redirect a posted query to what changes it, method and body kept.
func TestRedirectedQueries(t *testing.T) {
	var reached atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, to := range []string{"/api/v1/admin/tsdb/delete_series?match[]=up", "/-/reload", elsewhere.URL + "/api/v1/query"} {
		mux := http.NewServeMux()
		mux.Handle("/api/v1/query", http.RedirectHandler(to, http.StatusTemporaryRedirect))
		mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) { reached.Add(1) })
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		p := New()
		attrs := p.Config().Null().AsValueMap()
		attrs["url"], attrs["bearer_token"] = str(server.URL), str("t0ken")
		client, err := p.Open(t.Context(), provider.OpenRequest{Config: cty.ObjectVal(attrs), MaxParallel: 1})
		if err != nil {
			t.Fatal(err)
		}
		args := p.Action("prometheus_query").Spec().Args().Null().AsValueMap()
		args["query"] = str("up")
		_, err = p.Action("prometheus_query").Run(t.Context(), &provider.Call{Client: client, Args: cty.ObjectVal(args)})
		if !errors.Is(err, errNotAsking) || !provider.Permanent(err) || reached.Load() != 0 {
			t.Errorf("to %s: %v, %d requests came through", to, err, reached.Load())
		}
		t.Log(err)
	}
}
