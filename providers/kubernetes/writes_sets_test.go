package kubernetes_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestRolloutOfSets restarts and rolls back what keeps its revisions as patches.
func TestRolloutOfSets(t *testing.T) {
	const template = `selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {
		nodeSelector: {nowhere: "true"}, containers: [{name: db, image: "db:1"}]}}`
	for object, manifest := range map[string]string{
		"statefulset/db": `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {replicas: 1, serviceName: db, ` + template + `}}`,
		"daemonset/db":   `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: db}, spec: {` + template + `}}`,
	} {
		t.Run(object, func(t *testing.T) {
			p := newPlayground(t)
			p.must(t, manifest, "create", "-f", "-")
			p.must(t, "", "wait", "--for=jsonpath={.status.observedGeneration}=1", object, "--timeout=30s")
			write{
				action: "kubernetes_rollout_restart", args: values{"resource": str(object)}, object: object,
				path: "{.spec.template.metadata.annotations.runbook/key}", before: "", after: "key-1",
				undo: func(self cty.Value) called {
					if !at(self, "before", "revision").RawEquals(num(1)) || !at(self, "after", "revision").RawEquals(num(2)) {
						t.Errorf("the revisions are %#v", self)
					}
					return called{action: "kubernetes_rollout_undo", key: "key-2", args: values{"resource": str(object)}}
				},
			}.run(t, p)
		})
	}
}

// TestRolloutUndo goes to an older revision and back, and is refused what the cluster does not have.
func TestRolloutUndo(t *testing.T) {
	p := newPlayground(t)
	p.deployment(t)
	for _, image := range []string{"api:2", "api:3"} {
		p.must(t, "", "set", "image", "deployment/api", "api="+image)
		p.must(t, "", "rollout", "status", "deployment/api", "--timeout=30s")
	}
	write{
		action: "kubernetes_rollout_undo", args: values{"resource": str(deployment), "to_revision": num(1)}, object: deployment,
		path: "{.spec.template.spec.containers[0].image}", before: "api:3", after: "registry.example.com/api:1",
		undo: func(self cty.Value) called {
			return called{action: "kubernetes_rollout_undo", key: "key-2", args: values{
				"resource": str(deployment), "to_revision": at(self, "before", "revision"),
			}}
		},
	}.run(t, p)
	_, _, err := p.call(t.Context(), t, called{action: "kubernetes_rollout_undo", args: values{"resource": str(deployment), "to_revision": num(77)}})
	if err == nil || !provider.NothingDone(err) || !provider.Permanent(err) {
		t.Errorf("to a revision that is not there: %v", err)
	}
	p.must(t, "", "rollout", "pause", "deployment/api")
	if _, _, err := p.call(t.Context(), t, called{action: "kubernetes_rollout_restart", args: values{"resource": str(deployment)}}); !provider.NothingDone(err) {
		t.Errorf("a restart of a paused deployment: %v", err)
	}
}

// TestWritesRightAfterAChange writes while the controller is still busy with the change before: what a restart takes for the
// revision before it is that change's, and no write gives up over the status that the controller writes in between.
func TestWritesRightAfterAChange(t *testing.T) {
	p := newPlayground(t)
	p.deployment(t)
	change := func(action string, args values) cty.Value {
		t.Helper()
		args["resource"] = str(deployment)
		result, _ := p.good(t, called{action: action, key: action + p.field(t, deployment, "{.metadata.generation}"), args: args})
		return result
	}
	for _, image := range []string{"api:2", "api:3", "api:4"} {
		change("kubernetes_set_image", values{"images": cty.MapVal(map[string]cty.Value{"api": str(image)})})
		restarted := change("kubernetes_rollout_restart", values{})
		change("kubernetes_label", values{"labels": cty.MapVal(map[string]cty.Value{"for": str("test")}), "remove": cty.ListValEmpty(cty.String)})
		change("kubernetes_label", values{"remove": cty.ListVal([]cty.Value{str("for")})})
		change("kubernetes_rollout_undo", values{"to_revision": at(restarted, "before", "revision")})
		if now := p.field(t, deployment, "{.spec.template.spec.containers[0].image}"); now != image {
			t.Fatalf("back before the restart the image is %s, expected %s: %#v", now, image, restarted)
		}
	}
}
