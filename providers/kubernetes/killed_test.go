package kubernetes_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// killed is a write whose process is killed before its n-th change is answered: what an inquiry finds where the change had arrived, and
// where it had not.
type killed struct {
	called
	nth          int
	lost, unsent []provider.State
	prepare      func(*testing.T, *playground)
}

// TestKilledBeforeTheAnswer has a proxy withhold the answer to each action's change, with the change passed on or not, ends the action there,
// and asks what became of it with what is on disk then: the key and the note. No answer says that a change which arrived did not.
func TestKilledBeforeTheAnswer(t *testing.T) {
	done, not, ask := []provider.State{provider.Done}, []provider.State{provider.NotDone}, []provider.State{provider.Unknown}
	node := func(t *testing.T, p *playground) { p.node(t) }
	cordoned := func(t *testing.T, p *playground) {
		t.Helper()
		p.cordon(t, p.node(t))
	}
	deployed := func(t *testing.T, p *playground) { p.deployment(t) }
	rows := map[string]killed{
		"cordon":   {called: called{action: "kubernetes_cordon"}, lost: done, unsent: not, prepare: node},
		"uncordon": {called: called{action: "kubernetes_uncordon"}, lost: done, unsent: not, prepare: cordoned},
		"drain at its cordon": {
			called: called{action: "kubernetes_drain", args: values{"grace_seconds": num(1), "ignore_daemon_sets": cty.True}}, lost: ask, unsent: not, prepare: occupied,
		},
		"drain at its eviction": {
			called: called{action: "kubernetes_drain", args: values{"grace_seconds": num(1), "ignore_daemon_sets": cty.True}}, nth: 1, lost: ask, unsent: ask, prepare: occupied, // its template has a pod come there again
		},
		"delete": {
			called: called{action: "kubernetes_delete", args: values{"api_version": str("apps/v1"), "kind": str("Deployment"), "name": str("api")}},
			lost:   done, unsent: not, prepare: deployed,
		},
		"apply that creates": {
			called: called{action: "kubernetes_apply", args: values{"manifest": str(`{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b}}`)}},
			lost:   done, unsent: not,
		},
		"second of two applied": {
			called: called{action: "kubernetes_apply", args: values{"manifest": str("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: d}}\n")}},
			nth:    1, lost: done, unsent: ask,
		},
		"run job": {
			called: called{action: "kubernetes_run_job", args: values{"image": str("registry.example.com/tool:1"), "command": strs("tool")}},
			lost:   []provider.State{provider.Done, provider.UnderWay}, unsent: not,
		},
		"exec": {
			called: called{action: "kubernetes_exec", args: values{"resource": str(deployment), "command": strs("true")}}, unsent: ask, prepare: deployed,
		},
		"rollout undo": {
			called: called{action: "kubernetes_rollout_undo", args: values{"resource": str(deployment)}}, lost: done, unsent: not,
			prepare: func(t *testing.T, p *playground) {
				p.deployment(t)
				p.must(t, "", "set", "image", deployment, "api=registry.example.com/api:2")
				p.must(t, "", "rollout", "status", deployment, "--timeout=30s")
			},
		},
	}
	for name, w := range writes() {
		rows[name] = killed{called: called{action: w.action, args: w.args}, lost: done, unsent: not, prepare: deployed}
	}
	for name, k := range rows {
		for arrived, want := range map[bool][]provider.State{true: k.lost, false: k.unsent} {
			if want == nil {
				continue // what an exec did is asked about in either case
			}
			t.Run(name+map[bool]string{true: ", which arrived", false: ", which did not arrive"}[arrived], func(t *testing.T) {
				p := newPlayground(t)
				if k.prepare != nil {
					k.prepare(t, p)
				}
				c := k.called
				c.args, c.key = maps.Clone(k.args), "key-1"
				if k.needsNode() {
					if c.args == nil {
						c.args = values{}
					}
					c.args["node"] = str(p.namespace)
				}
				note := p.killedAt(t, c, k.nth, arrived)
				p.comesTo(t, c, note, want)
			})
		}
	}
}

func (k killed) needsNode() bool {
	return strings.HasSuffix(k.action, "cordon") || strings.HasSuffix(k.action, "drain")
}

// occupied makes a node on which a pod runs that something makes anew.
func occupied(t *testing.T, p *playground) {
	t.Helper()
	node := p.node(t)
	p.must(t, strings.Replace(api, "containers: [", "nodeName: "+node+", tolerations: [{operator: Exists}], containers: [", 1), "create", "-f", "-")
	p.must(t, "", "scale", deployment, "--replicas=1")
	p.must(t, "", "rollout", "status", deployment, "--timeout=30s")
	p.must(t, "", "wait", "--for=jsonpath={.status.replicas}=1", deployment, "--timeout=30s")
}

// killedAt runs the action through a proxy, and ends it once its n-th change has come there. It gives what was noted by then.
func (p *playground) killedAt(t *testing.T, c called, nth int, arrives bool) json.RawMessage {
	t.Helper()
	ctx, kill := context.WithTimeout(t.Context(), time.Minute)
	defer kill()
	var changes atomic.Int64
	forward := p.forward(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !changing(r) || changes.Add(1) != int64(nth)+1 {
			forward.ServeHTTP(w, r)
			return
		}
		if arrives {
			answered := httptest.NewRecorder()
			forward.ServeHTTP(answered, r.WithContext(context.WithoutCancel(r.Context())))
			if answered.Code == http.StatusConflict { // a controller was faster: it is read and sent again
				changes.Add(-1)
				maps.Copy(w.Header(), answered.Header())
				w.WriteHeader(answered.Code)
				if _, err := answered.Body.WriteTo(w); err != nil {
					t.Error(err)
				}
				return
			}
			if answered.Code >= 400 {
				t.Errorf("%s %s was refused: %d %s", r.Method, r.URL, answered.Code, answered.Body)
			}
		}
		kill()
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	through := *p
	through.lab = &lab{path: p.with(t, server.URL, "")["kubeconfig"].AsString()}
	_, note, err := through.call(ctx, t, c)
	if err == nil || changes.Load() <= int64(nth) {
		t.Fatalf("it was not cut off: %d changes, error %v", changes.Load(), err)
	}
	return note
}

// changing tells the requests that change something: not the rehearsals, and not the questions that are asked by POST.
func changing(r *http.Request) bool {
	exec := strings.HasSuffix(r.URL.Path, "/exec")
	return exec || r.Method != http.MethodGet && r.URL.Query().Get("dryRun") == "" && !strings.Contains(r.URL.Path, "accessreviews")
}

// forward passes requests on to the lab's API server.
func (p *playground) forward(t *testing.T) http.Handler {
	t.Helper()
	target, err := url.Parse(p.server)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(p.config.Clusters[p.config.Contexts["lab"].Cluster].CertificateAuthorityData) {
		t.Fatal("the lab's cluster has no authority")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	token := p.config.AuthInfos[p.config.Contexts["lab"].AuthInfo].Token
	return &httputil.ReverseProxy{Transport: transport, FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Set("Authorization", "Bearer "+token) // over plain HTTP the client sends none
	}}
}

// comesTo asks until an inquiry finds one of these states: a pod that was evicted, or an object that was deleted, takes its time to go.
func (p *playground) comesTo(t *testing.T, c called, note json.RawMessage, want []provider.State) {
	t.Helper()
	deadline := time.After(time.Minute)
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		found := p.inquire(t, c, note)
		for _, state := range want {
			if found.State == state {
				return
			}
		}
		select {
		case <-deadline:
			t.Errorf("inquire finds state %d, expected one of %v: %s", found.State, want, found.Why)
			return
		case <-ticker.C:
		}
	}
}
