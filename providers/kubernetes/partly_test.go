package kubernetes

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/zclconf/go-cty/cty"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestPartlyRefused: of several objects the server refuses the second. What was done to the first is known, so nothing is in doubt.
func TestPartlyRefused(t *testing.T) {
	object := func(name string) rawObject {
		return rawObject{
			"apiVersion": "v1", "kind": "ConfigMap", "data": rawObject{"colour": "blue"},
			"metadata": rawObject{"name": name, "namespace": "production", "uid": name, "resourceVersion": "1"},
		}
	}
	for action, test := range map[string]struct {
		args      map[string]cty.Value
		refuses   string
		list      string
		want, say string
	}{
		"kubernetes_delete": {
			map[string]cty.Value{"api_version": cty.StringVal("v1"), "kind": cty.StringVal("ConfigMap"), "label_selector": cty.StringVal("app=api")},
			http.MethodDelete, "deleted", "production/a", "Deleted before it: production/a.",
		},
		"kubernetes_apply": {
			map[string]cty.Value{"manifest": cty.StringVal("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n")},
			http.MethodPatch, "changes", "v1/ConfigMap/production/a", "Applied before it: configmap a in production.",
		},
	} {
		t.Run(action, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
				changed := object(name)
				changed["data"] = rawObject{"colour": "red"}
				switch dry := r.URL.Query().Get("dryRun") != ""; {
				case name == "v1":
					answer(t, w, `{"kind": "APIResourceList", "resources": [{"name": "configmaps", "kind": "ConfigMap", "namespaced": true}]}`)
				case r.Method == test.refuses && name == "b" && !dry:
					answer(t, w, status(http.StatusForbidden, metav1.StatusReasonForbidden, "an admission webhook says no"))
				case r.Method == http.MethodPatch:
					answer(t, w, changed)
				case name == "configmaps":
					answer(t, w, rawObject{"kind": "ConfigMapList", "items": []any{object("a"), object("b"), object("c")}})
				default:
					answer(t, w, object(name))
				}
			}))
			t.Cleanup(server.Close)
			writes := request(t, config{Kubeconfig: written(t, kubeconfigOf(server.URL))})
			writes.ReadOnly = false
			c, err := open(t.Context(), writes)
			if err != nil {
				t.Fatal(err)
			}
			a := New().Action(action)
			args := a.Spec().Args().Null().AsValueMap()
			for name, value := range test.args {
				args[name] = value
			}
			r, err := a.Run(t.Context(), &provider.Call{
				Client: c, Args: cty.ObjectVal(args), Effect: provider.Destructive, Host: provider.Host{Log: hclog.NewNullLogger()},
			})
			if err == nil || provider.NothingDone(err) || !strings.Contains(err.Error(), "an admission webhook says no") || !strings.Contains(err.Error(), test.say) {
				t.Errorf("error is %v", err)
			}
			if r == nil {
				t.Fatal("there is no result")
			}
			if got := r.Value.GetAttr(test.list).GoString(); !strings.Contains(got, test.want) || strings.Contains(got, "production/b") {
				t.Errorf("the result tells %s", got)
			}
		})
	}
}
