package kubernetes_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestDrainRefusesWhatWouldBeLost drains a node with one pod of each sort, as kubectl drain does: what would be lost for good
// is named and needs a word of the author's each, and the kubelet's own pods are left alone.
func TestDrainRefusesWhatWouldBeLost(t *testing.T) {
	p := newPlayground(t)
	node := p.node(t)
	pod := func(name, more string) {
		p.must(t, `{apiVersion: v1, kind: Pod, metadata: {name: `+name+`, `+more+` tolerations: [{operator: Exists}], nodeName: `+node+`, containers: [{name: main, image: "main:1"}]}}`, "create", "-f", "-")
	}
	// Any object may be a controller; this one neither adopts pods nor lets them go.
	controller := p.must(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: controller}}`, "create", "-o", "jsonpath={.metadata.uid}", "-f", "-")
	owned := `ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: controller, uid: ` + controller + `, controller: true}]`
	pod("bare", "}, spec: {")
	pod("cache", owned+`}, spec: {volumes: [{name: cache, emptyDir: {}}],`)
	pod("plain", owned+`}, spec: {`)
	pod("mirror", `annotations: {kubernetes.io/config.mirror: x}}, spec: {`)
	pods := func() string { return p.must(t, "", "get", "pods", "-o", "jsonpath={.items[*].metadata.name}") }
	all := pods()
	p.must(t, "", "wait", "--for=condition=Ready", "pod", "--all", "--timeout=30s")

	drain := func(more values) called {
		args := values{"node": str(node), "grace_seconds": num(1), "ignore_daemon_sets": cty.True}
		maps.Copy(args, more)
		return called{action: "kubernetes_drain", args: args}
	}
	bare, cache := p.namespace+"/bare", p.namespace+"/cache"
	for name, c := range map[string]struct {
		more           values
		tells, conceal []string
	}{
		"neither":   {nil, []string{"force", bare, "delete_empty_dir_data", cache}, []string{"/plain", "/mirror"}},
		"force":     {values{"force": cty.True}, []string{"delete_empty_dir_data", cache}, []string{bare}},
		"emptyDirs": {values{"delete_empty_dir_data": cty.True}, []string{"force", bare}, []string{cache}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := p.call(t.Context(), t, drain(c.more))
			if err == nil || !provider.NothingDone(err) || !provider.Permanent(err) {
				t.Fatalf("error is %v", err)
			}
			for _, word := range c.tells {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("the error does not name %s: %v", word, err)
				}
			}
			for _, word := range c.conceal {
				if strings.Contains(err.Error(), word) {
					t.Errorf("the error names %s: %v", word, err)
				}
			}
			if got := pods(); got != all {
				t.Errorf("the pods are %s, expected %s", got, all)
			}
			if p.field(t, "node/"+node, "{.spec.unschedulable}") != "" {
				t.Error("a node that was not drained takes no pods")
			}
		})
	}
	self, _ := p.good(t, drain(values{"force": cty.True, "delete_empty_dir_data": cty.True}))
	if want := strs(bare, cache, p.namespace+"/plain"); !at(self, "evicted").RawEquals(want) {
		t.Errorf("evicted %#v, expected %#v", at(self, "evicted"), want)
	}
	if got := pods(); got != "mirror" {
		t.Errorf("the pods are %q, expected the mirror pod alone", got)
	}
}
