package kubernetes_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestDeleteChangedInBetween: somebody else changes what is to be deleted after it was looked for. The undo brings theirs back; what
// the selector no longer chooses stays, and so does another object that was made under the name.
func TestDeleteChangedInBetween(t *testing.T) {
	const made = `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: {of: test}}, data: {a: old}}`
	for name, tc := range map[string]struct {
		by      string
		others  func(*testing.T, *playground)
		deleted int
		refused bool
		left    string
	}{
		"its data": {by: "name", deleted: 1, others: func(t *testing.T, p *playground) {
			t.Helper()
			p.must(t, "", "patch", "configmap", "c", "--type=merge", "-p", `{"data": {"a": "theirs"}}`)
		}},
		"its label": {by: "label_selector", left: "configmap/c", others: func(t *testing.T, p *playground) {
			t.Helper()
			p.must(t, "", "label", "configmap", "c", "of-")
		}},
		"the object": {by: "name", left: "configmap/c", refused: true, others: func(t *testing.T, p *playground) {
			t.Helper()
			p.must(t, "", "delete", "configmap", "c")
			p.must(t, made, "create", "-f", "-")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			p.must(t, made, "create", "-f", "-")
			c := called{action: "kubernetes_delete", key: "key-1", args: values{
				"api_version": str("v1"), "kind": str("ConfigMap"), tc.by: str(map[string]string{"name": "c", "label_selector": "of=test"}[tc.by]),
			}}
			action, call := p.prepare(t, c, nil)
			first := true
			call.Note = func([]byte) error {
				if first {
					tc.others(t, p)
				}
				first = false
				return nil
			}
			result, err := action.Run(t.Context(), call)
			if left := p.must(t, "", "get", "configmap", "c", "--ignore-not-found", "-o", "name"); left != tc.left {
				t.Errorf("left is %q, expected %q", left, tc.left)
			}
			if tc.refused {
				if err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "somebody else's") {
					t.Errorf("the error is %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := at(result.Value, "deleted").LengthInt(); got != tc.deleted {
				t.Errorf("deleted %d, expected %d", got, tc.deleted)
			}
			if tc.deleted == 0 {
				return
			}
			p.good(t, called{action: "kubernetes_apply", key: "key-2", args: values{"manifest": at(result.Value, "manifests")}})
			if now := p.field(t, "configmap/c", "{.data.a}"); now != "theirs" {
				t.Errorf("after the undo it has %q", now)
			}
		})
	}
}

// TestDeleteOfUID: what a step created is deleted by its UID, and another object of that name is not.
func TestDeleteOfUID(t *testing.T) {
	p := newPlayground(t)
	const made = `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}`
	self, _ := p.good(t, called{action: "kubernetes_apply", key: "key-1", args: values{"manifest": str(made)}})
	created := at(self, "created").AsValueSlice()[0]
	c := called{action: "kubernetes_delete", key: "key-2", args: values{}}
	for name, value := range created.AsValueMap() {
		c.args[name] = value
	}
	p.must(t, "", "delete", "configmap", "c")
	p.must(t, made, "create", "-f", "-")
	_, _, err := p.call(t.Context(), t, c)
	if err == nil || !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), "somebody else's") {
		t.Errorf("another of that name: %v", err)
	}
	c.args["uid"] = cty.StringVal(p.field(t, "configmap/c", "{.metadata.uid}"))
	p.good(t, c)
	if left := p.must(t, "", "get", "configmap", "c", "--ignore-not-found", "-o", "name"); left != "" {
		t.Errorf("left is %s", left)
	}
}

// TestUndoOfADrainKeepsACordon: a node that was cordoned before its drain is so after the undo too.
func TestUndoOfADrainKeepsACordon(t *testing.T) {
	p := newPlayground(t)
	occupied(t, p)
	node := p.namespace
	p.must(t, "", "cordon", node)
	self, _ := p.good(t, called{action: "kubernetes_drain", key: "key-1", args: values{
		"node": str(node), "grace_seconds": num(1), "ignore_daemon_sets": cty.True,
	}})
	patch := cty.ObjectVal(values{"spec": cty.ObjectVal(values{"unschedulable": at(self, "before", "schedulable").Not()})})
	p.good(t, called{action: "kubernetes_patch", key: "key-2", args: values{"resource": str("node/" + node), "patch": patch}})
	if now := p.field(t, "node/"+node, "{.spec.unschedulable}"); now != "true" || at(self, "evicted").LengthInt() == 0 {
		t.Errorf("after the undo unschedulable is %q; evicted %#v", now, at(self, "evicted"))
	}
}
