package kubernetes

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/zclconf/go-cty/cty"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

// served starts a server that stands for an API server where the real one can't be made to show the case, and opens a
// client of it.
func served(t *testing.T, handler http.HandlerFunc) *client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return opened(t, kubeconfigOf(server.URL))
}

// kubeconfigOf is a kubeconfig with one context, "test", in the namespace "production".
func kubeconfigOf(server string) string {
	return `{apiVersion: v1, kind: Config, current-context: test,
clusters: [{name: c, cluster: {server: "` + server + `"}}],
contexts: [{name: test, context: {cluster: c, user: u, namespace: production}}],
users: [{name: u, user: {token: secret-token}}]}`
}

func opened(t *testing.T, kubeconfig string) *client {
	t.Helper()
	c, err := open(t.Context(), request(t, config{Kubeconfig: written(t, kubeconfig)}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func request(t *testing.T, c config) provider.Open[config] {
	t.Helper()
	return provider.Open[config]{
		OpenRequest: provider.OpenRequest{
			Host: provider.Host{Lookup: func(string) (string, bool) { return "", false }, Log: hclog.NewNullLogger()},
			Dir:  t.TempDir(), ReadOnly: true, MaxParallel: 4,
		},
		Config: &c, Explicit: true,
	}
}

// run runs an action with some arguments.
func run(ctx context.Context, t *testing.T, c *client, name string, args map[string]cty.Value) (*provider.Result, error) {
	t.Helper()
	action := New().Action(name)
	all := action.Spec().Args().Null().AsValueMap()
	if all == nil {
		all = map[string]cty.Value{}
	}
	for name, value := range args {
		all[name] = value
	}
	return action.Run(ctx, &provider.Call{
		Client: c, Args: cty.ObjectVal(all), ReadOnly: true, Host: provider.Host{Log: hclog.NewNullLogger()},
	})
}

// answer writes JSON as an API server does.
func answer(t *testing.T, w http.ResponseWriter, object any) {
	t.Helper()
	w.Header().Set("Content-Type", "application/json")
	if status, ok := object.(metav1.Status); ok {
		w.WriteHeader(int(status.Code))
	}
	if text, ok := object.(string); ok {
		object = json.RawMessage(text)
	}
	if err := json.NewEncoder(w).Encode(object); err != nil {
		t.Error(err)
	}
}

func status(code int32, reason metav1.StatusReason, message string) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message,
	}
}

// routes answers paths; what is not in it is not found.
func routes(t *testing.T, answers map[string]any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		object, ok := answers[r.URL.Path]
		if !ok {
			object = status(http.StatusNotFound, metav1.StatusReasonNotFound, r.URL.Path+" not found")
		}
		answer(t, w, object)
	}
}

func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("there is no error, expected one with %q", words)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
}
