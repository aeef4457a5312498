package demoapi

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var testConfig = Config{Token: "secret-token", User: "operator", Password: "secret-password"}

// ask sends one request and returns the status and the body.
func ask(t *testing.T, handler http.Handler, method, target, body string, headers ...string) (int, string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for n := 0; n < len(headers); n += 2 {
		request.Header.Set(headers[n], headers[n+1])
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Code, recorder.Body.String()
}

func TestRoutes(t *testing.T) {
	handler := newHandler(testConfig)
	for name, test := range map[string]struct {
		method, target, body string
		headers              []string
		status               int
		contains             string
	}{
		"health":           {method: "GET", target: "/health", status: 200, contains: `"status":"healthy"`},
		"warmup":           {method: "POST", target: "/admin/cache/warmup", status: 200, contains: `"status":"warmed"`},
		"warmup by GET":    {method: "GET", target: "/admin/cache/warmup", status: 404},
		"echo":             {method: "PUT", target: "/echo?a=1", body: "hi", headers: []string{"X-Trace", "7"}, status: 200, contains: `"body":"hi","headers":{"x-trace":"7"},"method":"PUT","path":"/echo","query":"a=1"`},
		"fail":             {method: "GET", target: "/fail", status: 500, contains: "E_BACKEND"},
		"status":           {method: "GET", target: "/status/418", status: 418, contains: "teapot"},
		"no content":       {method: "GET", target: "/status/204", status: 204},
		"not a status":     {method: "GET", target: "/status/99", status: 400},
		"bytes":            {method: "GET", target: "/bytes?n=10", status: 200, contains: "0123456789"},
		"negative bytes":   {method: "GET", target: "/bytes?n=-1", status: 400},
		"redirect":         {method: "GET", target: "/redirect", status: 302, contains: "/health"},
		"private":          {method: "GET", target: "/private", status: 401},
		"private by token": {method: "GET", target: "/private", headers: []string{"Authorization", "Bearer secret-token"}, status: 200},
		"wrong token":      {method: "GET", target: "/private", headers: []string{"Authorization", "Bearer other"}, status: 401},
		"empty token":      {method: "GET", target: "/private", headers: []string{"Authorization", "Bearer "}, status: 401},
		"by password":      {method: "GET", target: "/private", headers: []string{"Authorization", "Basic b3BlcmF0b3I6c2VjcmV0LXBhc3N3b3Jk"}, status: 200},
		"unknown":          {method: "GET", target: "/nothing", status: 404, contains: "/nothing"},
		"quick":            {method: "GET", target: "/slow?ms=0", status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := ask(t, handler, test.method, test.target, test.body, test.headers...)
			if status != test.status || !strings.Contains(body, test.contains) {
				t.Errorf("%s %s = %d %s, want %d and %q in it", test.method, test.target, status, body, test.status, test.contains)
			}
		})
	}
}

func TestSlowEndsWhenTheClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		recorder := httptest.NewRecorder()
		newHandler(testConfig).ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, "GET", "/slow?ms=60000", nil))
		if took := time.Since(begin); took != time.Second || recorder.Body.Len() > 0 {
			t.Errorf("it ended after %s with %q", took, recorder.Body)
		}
	})
}

func TestOnlyUsersCount(t *testing.T) {
	handler := newHandler(testConfig)
	for _, target := range []string{"/health", "/fail", "/fail?counted=1", "/slow?ms=0"} {
		ask(t, handler, "GET", target, "")
	}
	_, body := ask(t, handler, "GET", "/metrics", "")
	for _, want := range []string{
		`http_requests_total{method="GET",path="/health",status="200"} 1`,
		`http_requests_total{method="GET",path="/fail",status="500"} 1`,
		"http_request_duration_seconds_count 2",
		"process_cpu_seconds_total",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	config := testConfig
	config.Address = freeAddress(t)
	go func() { served <- Serve(ctx, config) }()
	for {
		response, err := http.Get("http://" + config.Address + "/health")
		if err != nil {
			select {
			case err := <-served:
				t.Fatal(err)
			default:
				continue // not listening yet
			}
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		break
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	return server.Listener.Addr().String()
}
