package kubernetes_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestCustomResources does with objects of a kind that the test brings along what is done with the cluster's own.
func TestCustomResources(t *testing.T) {
	p := newPlayground(t)
	group := p.namespace + ".example.com"
	crd := "crd/widgets." + group
	p.must(t, `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: widgets.`+group+`}, spec: {group: `+group+`, scope: Namespaced,
		names: {kind: Widget, plural: widgets, singular: widget}, versions: [{name: v1, served: true, storage: true,
			subresources: {scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}},
			schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, required: [colour], properties: {colour: {type: string}, replicas: {type: integer}}}}}}}]}}`,
		"create", "-f", "-")
	t.Cleanup(func() { p.must(t, "", "delete", crd, "--wait=false") })
	p.must(t, "", "wait", "--for=condition=Established", crd, "--timeout=30s")
	resource := "widgets." + group + "/w"
	manifest := func(spec string) cty.Value {
		return str("{apiVersion: " + group + "/v1, kind: Widget, metadata: {name: w}, spec: " + spec + "}")
	}
	colour := func() string {
		return p.must(t, "", "get", resource, "--ignore-not-found", "-o", "jsonpath={.spec.colour}")
	}

	if _, _, err := p.call(t.Context(), t, called{action: "kubernetes_apply", args: values{"manifest": manifest("{replicas: 1}")}}); err == nil ||
		!provider.NothingDone(err) || !strings.Contains(err.Error(), "colour") {
		t.Errorf("against its schema: %v", err)
	}
	apply := called{action: "kubernetes_apply", key: "key-1", args: values{"manifest": manifest("{colour: blue, replicas: 2}")}}
	p.refused(t, apply)
	_, note := p.good(t, apply)
	if got := colour(); got != "blue" {
		t.Fatalf("the widget is %q", got)
	}
	p.found(t, apply, note, provider.Done)

	write{
		action: "kubernetes_patch", args: values{"resource": str(resource), "patch": str(`{"spec": {"colour": "red"}}`), "type": str("merge")},
		object: resource, path: "{.spec.colour}", before: "blue", after: "red",
		undo: func(self cty.Value) called {
			return called{action: "kubernetes_patch", args: values{"resource": str(resource), "type": str("json"), "patch": at(self, "undo")}}
		},
	}.run(t, p)
	write{
		action: "kubernetes_label", args: values{"resource": str(resource), "labels": text("tier", "web")},
		object: resource, path: "{.metadata.labels.tier}", before: "", after: "web",
		undo: func(cty.Value) called {
			return called{action: "kubernetes_label", args: values{"resource": str(resource), "remove": strs("tier")}}
		},
	}.run(t, p)
	write{
		action: "kubernetes_scale", args: values{"resource": str(resource), "replicas": num(5)}, object: resource, path: "{.spec.replicas}", before: "2", after: "5",
		undo: func(self cty.Value) called {
			return called{action: "kubernetes_scale", args: values{"resource": str(resource), "replicas": at(self, "before", "replicas")}}
		},
	}.run(t, p)

	of := values{"api_version": str(group + "/v1"), "kind": str("Widget")}
	self, _ := p.good(t, called{action: "kubernetes_objects", args: of})
	if !at(self, "count").RawEquals(num(1)) {
		t.Errorf("the objects are %#v", self)
	}
	of["name"] = str("w")
	doomed := called{action: "kubernetes_delete", args: of}
	p.refused(t, doomed)
	self, note = p.good(t, doomed)
	if got := colour(); got != "" {
		t.Errorf("a widget is left that is %s", got)
	}
	p.found(t, doomed, note, provider.Done)
	p.good(t, called{action: "kubernetes_apply", args: values{"manifest": at(self, "manifests")}})
	if got := colour(); got != "blue" {
		t.Errorf("the undo made a widget that is %q", got)
	}
}
