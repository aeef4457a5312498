package kubernetes_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/providers/kubernetes"
)

// TestUndoLeavesOthersWork: somebody else changes after the step what it changed. Its undo, and a preview of it, refuse; theirs stays, and is
// written over where the author says so.
func TestUndoLeavesOthersWork(t *testing.T) {
	for name, w := range writes() {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			p.deployment(t)
			self, _ := p.good(t, called{action: w.action, args: w.args, key: "key-1"})
			p.must(t, "", "patch", w.object, "--type=strategic", "-p", w.others)
			undo := w.undo(self)
			refused := func(how string, err error) {
				t.Helper()
				if err == nil || !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), "somebody else has changed it") ||
					!strings.Contains(err.Error(), "Nothing was changed") {
					t.Errorf("%s: the error is %v", how, err)
				}
				t.Log(err)
				if now := p.field(t, w.object, w.path); now != w.theirs {
					t.Fatalf("%s: it is %s, expected %s", how, now, w.theirs)
				}
			}
			_, _, err := p.call(t.Context(), t, undo)
			refused("run", err)
			action, call := p.prepare(t, undo, nil)
			_, err = action.(provider.Previewer).Preview(t.Context(), call)
			refused("preview", err)
			delete(undo.args, "replaces")
			if patch, ok := undo.args["patch"]; ok {
				undo.args["patch"] = withoutTests(patch)
			}
			p.good(t, undo)
			if now := p.field(t, w.object, w.path); now != w.before && name != "set resources" {
				t.Errorf("written over it is %s, expected %s", now, w.before)
			}
		})
	}
}

// withoutTests is [for o in self.undo : o if o.op != "test"].
func withoutTests(patch cty.Value) cty.Value {
	var rest []cty.Value
	for it := patch.ElementIterator(); it.Next(); {
		if _, o := it.Element(); at(o, "op").AsString() != "test" {
			rest = append(rest, o)
		}
	}
	return cty.TupleVal(rest)
}

// TestUndoOfAPatch takes back what is awkward to: it finds each as it was, also beside what others added, and refuses where theirs is in the way.
func TestUndoOfAPatch(t *testing.T) {
	for name, tc := range map[string]struct {
		made, patch, others string
		refused             bool
		path, end           string
	}{
		"signs of HTML": {patch: `{"data": {"a": "x<y&z>"}}`, path: "{.data}", end: `{"a":"1"}`},
		"the first annotation": {
			patch: `{"metadata": {"annotations": {"of/us": "1"}}}`, others: `{"metadata": {"annotations": {"of/them": "2"}}}`,
			path: "{.metadata.annotations}", end: `{"of/them":"2"}`,
		},
		"the only label": {
			made: "labels: {of: us}", patch: `{"metadata": {"labels": {"of": null}}}`, others: `{"metadata": {"labels": {"by": "them"}}}`,
			path: "{.metadata.labels}", end: `{"by":"them"}`, refused: true,
		},
		"a field that went":        {patch: `{"data": {"a": null, "b": "2"}}`, path: "{.data}", end: `{"a":"1"}`},
		"a field that others made": {patch: `{"data": {"a": null, "b": "2"}}`, others: `{"data": {"a": "theirs"}}`, path: "{.data}", end: `{"a":"theirs","b":"2"}`, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			p.must(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, `+tc.made+`}, data: {a: "1"}}`, "create", "-f", "-")
			c := called{action: "kubernetes_patch", key: "key-1", args: values{"resource": str("configmap/c"), "patch": str(tc.patch)}}
			self, _ := p.good(t, c)
			if tc.others != "" {
				p.must(t, "", "patch", "configmap", "c", "--type=merge", "-p", tc.others)
			}
			c.args["type"], c.args["patch"] = str("json"), at(self, "undo")
			if _, _, err := p.call(t.Context(), t, c); (err != nil) != tc.refused {
				t.Errorf("the error is %v", err)
			}
			if now := p.field(t, "configmap/c", tc.path); now != tc.end {
				t.Errorf("it is %s, expected %s", now, tc.end)
			}
		})
	}
}

// TestUndoOfAPatchInAList: the fields of an element are put back in no other that has come to its place.
func TestUndoOfAPatchInAList(t *testing.T) {
	p := newPlayground(t)
	p.deployment(t)
	const path = "{range .spec.template.spec.containers[0].env[*]}{.name}={.value} {end}"
	step := called{action: "kubernetes_patch", key: "key-1", args: on(values{
		"patch": str(`{"spec": {"template": {"spec": {"containers": [{"name": "api", "env": [{"name": "LEVEL", "value": "debug"}]}]}}}}`),
	})}
	self, _ := p.good(t, step)
	p.must(t, "", "patch", deployment, "--type=json", "-p", `[{"op": "add", "path": "/spec/template/spec/containers/0/env/0", "value": {"name": "MODE", "value": "debug"}}]`)
	if _, _, err := p.call(t.Context(), t, patchBack(self)); err == nil || !strings.Contains(err.Error(), "MODE") {
		t.Errorf("the error is %v", err)
	}
	if now := p.field(t, deployment, path); now != "MODE=debug LEVEL=debug" {
		t.Errorf("it is %s", now)
	}
}

// TestUndoOfTwoSteps: the undo of the later step has the earlier one's template rolled out under a new number, which is nobody else's work.
func TestUndoOfTwoSteps(t *testing.T) {
	const template = `selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {nodeSelector: {nowhere: "true"}, containers: [{name: api, image: "api:1"}]}}`
	for object, manifest := range map[string]string{
		deployment:        `{apiVersion: apps/v1, kind: Deployment, metadata: {name: api}, spec: {` + template + `}}`,
		"statefulset/api": `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: api}, spec: {serviceName: api, ` + template + `}}`,
	} {
		t.Run(object, func(t *testing.T) {
			p := newPlayground(t)
			p.must(t, manifest, "create", "-f", "-")
			p.must(t, "", "wait", "--for=jsonpath={.status.observedGeneration}=1", object, "--timeout=30s")
			step := func(action, key string, more values) cty.Value {
				more["resource"] = str(object)
				c := called{action: action, key: key, args: more}
				self, note := p.good(t, c)
				noted, err := kubernetes.New().Action(action).(provider.Noter).Noted(cty.NilVal, note)
				if err != nil {
					t.Fatal(err)
				}
				if meant, _ := noted.Value.UnmarkDeep(); strings.Contains(action, "rollout") && !at(meant, "after", "template").RawEquals(at(self, "after", "template")) {
					t.Errorf("%s: it was to be %#v, and is %#v", action, at(meant, "after"), at(self, "after"))
				}
				return self
			}
			restarted := step("kubernetes_rollout_restart", "key-1", values{})
			set := step("kubernetes_set_image", "key-2", values{"images": text("api", "api:2")})
			step("kubernetes_set_image", "key-3", values{"images": at(set, "before"), "replaces": at(set, "after")})
			step("kubernetes_rollout_undo", "key-4", values{"to_revision": at(restarted, "before", "revision"), "replaces": at(restarted, "after")})
			if now := p.field(t, object, "{.spec.template.spec.containers[0].image}{.spec.template.metadata.annotations}"); now != "api:1" {
				t.Errorf("it is %s", now)
			}
		})
	}
}

// TestUndoSaysNothingSensitive: what an undo refuses is told by its name alone where its values are sensitive, or those of a Secret.
func TestUndoSaysNothingSensitive(t *testing.T) {
	p := newPlayground(t)
	p.deployment(t)
	p.must(t, `{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {key: ours-1}}`, "create", "-f", "-")
	p.must(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: key}, data: {key: ours-1}}`, "create", "-f", "-")
	test := func(value string) cty.Value {
		return str(`[{"op": "test", "path": "/data/key", "value": "` + value + `"}, {"op": "remove", "path": "/data/key"}]`)
	}
	for name, c := range map[string]called{
		"LEVEL": {action: "kubernetes_set_env", args: on(values{
			"env": text("LEVEL", "ours-2").Mark(provider.Sensitive), "replaces": text("LEVEL", "ours-3").Mark(provider.Sensitive), "container": str("api"),
		})},
		"/data/key":  {action: "kubernetes_patch", args: values{"resource": str("secret/key"), "type": str("json"), "patch": test("b3Vycy0y")}},
		"/data/key ": {action: "kubernetes_patch", args: values{"resource": str("configmap/key"), "type": str("json"), "patch": test("ours-2").Mark(provider.Sensitive)}},
	} {
		_, _, err := p.call(t.Context(), t, c)
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(name)) || strings.Contains(err.Error(), "ours") || strings.Contains(err.Error(), "b3Vyc") || strings.Contains(err.Error(), "info") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// TestResourcesOfContainersThatDiffer: an undo could give back those of one, so that nothing is set.
func TestResourcesOfContainersThatDiffer(t *testing.T) {
	p := newPlayground(t)
	p.deployment(t)
	set := func(counted string, more values) error {
		more["limits"] = text("memory", "64Mi")
		var note json.RawMessage
		action, call := p.prepare(t, called{action: "kubernetes_set_resources", key: "key-1", args: on(more)}, &note)
		call.CountedOn = func(result string) bool { return result == counted }
		_, err := action.Run(t.Context(), call)
		return err
	}
	if err := set("before", values{}); err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "name one with container") {
		t.Errorf("the error is %v", err)
	}
	if now := p.field(t, deployment, "{.spec.template.spec.containers[*].resources.limits}"); now != "" {
		t.Errorf("limits are %s", now)
	}
	for name, err := range map[string]error{"one": set("before", values{"container": str("api")}), "no such undo": set("", values{})} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReplacesOfMore: what replaces names beside what is written has to be there too.
func TestReplacesOfMore(t *testing.T) {
	p := newPlayground(t)
	p.deployment(t)
	more := cty.MapVal(values{"proxy": cty.ObjectVal(values{"requests": text("cpu", "1"), "limits": cty.NullVal(cty.Map(cty.String))})})
	for action, args := range map[string]values{
		"kubernetes_set_env":       {"container": str("api"), "env": text("LEVEL", "debug"), "replaces": text("LEVEL", "info", "OTHER", "1")},
		"kubernetes_set_image":     {"images": text("api", "api:2"), "replaces": text("api", "registry.example.com/api:1", "proxy", "proxy:2")},
		"kubernetes_set_resources": {"container": str("api"), "limits": text("memory", "64Mi"), "replaces": more},
		"kubernetes_label":         {"labels": text("app", "other"), "replaces": text("app", "api", "tier", "web")},
	} {
		_, _, err := p.call(t.Context(), t, called{action: action, key: "key-1", args: on(args)})
		if err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "somebody else has changed it") {
			t.Errorf("%s: the error is %v", action, err)
		}
	}
	if now := p.field(t, deployment, "{.metadata.generation} {.metadata.labels}"); now != `1 {"app":"api"}` {
		t.Errorf("it is %s", now)
	}
	for action, args := range map[string]values{
		"kubernetes_set_env":   {"container": str("api"), "env": text("NEW", "1"), "replaces": text("LEVEL", "info")},
		"kubernetes_set_image": {"images": text("api", "api:2"), "replaces": text("api", "registry.example.com/api:1", "proxy", "registry.example.com/proxy:1")},
		"kubernetes_label":     {"labels": text("tier", "web"), "replaces": text("app", "api")},
	} {
		p.good(t, called{action: action, key: "key-2", args: on(args)})
	}
}
