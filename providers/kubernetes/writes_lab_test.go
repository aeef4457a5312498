package kubernetes_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
	"github.com/e82355ed/runbook/providers/kubernetes"
)

// playground is a namespace of a test's own, and a node where the test needs one.
type playground struct {
	*lab
	namespace, kubectl string
}

func newPlayground(t *testing.T) *playground {
	t.Helper()
	p := &playground{
		lab: loadLab(t), namespace: "writes-" + strings.ToLower(rand.Text()[:8]),
		kubectl: filepath.Join(providertest.Lab(t, "LAB_BIN_DIR"), "kubectl"),
	}
	p.must(t, "", "create", "namespace", p.namespace)
	t.Cleanup(func() { p.must(t, "", "delete", "namespace", p.namespace, "--wait=false") })
	return p
}

// must runs kubectl, which knows nothing of the provider that is tested.
func (p *playground) must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, p.kubectl, append([]string{"--kubeconfig", p.path, "--context", "lab", "-n", p.namespace}, args...)...)
	command.Stdin = strings.NewReader("---\n" + stdin) // else kubectl takes a flow mapping for JSON
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// field reads a JSONPath of an object.
func (p *playground) field(t *testing.T, object, path string) string {
	t.Helper()
	return p.must(t, "", "get", object, "-o", "jsonpath="+path)
}

// api is a deployment of two containers.
const api = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, labels: {app: api}}, spec: {
  replicas: 2, selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {
    containers: [
      {name: api, image: "registry.example.com/api:1", env: [{name: LEVEL, value: info}], resources: {requests: {cpu: 100m}}},
      {name: proxy, image: "registry.example.com/proxy:1"}]}}}}`

func (p *playground) deployment(t *testing.T) {
	t.Helper()
	p.must(t, api, "apply", "-f", "-")
	p.must(t, "", "rollout", "status", "deployment/api", "--timeout=30s")
}

// node makes a node that ends with the test. Pods that do not tolerate its taint stay off it.
func (p *playground) node(t *testing.T) string {
	t.Helper()
	p.must(t, `{apiVersion: v1, kind: Node, metadata: {name: `+p.namespace+`,
		annotations: {kwok.x-k8s.io/node: fake}, labels: {kubernetes.io/hostname: `+p.namespace+`}},
		spec: {taints: [{key: writes, effect: NoSchedule}]},
		status: {conditions: [{type: Ready, status: "True", reason: KubeletReady, message: made by a test,
			lastHeartbeatTime: "2026-01-01T00:00:00Z", lastTransitionTime: "2026-01-01T00:00:00Z"}], capacity: {cpu: "4", memory: 8Gi, pods: "110"}, allocatable: {cpu: "4", memory: 8Gi, pods: "110"}}}`, "create", "-f", "-")
	t.Cleanup(func() { p.must(t, "", "delete", "node", p.namespace, "--wait=false") })
	p.must(t, "", "wait", "--for=condition=Ready", "node/"+p.namespace, "--timeout=30s")
	// The server gives each new node a taint, which a controller takes away. That must not come between a test's steps.
	p.must(t, "", "wait", "--for=jsonpath={.spec.taints[-1:].key}=writes", "node/"+p.namespace, "--timeout=30s")
	return p.namespace
}

// cordon keeps pods off a node, and waits until a controller has added the taint that says so: it must not come between a test's steps.
func (p *playground) cordon(t *testing.T, node string) {
	t.Helper()
	p.must(t, "", "cordon", node)
	p.must(t, "", "wait", `--for=jsonpath={.spec.taints[?(@.key=="node.kubernetes.io/unschedulable")].effect}=NoSchedule`, "node/"+node, "--timeout=30s")
}

// daemonSet makes one of a pod on a node of the test's, and waits for it.
func (p *playground) daemonSet(t *testing.T, node string) {
	t.Helper()
	p.must(t, `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent}, spec: {selector: {matchLabels: {app: agent}}, template: {
		metadata: {labels: {app: agent}}, spec: {nodeSelector: {kubernetes.io/hostname: `+node+`}, tolerations: [{operator: Exists}],
		containers: [{name: agent, image: "agent:1"}]}}}}`, "create", "-f", "-")
	p.must(t, "", "wait", "--for=jsonpath={.status.numberAvailable}=1", "daemonset/agent", "--timeout=30s")
}

// called is one call of an action.
type called struct {
	action   string
	args     values
	key      string
	readOnly bool
	// denied is true where only the client is read-only, and the call says nothing of it.
	denied bool
	// earlier is what an attempt before at the same write noted.
	earlier json.RawMessage
}

// prepare opens a client and makes the call. Note collects what the action notes.
func (p *playground) prepare(t *testing.T, c called, note *json.RawMessage) (provider.Action, *provider.Call) {
	t.Helper()
	pr := kubernetes.New()
	action := pr.Action(c.action)
	host := provider.Host{Lookup: func(string) (string, bool) { return "", false }, Log: hclog.NewNullLogger()}
	config := attributes(t, pr.Config(), values{"kubeconfig": str(p.path), "namespace": str(p.namespace)})
	client, err := pr.Open(t.Context(), provider.OpenRequest{
		Host: host, Config: config, Dir: t.TempDir(), ReadOnly: c.readOnly || c.denied, MaxParallel: 4,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := provider.Close(client); err != nil {
			t.Error(err)
		}
	})
	var earlier *provider.Sent
	if c.earlier != nil {
		earlier = &provider.Sent{Key: c.key, At: time.Now(), Note: c.earlier}
	}
	return action, &provider.Call{
		Earlier: earlier,
		Client:  client, Args: attributes(t, action.Spec().Args(), c.args), ReadOnly: c.readOnly, Key: c.key, Host: host,
		Note: func(n []byte) error { *note = append(json.RawMessage(nil), n...); return nil },
	}
}

func attributes(t *testing.T, schema *provider.Object, set values) cty.Value {
	t.Helper()
	all := schema.Null().AsValueMap()
	for name, v := range set {
		converted, err := convert.Convert(v, schema.Attribute(name).Type)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = converted
	}
	return cty.ObjectVal(all)
}

func (p *playground) call(ctx context.Context, t *testing.T, c called) (*provider.Result, json.RawMessage, error) {
	t.Helper()
	var note json.RawMessage
	action, call := p.prepare(t, c, &note)
	result, err := action.Run(ctx, call)
	return result, note, err
}

// good is a call that must succeed within half a minute.
func (p *playground) good(t *testing.T, c called) (cty.Value, json.RawMessage) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	result, note, err := p.call(ctx, t, c)
	if err != nil {
		t.Fatalf("%s: %v", c.action, err)
	}
	t.Logf("%s: %s; warnings %q", c.action, result.Summary, result.Warnings)
	value, _ := result.Value.UnmarkDeep()
	return value, note
}

// until is a context that ends once something is so.
func until(t *testing.T, isSo func() bool) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	t.Cleanup(func() { cancel(); <-ended })
	go func() {
		defer close(ended)
		defer cancel()
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for ctx.Err() == nil && !isSo() {
			<-ticker.C
		}
	}()
	return ctx
}

func (p *playground) inquire(t *testing.T, c called, note json.RawMessage) *provider.Found {
	t.Helper()
	var ignored json.RawMessage
	action, call := p.prepare(t, c, &ignored)
	found, err := action.(provider.Inquirer).Inquire(t.Context(), call, provider.Sent{Key: c.key, At: time.Now(), Note: note})
	if err != nil {
		t.Fatalf("inquire %s: %v", c.action, err)
	}
	t.Logf("inquire %s: state %d, %s", c.action, found.State, found.Why)
	return found
}

func (p *playground) found(t *testing.T, c called, note json.RawMessage, want provider.State) *provider.Found {
	t.Helper()
	found := p.inquire(t, c, note)
	if found.State != want {
		t.Errorf("inquire finds state %d, expected %d: %s", found.State, want, found.Why)
	}
	return found
}

func (p *playground) preview(t *testing.T, c called) []provider.Change {
	t.Helper()
	var ignored json.RawMessage
	action, call := p.prepare(t, c, &ignored)
	changes, err := action.(provider.Previewer).Preview(t.Context(), call)
	if err != nil {
		t.Fatalf("preview %s: %v", c.action, err)
	}
	t.Logf("preview %s: %+v", c.action, changes)
	return changes
}

// refused shows that neither a read-only run nor a read-only client alone lets the action through.
func (p *playground) refused(t *testing.T, c called) {
	t.Helper()
	for _, how := range []called{{readOnly: true}, {denied: true}} {
		how.action, how.args, how.key = c.action, c.args, c.key
		_, _, err := p.call(t.Context(), t, how)
		if !errors.Is(err, provider.ErrReadOnly) || !provider.NothingDone(err) {
			t.Errorf("%s read-only: error is %v, expected a refusal that says that nothing was done", c.action, err)
		}
	}
}
