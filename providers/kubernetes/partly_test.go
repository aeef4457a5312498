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
			r, err := callOnce(t, server.URL, action, test.args)
			if err == nil || provider.NothingDone(err) || !provider.Partial(err) || !strings.Contains(err.Error(), "an admission webhook says no") || !strings.Contains(err.Error(), test.say) {
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

// TestDrainInPart: of two pods the server lets the first go. What becomes of the second decides whether that is known.
func TestDrainInPart(t *testing.T) {
	pod := func(name string) rawObject {
		owner := rawObject{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api", "uid": "api", "controller": true}
		return rawObject{
			"apiVersion": "v1", "kind": "Pod",
			"metadata": rawObject{"name": name, "namespace": "production", "uid": name, "ownerReferences": []any{owner}},
		}
	}
	for name, test := range map[string]struct {
		code   int32
		reason metav1.StatusReason
		known  bool
	}{
		"refused":                 {http.StatusForbidden, metav1.StatusReasonForbidden, true},
		"the server breaks there": {http.StatusInternalServerError, metav1.StatusReasonInternalError, false},
	} {
		t.Run(name, func(t *testing.T) {
			cordoned := false
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				node := rawObject{"apiVersion": "v1", "kind": "Node", "metadata": rawObject{"name": "one", "resourceVersion": "1"}, "spec": rawObject{}}
				switch path := r.URL.Path; {
				case r.Method == http.MethodPatch:
					cordoned = true
					node["spec"] = rawObject{"unschedulable": true}
					answer(t, w, node)
				case strings.HasSuffix(path, "/nodes/one"):
					answer(t, w, node)
				case strings.HasSuffix(path, "/pods"):
					answer(t, w, rawObject{"apiVersion": "v1", "kind": "PodList", "items": []any{pod("a"), pod("b")}})
				case strings.HasSuffix(path, "/b/eviction"):
					answer(t, w, status(test.code, test.reason, "an admission webhook says no"))
				case strings.HasSuffix(path, "/a/eviction"):
					answer(t, w, rawObject{"apiVersion": "v1", "kind": "Status", "status": "Success"})
				default:
					answer(t, w, pod("a"))
				}
			}))
			t.Cleanup(server.Close)
			r, err := callOnce(t, server.URL, "kubernetes_drain", map[string]cty.Value{"node": cty.StringVal("one")})
			if err == nil || provider.NothingDone(err) || !cordoned || (r != nil) != test.known {
				t.Fatalf("cordoned: %t, result %v, error %v", cordoned, r, err)
			}
			if test.known && (!strings.Contains(err.Error(), "Done before it: cordon of node one, eviction of production/a.") || r.Value.GetAttr("evicted").LengthInt() != 1) {
				t.Errorf("the result tells %#v, the error %v", r.Value, err)
			}
		})
	}
}

// callOnce calls an action that changes something on a server, once.
func callOnce(t *testing.T, url, action string, given map[string]cty.Value) (*provider.Result, error) {
	t.Helper()
	writes := request(t, config{Kubeconfig: written(t, kubeconfigOf(url))})
	writes.ReadOnly = false
	c, err := open(t.Context(), writes)
	if err != nil {
		t.Fatal(err)
	}
	a := New().Action(action)
	args := a.Spec().Args().Null().AsValueMap()
	for name, value := range given {
		args[name] = value
	}
	return a.Run(t.Context(), &provider.Call{
		Client: c, Args: cty.ObjectVal(args), Effect: provider.Destructive, Host: provider.Host{Log: hclog.NewNullLogger()},
	})
}
