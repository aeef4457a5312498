package runtest

import (
	"context"
	"crypto/rand"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Namespace is one of a test's own on the lab's cluster. It ends with the test.
type Namespace struct {
	Name string

	kubectl, kubeconfig string
}

// NewNamespace makes one whose name starts so. Env is that of [Lab].
func NewNamespace(t testing.TB, env map[string]string, prefix string) *Namespace {
	t.Helper()
	n := &Namespace{
		Name:    prefix + "-" + strings.ToLower(rand.Text()[:8]),
		kubectl: filepath.Join(env["LAB_BIN_DIR"], "kubectl"), kubeconfig: env["KUBECONFIG"],
	}
	n.Kubectl(t, "create", "namespace", n.Name)
	t.Cleanup(func() { n.Kubectl(t, "delete", "namespace", n.Name, "--wait=false") })
	return n
}

// Kubectl runs it in the namespace, past all that is tested, and gives what it prints.
func (n *Namespace) Kubectl(t testing.TB, args ...string) string {
	t.Helper()
	return n.run(t, "", args)
}

// Create makes objects of a manifest, which may be a flow mapping.
func (n *Namespace) Create(t testing.TB, manifest string) {
	t.Helper()
	n.run(t, "---\n"+manifest, []string{"create", "-f", "-"}) // without the line kubectl takes a flow mapping for JSON
}

func (n *Namespace) run(t testing.TB, stdin string, args []string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, n.kubectl, append([]string{"--kubeconfig", n.kubeconfig, "-n", n.Name}, args...)...)
	command.Stdin = strings.NewReader(stdin)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// Node makes a node of the test's own. Only pods that tolerate its taint "writes" come to it.
func (n *Namespace) Node(t testing.TB, name string) {
	t.Helper()
	n.Create(t, `{apiVersion: v1, kind: Node, metadata: {name: `+name+`, annotations: {kwok.x-k8s.io/node: fake}, labels: {kubernetes.io/hostname: `+name+`}},
		spec: {taints: [{key: writes, effect: NoSchedule}]},
		status: {conditions: [{type: Ready, status: "True", reason: KubeletReady, message: made by a test,
			lastHeartbeatTime: "2026-01-01T00:00:00Z", lastTransitionTime: "2026-01-01T00:00:00Z"}],
			capacity: {cpu: "4", memory: 8Gi, pods: "110"}, allocatable: {cpu: "4", memory: 8Gi, pods: "110"}}}`)
	t.Cleanup(func() { n.Kubectl(t, "delete", "node", name, "--wait=false") })
	n.Kubectl(t, "wait", "--for=condition=Ready", "node/"+name, "--timeout=30s")
}
