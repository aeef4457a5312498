package chaos

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/e82355ed/runbook/internal/runtest"
)

// ownCluster is an API server with its etcd, and nothing that would act on what is told to it.
type ownCluster struct {
	*ownServer
	audit string
}

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: [admin]
  verbs: [create, update, patch, delete]
- level: None
`

func startCluster(t *testing.T) *ownCluster {
	t.Helper()
	programs := runtest.Lab(t, os.Environ())["LAB_BIN_DIR"]
	clients, _ := freeAddress(t)
	peers, _ := freeAddress(t)
	etcd := &ownServer{t: t, address: clients, path: filepath.Join(programs, "etcd"), dir: t.TempDir(), args: []string{
		"--data-dir=data", "--unsafe-no-fsync", "--log-level=warn", "--listen-client-urls=http://" + clients, "--advertise-client-urls=http://" + clients,
		"--listen-peer-urls=http://" + peers, "--initial-advertise-peer-urls=http://" + peers, "--initial-cluster=default=http://" + peers,
	}}
	etcd.ready = func(ctx context.Context) error { return answers(ctx, http.DefaultClient, "http://"+clients+"/readyz") }
	etcd.start()
	t.Cleanup(etcd.kill)
	address, port := freeAddress(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"tokens.csv": "token-of-a-test,admin,admin\n", "audit.yaml": auditPolicy, "sa.key": signingKey(t)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := &ownCluster{audit: filepath.Join(dir, "audit.log"), ownServer: &ownServer{
		t: t, address: address, path: filepath.Join(programs, "kube-apiserver"), dir: dir, args: []string{
			"--etcd-servers=http://" + clients, "--bind-address=127.0.0.1", "--secure-port=" + port, "--cert-dir=certs", "--token-auth-file=tokens.csv",
			"--authorization-mode=AlwaysAllow", "--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none",
			"--service-account-issuer=https://" + address, "--service-account-key-file=sa.key", "--service-account-signing-key-file=sa.key",
			"--service-cluster-ip-range=10.96.0.0/16", "--audit-policy-file=audit.yaml", "--audit-log-path=audit.log",
		},
	}}
	if err := os.WriteFile(filepath.Join(dir, "kubeconfig"), []byte(c.kubeconfig(address)), 0o600); err != nil {
		t.Fatal(err)
	}
	c.ready = func(ctx context.Context) error {
		config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(dir, "kubeconfig"))
		if err != nil {
			return err
		}
		client, err := rest.HTTPClientFor(config)
		if err != nil {
			return err
		}
		defer client.CloseIdleConnections()
		return errors.Join(answers(ctx, client, config.Host+"/readyz"), answers(ctx, client, config.Host+"/api/v1/namespaces/default"))
	}
	c.start()
	t.Cleanup(c.kill)
	return c
}

// ownAPIServer runs one, with a kubeconfig in its folder.
func ownAPIServer(t *testing.T) *ownServer { return startCluster(t).ownServer }

// kubeconfig is the text of one that names the server by an address, which may be a proxy's.
func (c *ownCluster) kubeconfig(address string) string {
	return fmt.Sprintf(ownKubeconfig, filepath.Join(c.dir, "certs", "apiserver.crt"), address)
}

// ownKubeconfig trusts the authority that the server has made for itself and keeps beside its certificate.
const ownKubeconfig = `{apiVersion: v1, kind: Config, current-context: own,
  clusters: [{name: own, cluster: {certificate-authority: %q, server: "https://%s"}}],
  users: [{name: own, user: {token: token-of-a-test}}],
  contexts: [{name: own, context: {cluster: own, user: own, namespace: default}}]}`

// changes counts the requests by which objects were changed, by the object's name, as the server's audit tells it.
func (c *ownCluster) changes(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(c.audit)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(text)) {
		var e struct {
			RequestURI     string
			ObjectRef      struct{ Resource, Name string }
			ResponseStatus struct{ Code int }
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.ObjectRef.Resource == "configmaps" && !strings.Contains(e.RequestURI, "dryRun=All") && e.ResponseStatus.Code < http.StatusBadRequest {
			counts[e.ObjectRef.Name]++
		}
	}
	return counts
}

func signingKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

// answers reports a server that does not answer with status 200.
func answers(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

// ownPrometheus runs one that scrapes nothing.
func ownPrometheus(t *testing.T) *ownServer {
	t.Helper()
	address, _ := freeAddress(t)
	s := &ownServer{t: t, address: address, path: program(t, "prometheus"), dir: t.TempDir(), args: []string{
		"--config.file=" + write(t, "prometheus.yml", "global: {}\n"), "--storage.tsdb.path=data", "--web.listen-address=" + address,
	}}
	s.ready = func(ctx context.Context) error { return answers(ctx, http.DefaultClient, "http://"+address+"/-/ready") }
	s.start()
	t.Cleanup(s.kill)
	return s
}
