package kubernetes_test

import (
	"strings"
	"testing"
)

// TestGoneInBetween: somebody deletes the object after it was read, and before it is applied, or makes it anew by then. What is made, and what
// is changed, is told as it was, so that the undo takes back this and no more.
func TestGoneInBetween(t *testing.T) {
	const made = `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {ours: old, theirs: old}}`
	for name, again := range map[string]bool{"deleted": false, "made anew": true} {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			p.must(t, made, "create", "-f", "-")
			c := called{action: "kubernetes_apply", key: "key-1", args: values{"force": str("true"), "manifest": str(`{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {ours: new}}`)}}
			action, call := p.prepare(t, c, nil)
			first := true
			call.Note = func([]byte) error {
				if first {
					p.must(t, "", "delete", "configmap", "c")
				}
				if first && again {
					p.must(t, strings.ReplaceAll(made, "old", "older"), "create", "-f", "-")
				}
				first = false
				return nil
			}
			result, err := action.Run(t.Context(), call)
			if err != nil {
				t.Fatal(err)
			}
			self, _ := result.Value.UnmarkDeep()
			if created := at(self, "created").LengthInt() == 1; created == again {
				t.Errorf("created %#v, changes %#v", at(self, "created"), at(self, "changes"))
			}
			if again {
				p.good(t, called{action: "kubernetes_patch", key: "key-2", args: values{"resource": str("configmap/c"), "type": str("json"), "patch": at(self, "undo")}})
				if now := p.field(t, "configmap/c", "{.data.ours} {.data.theirs}"); now != "older older" {
					t.Errorf("after the undo it is %s", now)
				}
			}
		})
	}
}
