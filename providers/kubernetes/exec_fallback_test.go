package kubernetes_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// gateway stands before the lab's API server and lets no WebSocket through, as old proxies do.
type gateway struct {
	*httputil.ReverseProxy
	mu       sync.Mutex
	upgrades []string
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protocol := strings.ToLower(r.Header.Get("Upgrade"))
	if protocol != "" {
		g.mu.Lock()
		g.upgrades = append(g.upgrades, protocol)
		g.mu.Unlock()
	}
	if protocol == "websocket" {
		http.Error(w, "no such protocol", http.StatusBadRequest)
		return
	}
	g.ReverseProxy.ServeHTTP(w, r)
}

// TestExecFallsBackToSPDY runs a program through a path on which no WebSocket comes about. It runs once.
func TestExecFallsBackToSPDY(t *testing.T) {
	p := newPlayground(t)
	p.deployment(t)
	target, err := url.Parse(p.server)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := rest.TLSConfigFor(&rest.Config{TLSClientConfig: rest.TLSClientConfig{CAData: p.config.Clusters["lab"].CertificateAuthorityData}})
	if err != nil {
		t.Fatal(err)
	}
	trust.NextProtos = []string{"http/1.1"}
	g := &gateway{ReverseProxy: httputil.NewSingleHostReverseProxy(target)}
	g.Transport = &http.Transport{TLSClientConfig: trust, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
	server := httptest.NewTLSServer(g)
	t.Cleanup(server.Close)
	c := p.config.DeepCopy()
	cluster := c.Clusters[c.Contexts["lab"].Cluster]
	cluster.Server, cluster.CertificateAuthorityData, cluster.InsecureSkipTLSVerify = server.URL, nil, true
	c.CurrentContext = "lab"
	behind := *p
	behind.lab = &lab{path: t.TempDir() + "/kubeconfig", config: c}
	if err := clientcmd.WriteToFile(*c, behind.path); err != nil {
		t.Fatal(err)
	}
	marker := "/tmp/" + p.namespace
	self, _ := behind.good(t, called{action: "kubernetes_exec", args: values{
		"resource": str(deployment), "command": strs("sh", "-c", "echo ran >> "+marker+"; cat "+marker+"; rm "+marker+"; exit 3"),
	}})
	if at(self, "stdout").AsString() != "ran\n" || !at(self, "exit_code").RawEquals(num(3)) {
		t.Errorf("the result is %#v", self)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if got := strings.Join(g.upgrades, " "); got != "websocket spdy/3.1" {
		t.Errorf("the client asked for %q, expected WebSocket first and then SPDY", got)
	}
}
