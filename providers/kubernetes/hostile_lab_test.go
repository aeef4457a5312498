package kubernetes

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// TestHostile tries to change the lab through a read-only client in every way there is, past the actions, with an intent
// that would allow it elsewhere. Nothing may leave the client, and nothing on the lab may change.
func TestHostile(t *testing.T) {
	opening := request(t, config{Kubeconfig: providertest.Lab(t, "KUBECONFIG"), Namespace: "production"})
	c, err := open(t.Context(), opening)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	victim, err := c.subjectOf(t.Context(), "deployment/audit-logger", "")
	if err != nil {
		t.Fatal(err)
	}
	before, err := victim.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := list(t.Context(), c, query{resource: pods, namespace: "production", labelSelector: "app=audit-logger"}, podItems)
	if err != nil || len(found) == 0 {
		found, _, err = list(t.Context(), c, query{resource: pods, namespace: "production"}, podItems)
	}
	if err != nil || len(found) == 0 {
		t.Fatalf("%d pods, %v", len(found), err)
	}
	pod := found[0].Name
	marker := filepath.Join(os.TempDir(), "hostile-"+strings.ToLower(t.Name())+"-"+filepath.Base(t.TempDir()))
	ctx, purpose := withIntent(t.Context(), changing)

	t.Run("exec as a read", func(t *testing.T) {
		at := logSource{pod: place{"production", pod}, container: found[0].Spec.Containers[0].Name}
		err := c.stream(ctx, at, []string{"touch", marker}, &bounded{limit: 1}, &bounded{limit: 1})
		if !errors.Is(err, provider.ErrReadOnly) {
			t.Errorf("error is %v", err)
		}
		if _, err := os.Stat(marker); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the program ran: %v", err)
		}
	})
	t.Run("patch", func(t *testing.T) {
		_, err := victim.patch(ctx, patching{typ: types.MergePatchType, body: wrapped(0, "spec", "replicas")})
		if !errors.Is(err, provider.ErrReadOnly) {
			t.Errorf("error is %v", err)
		}
	})
	const base = "/api/v1/namespaces/production/"
	for name, r := range map[string]struct{ method, path, upgrade string }{
		"exec by GET":           {"GET", base + "pods/" + pod + "/exec?command=touch&command=" + marker + "&stdout=true", "websocket"},
		"exec by POST":          {"POST", base + "pods/" + pod + "/exec?command=touch&command=" + marker, "SPDY/3.1"},
		"exec, escaped":         {"GET", base + "pods/" + pod + "%2Fexec?command=true", "websocket"},
		"exec, no upgrade":      {"GET", base + "pods/" + pod + "/exec?command=touch&command=" + marker, ""},
		"attach":                {"GET", base + "pods/" + pod + "/attach?stdout=true", "websocket"},
		"port forward":          {"GET", base + "pods/" + pod + "/portforward?ports=80", "websocket"},
		"proxy to a pod":        {"GET", base + "pods/" + pod + "/proxy/", ""},
		"proxy to a service":    {"GET", base + "services/intelligent-agent-backend/proxy/", ""},
		"proxy to the kubelet":  {"GET", "/api/v1/nodes/lab-worker-1/proxy/run/production/" + pod + "/backend", ""},
		"deletion":              {"DELETE", base + "pods/" + pod, ""},
		"deletion of all":       {"DELETE", base + "pods", ""},
		"eviction":              {"POST", base + "pods/" + pod + "/eviction", ""},
		"scale":                 {"PUT", "/apis/apps/v1/namespaces/production/deployments/audit-logger/scale", ""},
		"token":                 {"POST", base + "serviceaccounts/default/token", ""},
		"creation":              {"POST", base + "configmaps", ""},
		"upgrade of a log":      {"GET", base + "pods/" + pod + "/log", "websocket"},
		"a review of others":    {"POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", ""},
		"a review's subpath":    {"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/x", ""},
		"watch of old":          {"GET", "/api/v1/watch/namespaces/production/pods", ""},
		"a page of no such API": {"GET", "/debug/flags/v", ""},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(ctx, r.method, c.cluster.endpoint+r.path, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			if r.upgrade != "" {
				request.Header.Set("Connection", "Upgrade")
				request.Header.Set("Upgrade", r.upgrade)
			}
			response, err := c.rest.Client.Do(request)
			if err == nil {
				err = errors.Join(errors.New("it was answered: "+response.Status), response.Body.Close())
			}
			if !errors.Is(err, provider.ErrReadOnly) {
				t.Errorf("error is %v", err)
			}
		})
	}
	if purpose.touched.Load() {
		t.Error("something was sent")
	}
	if _, err := os.Stat(marker); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a program ran: %v", err)
	}
	after, err := victim.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if dig(after, "metadata", "generation") != dig(before, "metadata", "generation") || len(differences(before, after)) > 0 {
		t.Errorf("the deployment has changed: %v", differences(before, after))
	}
	if _, err := get[corev1.Pod](t.Context(), c, pods, "production", pod); err != nil {
		t.Errorf("the pod: %v", err)
	}
	// The questions that are asked by POST still pass.
	if _, err := run(t.Context(), t, c, "kubernetes_can_i", map[string]cty.Value{"verb": cty.StringVal("get"), "resource": cty.StringVal("pods")}); err != nil {
		t.Errorf("an access review: %v", err)
	}
}
