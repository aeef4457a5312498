package kubernetes

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
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
		"delete of a list":         {"DELETE", "/api/v1/namespaces/production/pods", false},
		"dry run":                  {"PATCH", "/apis/apps/v1/namespaces/production/deployments/api?dryRun=All", false},
		"unknown subresource":      {"GET", "/apis/subresources.kubevirt.io/v1/namespaces/production/virtualmachineinstances/db/console", false},
		"exec behind a slash":      {"GET", "/api/v1/namespaces/production/pods//api/exec", false},
		"exec, escaped":            {"GET", "/api/v1/namespaces/production/pods/api%2Fexec", false},
		"exec by dots":             {"GET", "/api/v1/namespaces/production/pods/x/../api/exec", false},
		"exec with an end":         {"GET", "/api/v1/namespaces/production/pods/api/exec/", false},
		"ephemeral containers":     {"PATCH", "/api/v1/namespaces/production/pods/api/ephemeralcontainers", false},
		"debugging page":           {"GET", "/debug/pprof/profile", false},
		"rules review":             {"POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", true},
		"token":                    {"POST", "/api/v1/namespaces/production/serviceaccounts/api/token", false},
		"eviction":                 {"POST", "/api/v1/namespaces/production/pods/api/eviction", false},
		"scale":                    {"GET", "/apis/apps/v1/namespaces/production/deployments/api/scale", true},
		"kinds":                    {"GET", "/apis/apps/v1", true},
		"options":                  {"OPTIONS", "/api/v1/nodes", false},
		"no method known":          {"PURGE", "/api/v1/nodes", false},
	}
	for name, c := range cases {
		for _, prefix := range []string{"", "/k8s/clusters/api"} {
			t.Run(name+prefix, func(t *testing.T) {
				var seen atomic.Int32
				server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
				defer server.Close()
				guarded := &http.Client{Transport: &guard{next: http.DefaultTransport, host: host(t, server.URL), prefix: prefix, locked: true}}
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

func host(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// TestIntent shows what the purpose of an action lets out of a client that may write.
func TestIntent(t *testing.T) {
	const object = "/apis/apps/v1/namespaces/production/deployments/api"
	cases := map[string]struct {
		permit       permit
		method, path string
		allowed      bool
	}{
		"a read writes":            {reading, "PATCH", object, false},
		"a read rehearses":         {reading, "PATCH", object + "?dryRun=All", false},
		"a rehearsal":              {rehearsing, "PATCH", object + "?dryRun=All", true},
		"a rehearsal that is none": {rehearsing, "PATCH", object, false},
		"said twice":               {rehearsing, "PATCH", object + "?dryRun=All&dryRun=", false},
		"a rehearsed exec":         {rehearsing, "POST", "/api/v1/namespaces/production/pods/api/exec?dryRun=All", false},
		"a rehearsed deletion":     {rehearsing, "DELETE", object + "?dryRun=All", false},
		"a change":                 {changing, "PATCH", object, true},
		"a change, rehearsed":      {changing, "PATCH", object + "?dryRun=All", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			defer server.Close()
			guarded := &http.Client{Transport: &guard{next: http.DefaultTransport, host: host(t, server.URL)}}
			ctx, purpose := withIntent(t.Context(), c.permit)
			request, err := http.NewRequestWithContext(ctx, c.method, server.URL+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := guarded.Do(request)
			if err == nil {
				err = response.Body.Close()
			}
			if (err == nil) != c.allowed {
				t.Errorf("error is %v, allowed should be %t", err, c.allowed)
			}
			if touched := purpose.touched.Load(); touched != (c.allowed && c.permit == changing && !strings.Contains(c.path, "dryRun=All")) {
				t.Errorf("touched is %t", touched)
			}
		})
	}
}

// TestRedirect shows that credentials go to no other host.
func TestRedirect(t *testing.T) {
	var seen atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	defer elsewhere.Close()
	c := served(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	if _, err := run(t.Context(), t, c, "kubernetes_pods", nil); err == nil {
		t.Error("it followed to another host")
	}
	if seen.Load() != 0 {
		t.Error("the other host was asked")
	}
}
