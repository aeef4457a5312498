package kubernetes_test

import (
	"path/filepath"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// wrongToken is refused by every server and must not be told by any error.
const wrongToken = "not-a-token-5b1d0f9c" //nolint:gosec // no credential

var noStrings = cty.ListValEmpty(cty.String)

func strs(texts ...string) cty.Value {
	var values []cty.Value
	for _, text := range texts {
		values = append(values, cty.StringVal(text))
	}
	return cty.ListVal(values)
}

// lab is the lab's cluster as its kubeconfig has it.
type lab struct {
	path, server string
	tokens       []string
	config       *clientcmdapi.Config
}

func loadLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{path: providertest.Lab(t, "KUBECONFIG")}
	var err error
	if l.config, err = clientcmd.LoadFromFile(l.path); err != nil {
		t.Fatal(err)
	}
	l.server = l.config.Clusters[l.config.Contexts["lab"].Cluster].Server
	for _, user := range l.config.AuthInfos {
		l.tokens = append(l.tokens, user.Token)
	}
	return l
}

func (l *lab) viewer() values {
	return values{"kubeconfig": cty.StringVal(l.path), "context": cty.StringVal("viewer"), "namespace": cty.StringVal("production")}
}

// with is a configuration like the lab's with another server and token, in a context "test".
func (l *lab) with(t *testing.T, server, token string) values {
	t.Helper()
	c := l.config.DeepCopy()
	c.Clusters["test"] = c.Clusters[c.Contexts["lab"].Cluster].DeepCopy()
	c.Clusters["test"].Server = server
	c.AuthInfos["test"] = &clientcmdapi.AuthInfo{Token: token}
	c.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test", Namespace: "production"}
	c.CurrentContext = "test"
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*c, path); err != nil {
		t.Fatal(err)
	}
	return values{"kubeconfig": cty.StringVal(path)}
}

// resultCheck is what some of a result's attributes must be.
type resultCheck map[string]cty.Value

func (c resultCheck) run(t *testing.T, r *provider.Result) {
	t.Helper()
	t.Logf("summary: %s; warnings: %q", r.Summary, r.Warnings)
	value, _ := r.Value.UnmarkDeep()
	for name, want := range c {
		if got := value.GetAttr(name); !got.RawEquals(want) {
			t.Errorf("%s is %#v, expected %#v", name, got, want)
		}
	}
}
