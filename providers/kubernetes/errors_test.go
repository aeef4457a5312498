package kubernetes

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/zclconf/go-cty/cty"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

func TestStatuses(t *testing.T) {
	cases := map[string]struct {
		status    metav1.Status
		permanent bool
		words     []string
	}{
		"invalid":     {status(422, metav1.StatusReasonInvalid, "the selector is invalid"), true, []string{"422 the selector is invalid"}},
		"bad request": {status(400, metav1.StatusReasonBadRequest, `field label not supported: nope`), true, []string{"400 field label not supported"}},
		"forbidden": {status(403, metav1.StatusReasonForbidden, `nodes is forbidden: User "ann" cannot list`), true,
			[]string{`403 nodes is forbidden: User "ann"`, "RoleBinding"}},
		"unauthorized": {status(401, metav1.StatusReasonUnauthorized, "Unauthorized"), true, []string{"context test", "401", `user "u"`}},
		"overloaded":   {status(429, metav1.StatusReasonTooManyRequests, "too many requests"), false, []string{"429", "sheds load"}},
		"gave up":      {status(408, metav1.StatusReasonTimeout, "the gateway gave up"), false, []string{"408", "gave up"}},
		"broken":       {status(500, metav1.StatusReasonInternalError, "etcdserver: request timed out"), false, []string{"500", "etcdserver"}},
		"unavailable":  {status(503, metav1.StatusReasonServiceUnavailable, "the server is shutting down"), false, []string{"503", "shutting down"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client := served(t, func(w http.ResponseWriter, _ *http.Request) { answer(t, w, c.status) })
			_, err := run(t.Context(), t, client, "kubernetes_nodes", nil)
			wantError(t, err, append(c.words, "list nodes", client.cluster.endpoint)...)
			if provider.Permanent(err) != c.permanent {
				t.Errorf("permanent is %t, expected %t: %v", !c.permanent, c.permanent, err)
			}
			if nothing := c.status.Code < 500 && c.status.Code != 408; provider.NothingDone(err) != nothing {
				t.Errorf("nothing done is %t: %v", !nothing, err)
			}
			if strings.Contains(err.Error(), "secret-token") {
				t.Errorf("the error holds the token: %v", err)
			}
		})
	}
}

func TestConnections(t *testing.T) {
	tlsServer := httptest.NewUnstartedServer(http.NotFoundHandler())
	// The refused handshake is what is tested.
	tlsServer.Config.ErrorLog = hclog.NewNullLogger().StandardLogger(&hclog.StandardLoggerOptions{})
	tlsServer.StartTLS()
	defer tlsServer.Close()
	hangUp := listen(t, func(c net.Conn) {})
	garbage := listen(t, func(c net.Conn) { _, _ = c.Write([]byte("SSH-2.0-OpenSSH_9.9\r\n")) })
	cases := map[string]struct {
		server string
		words  []string
	}{
		"unknown authority": {tlsServer.URL, []string{"not signed by an authority", "certificate-authority"}},
		"hangs up":          {"http://" + hangUp, []string{"closed the connection before it answered"}},
		"not HTTP":          {"http://" + garbage, []string{"malformed HTTP"}},
		"no such host":      {"https://cluster.invalid", []string{"look up host cluster.invalid"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := run(ctx, t, opened(t, kubeconfigOf(c.server)), "kubernetes_rollout_status",
				map[string]cty.Value{"resource": cty.StringVal("deployment/api")})
			wantError(t, err, append(c.words, c.server)...)
			if strings.HasSuffix(err.Error(), "EOF") || strings.Contains(err.Error(), "secret-token") {
				t.Errorf("the error reads %v", err)
			}
		})
	}
}

// listen accepts connections, reads what comes first, and closes them after serve.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed at the end of the test
			}
			_, _ = c.Read(make([]byte, 4096)) // what the client says does not matter
			serve(c)
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

func TestNamespaceLookup(t *testing.T) {
	const podsPath, namespacePath = "/api/v1/namespaces/production/pods", "/api/v1/namespaces/production"
	empty := `{"apiVersion": "v1", "kind": "PodList", "items": []}`
	cases := map[string]struct {
		namespace any
		words     []string
	}{
		"it exists":     {namespace: `{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "production"}}`},
		"may not look":  {namespace: status(403, metav1.StatusReasonForbidden, "namespaces is forbidden")},
		"it is missing": {status(404, metav1.StatusReasonNotFound, "not found"), []string{`there is no namespace "production"`, "context (test)"}},
		"server fails":  {status(500, metav1.StatusReasonInternalError, "no leader"), []string{"look up namespace production", "no leader"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client := served(t, routes(t, map[string]any{podsPath: empty, namespacePath: c.namespace}))
			_, err := run(t.Context(), t, client, "kubernetes_pods", nil)
			if len(c.words) > 0 {
				wantError(t, err, c.words...)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
