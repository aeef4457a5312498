package kubernetes

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/e82355ed/runbook/engine/provider"
)

func TestReadOnly(t *testing.T) {
	const review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
	cases := map[string]struct {
		method, path string
		allowed      bool
	}{
		"list":                     {"GET", "/api/v1/namespaces/production/pods", true},
		"list of a group":          {"GET", "/apis/apps/v1/deployments", true},
		"object":                   {"GET", "/api/v1/namespaces/production/pods/api", true},
		"head":                     {"HEAD", "/api/v1/nodes/n1", true},
		"logs":                     {"GET", "/api/v1/namespaces/production/pods/api/log", true},
		"namespace":                {"GET", "/api/v1/namespaces/exec", true},
		"namespace named proxy":    {"GET", "/api/v1/namespaces/proxy/pods", true},
		"pod named exec":           {"GET", "/api/v1/namespaces/proxy/pods/exec", true},
		"pod named proxy, its log": {"GET", "/api/v1/namespaces/production/pods/proxy/log", true},
		"version":                  {"GET", "/version", true},
		"health":                   {"GET", "/readyz", true},
		"review":                   {"POST", review, true},
		"exec by GET":              {"GET", "/api/v1/namespaces/production/pods/api/exec", false},
		"exec by POST":             {"POST", "/api/v1/namespaces/production/pods/api/exec", false},
		"attach":                   {"GET", "/api/v1/namespaces/production/pods/api/attach", false},
		"port forward":             {"GET", "/api/v1/namespaces/production/pods/api/portforward", false},
		"proxy to a pod":           {"GET", "/api/v1/namespaces/production/pods/api/proxy/admin/reset", false},
		"proxy to a service":       {"HEAD", "/api/v1/namespaces/production/services/api:80/proxy", false},
		"proxy to a node":          {"GET", "/api/v1/nodes/n1/proxy/run/x", false},
		"old proxy":                {"GET", "/api/v1/proxy/nodes/n1", false},
		"proxy in a namespace api": {"GET", "/api/v1/namespaces/api/services/apis/proxy", false},
		"create":                   {"POST", "/api/v1/namespaces/production/pods", false},
		"create near a review":     {"POST", "/apis/example.com/v1" + review, false},
		"review of others":         {"POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", false},
		"replace":                  {"PUT", "/api/v1/namespaces/production/pods/api", false},
		"patch":                    {"PATCH", "/apis/apps/v1/namespaces/production/deployments/api", false},
		"delete":                   {"DELETE", "/api/v1/nodes/n1", false},
		"options":                  {"OPTIONS", "/api/v1/nodes", false},
		"no method known":          {"PURGE", "/api/v1/nodes", false},
	}
	for name, c := range cases {
		for _, prefix := range []string{"", "/k8s/clusters/api"} {
			t.Run(name+prefix, func(t *testing.T) {
				var seen atomic.Int32
				server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
				defer server.Close()
				guarded := &http.Client{Transport: &readOnly{next: http.DefaultTransport, prefix: prefix}}
				request, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+prefix+c.path, strings.NewReader("{}"))
				if err != nil {
					t.Fatal(err)
				}
				response, err := guarded.Do(request)
				if err == nil {
					err = response.Body.Close()
				}
				if refused := errors.Is(err, provider.ErrReadOnly); refused == c.allowed || c.allowed && err != nil {
					t.Errorf("error is %v, allowed should be %t", err, c.allowed)
				}
				if sent := seen.Load() == 1; sent != c.allowed {
					t.Errorf("the server saw %d requests, allowed should be %t", seen.Load(), c.allowed)
				}
			})
		}
	}
}
