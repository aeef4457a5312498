package kubernetes_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/providers/kubernetes"
)

// TestReadSecret reads from the lab's cluster, in a namespace of the test's own.
func TestReadSecret(t *testing.T) {
	l := loadLab(t)
	const namespace = "test-read-secret"
	l.create(t, "/api/v1/namespaces", map[string]any{"metadata": map[string]string{"name": namespace}})
	l.create(t, "/api/v1/namespaces/"+namespace+"/secrets", map[string]any{
		"metadata":   map[string]string{"name": "db"},
		"stringData": map[string]string{"password": "hunter2-of-the-db", "user": "app"},
		"data":       map[string]string{"key": "/w=="},
	})
	viewer := l.context(t, "viewer")
	closed := l.with(t, "https://127.0.0.1:1", wrongToken)["kubeconfig"].AsString()
	refused := l.with(t, l.server, wrongToken)["kubeconfig"].AsString()
	for name, c := range map[string]struct {
		kubeconfig, source string
		want               string
		wrong              []string
	}{
		"there":               {l.path, namespace + "/db#password", "hunter2-of-the-db", nil},
		"no such key":         {l.path, namespace + "/db#pass", "", []string{`no key "pass"`, "key, password, user", l.server}},
		"not text":            {l.path, namespace + "/db#key", "", []string{"not UTF-8"}},
		"no such secret":      {l.path, namespace + "/cache#x", "", []string{"read secret " + namespace + "/cache", "404", "context lab"}},
		"not allowed":         {viewer, namespace + "/db#password", "", []string{"403", "context viewer"}},
		"a token of nobody":   {refused, namespace + "/db#password", "", []string{"401", l.server}},
		"nobody listens":      {closed, namespace + "/db#password", "", []string{"127.0.0.1:1", "connection refused"}},
		"no kubeconfig there": {"/nowhere", namespace + "/db#password", "", []string{"/nowhere"}},
	} {
		t.Run(name, func(t *testing.T) {
			host := provider.Host{Lookup: func(name string) (string, bool) {
				if name != "KUBECONFIG" {
					return "", false
				}
				return c.kubeconfig, true
			}}
			got, err := kubernetes.ReadSecret(t.Context(), host, c.source)
			if got != c.want || (err == nil) != (c.wrong == nil) {
				t.Fatalf("got %q, %v; want %q", got, err, c.want)
			}
			for _, part := range c.wrong {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in %v", part, err)
				}
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), wrongToken)) {
				t.Errorf("a secret is in %v", err)
			}
		})
	}
}

// context is the lab's kubeconfig with another context as its current one.
func (l *lab) context(t *testing.T, name string) string {
	t.Helper()
	c := l.config.DeepCopy()
	c.CurrentContext = name
	path := t.TempDir() + "/kubeconfig"
	if err := clientcmd.WriteToFile(*c, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// create makes an object and takes it away at the end of the test. One that is left from a test that was killed will do.
func (l *lab) create(t *testing.T, path string, object map[string]any) {
	t.Helper()
	config, err := clientcmd.NewDefaultClientConfig(*l.config, &clientcmd.ConfigOverrides{CurrentContext: "lab"}).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Post(l.server+path, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusCreated && answer.StatusCode != http.StatusConflict {
		t.Fatalf("create %s: %s", path, answer.Status)
	}
	t.Cleanup(func() {
		name := object["metadata"].(map[string]string)["name"]
		r, err := http.NewRequest(http.MethodDelete, l.server+path+"/"+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := client.Do(r); err == nil {
			_ = answer.Body.Close()
		}
	})
}
