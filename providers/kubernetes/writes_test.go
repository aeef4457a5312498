package kubernetes_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// write is an action, what it changes, and how its result takes it back.
type write struct {
	action string
	args   values
	// object and path are where kubectl finds what is changed.
	object, path  string
	before, after string
	// undo makes the call that takes it back, from the result, as the guide has it.
	undo func(self cty.Value) called
	// others is the patch by which somebody else changes the same afterwards, and theirs what is there then.
	others, theirs string
}

func text(pairs ...string) cty.Value {
	m := map[string]cty.Value{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = str(pairs[i+1])
	}
	return cty.MapVal(m)
}

// at goes down a value by names.
func at(v cty.Value, names ...string) cty.Value {
	for _, name := range names {
		if v.Type().IsMapType() {
			v = v.Index(str(name))
		} else {
			v = v.GetAttr(name)
		}
	}
	return v
}

const deployment = "deployment/api"

func on(more values) values { more["resource"] = str(deployment); return more }

func scaleBack(self cty.Value) called {
	return called{action: "kubernetes_scale", args: on(values{"replicas": at(self, "before", "replicas"), "replaces": at(self, "after")})}
}

func envBack(self cty.Value) called {
	return called{action: "kubernetes_set_env", args: on(values{
		"container": str("api"), "env": at(self, "before"), "remove": keysOf(at(self, "after")), "replaces": at(self, "after"),
	})}
}

func patchBack(self cty.Value) called {
	return called{action: "kubernetes_patch", args: on(values{"type": str("json"), "patch": at(self, "undo")})}
}

func keysOf(m cty.Value) cty.Value {
	keys := []cty.Value{}
	for it := m.ElementIterator(); it.Next(); {
		key, _ := it.Element()
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return noStrings
	}
	return cty.ListVal(keys)
}

func writes() map[string]write {
	return map[string]write{
		"scale": {
			action: "kubernetes_scale", args: on(values{"replicas": num(3)}), object: deployment, path: "{.spec.replicas}", before: "2", after: "3", others: `{"spec": {"replicas": 7}}`, theirs: "7",
			undo: scaleBack,
		},
		"scale to zero": {
			action: "kubernetes_scale", args: on(values{"replicas": num(0)}), object: deployment, path: "{.spec.replicas}", before: "2", after: "0", others: `{"spec": {"replicas": 7}}`, theirs: "7",
			undo: scaleBack,
		},
		"set image": {
			action: "kubernetes_set_image", args: on(values{"images": text("api", "registry.example.com/api:2")}), object: deployment,
			path:   "{.spec.template.spec.containers[*].image}",
			before: "registry.example.com/api:1 registry.example.com/proxy:1", after: "registry.example.com/api:2 registry.example.com/proxy:1",
			others: `{"spec": {"template": {"spec": {"containers": [{"name": "api", "image": "api:theirs"}]}}}}`, theirs: "api:theirs registry.example.com/proxy:1",
			undo: func(self cty.Value) called {
				return called{action: "kubernetes_set_image", args: on(values{"images": at(self, "before"), "replaces": at(self, "after")})}
			},
		},
		"set env": {
			action: "kubernetes_set_env", args: on(values{"container": str("api"), "env": text("LEVEL", "debug", "NEW", "1")}), object: deployment,
			path:   "{range .spec.template.spec.containers[*].env[*]}{.name}={.value} {end}",
			before: "LEVEL=info", after: "LEVEL=debug NEW=1",
			others: `{"spec": {"template": {"spec": {"containers": [{"name": "api", "env": [{"name": "NEW", "value": "2"}]}]}}}}`, theirs: "LEVEL=debug NEW=2",
			undo: envBack,
		},
		"remove env": {
			action: "kubernetes_set_env", args: on(values{"container": str("api"), "remove": strs("LEVEL")}), object: deployment,
			path:   "{range .spec.template.spec.containers[*].env[*]}{.name}={.value} {end}",
			before: "LEVEL=info", after: "",
			others: `{"spec": {"template": {"spec": {"containers": [{"name": "api", "env": [{"name": "LEVEL", "value": "theirs"}]}]}}}}`, theirs: "LEVEL=theirs",
			undo: envBack,
		},
		"set resources": {
			action: "kubernetes_set_resources", object: deployment,
			args: on(values{"container": str("api"), "requests": text("cpu", "0.2"), "limits": text("memory", "64Mi")}),
			path: "{.spec.template.spec.containers[0].resources}", before: `{"requests":{"cpu":"100m"}}`,
			after: `{"limits":{"memory":"64Mi"},"requests":{"cpu":"200m"}}`,
			undo: func(self cty.Value) called {
				return called{action: "kubernetes_set_resources", args: on(values{
					"container": str("api"), "requests": at(self, "before", "api", "requests"), "limits": at(self, "before", "api", "limits"), "replaces": at(self, "after"),
				})}
			},
			others: `{"spec": {"template": {"spec": {"containers": [{"name": "api", "resources": {"requests": {"memory": "32Mi"}}}]}}}}`,
			theirs: `{"limits":{"memory":"64Mi"},"requests":{"cpu":"200m","memory":"32Mi"}}`,
		},
		"label": {
			action: "kubernetes_label", args: on(values{"labels": text("tier", "web"), "remove": strs("app")}), object: deployment,
			path: "{.metadata.labels}", before: `{"app":"api"}`, after: `{"tier":"web"}`,
			undo: func(self cty.Value) called {
				return called{action: "kubernetes_label", args: on(values{"labels": at(self, "before"), "remove": keysOf(at(self, "after")), "replaces": at(self, "after")})}
			},
			others: `{"metadata": {"labels": {"app": "theirs"}}}`, theirs: `{"app":"theirs","tier":"web"}`,
		},
		"patch": {
			action: "kubernetes_patch", object: deployment, path: "{.spec.replicas} {.spec.template.spec.containers[1].image}",
			args:   on(values{"patch": str(`{"spec": {"replicas": 4, "template": {"spec": {"containers": [{"name": "proxy", "image": "proxy:9"}]}}}}`)}),
			before: "2 registry.example.com/proxy:1", after: "4 proxy:9", others: `{"spec": {"replicas": 7}}`, theirs: "7 proxy:9",
			undo: patchBack,
		},
		"apply": {
			action: "kubernetes_apply", object: deployment, path: "{.spec.replicas} {.metadata.labels.applied}",
			args: values{"force": cty.True, "manifest": str(
				"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api, labels: {applied: \"yes\"}}\nspec: {replicas: 5}\n")},
			before: "2", after: "5 yes",
			undo: patchBack, others: `{"metadata": {"labels": {"applied": "theirs"}}}`, theirs: "5 theirs",
		},
		"roll out again": {
			action: "kubernetes_rollout_restart", args: on(values{}), object: deployment,
			path: "{.spec.template.metadata.annotations.runbook/key}", before: "", after: "key-1",
			undo: func(self cty.Value) called {
				return called{action: "kubernetes_rollout_undo", key: "key-2", args: on(values{"to_revision": at(self, "before", "revision"), "replaces": at(self, "after")})}
			},
			others: `{"spec": {"template": {"spec": {"containers": [{"name": "api", "image": "api:theirs"}]}}}}`, theirs: "key-1",
		},
	}
}

// TestWrites shows of each action, on the lab's API server: a read-only run is refused and a preview changes nothing;
// what it changes; that an inquiry finds it done, with the same result, which it also has when it is sent again; what its result takes back; and that an inquiry
// then can't tell whether it took place: the old value alone does not say that it did not.
func TestWrites(t *testing.T) {
	for name, w := range writes() {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			p.deployment(t)
			w.run(t, p)
		})
	}
}

func (w write) run(t *testing.T, p *playground) {
	t.Helper()
	look := func(when, want string) {
		t.Helper()
		if got := p.field(t, w.object, w.path); got != want {
			t.Fatalf("%s: %s of %s is %q, expected %q", when, w.path, w.object, got, want)
		}
	}
	c := called{action: w.action, args: w.args, key: "key-1"}
	look("at first", w.before)
	p.refused(t, c)
	look("after the refusals", w.before)
	if changes := p.preview(t, c); len(changes) == 0 {
		t.Error("the preview shows no change")
	}
	look("after the preview", w.before)
	self, note := p.good(t, c)
	look("after the write", w.after)
	found := p.found(t, c, note, provider.Done)
	if found.Result != nil && !found.Result.Value.RawEquals(self) {
		t.Errorf("inquire gives the result %#v, expected %#v", found.Result.Value, self)
	}
	c.earlier = note
	if again, _ := p.good(t, c); !again.RawEquals(self) {
		t.Errorf("sent again, it gives the result %#v, expected %#v", again, self)
	}
	look("after it was sent again", w.after)
	c.earlier = nil
	p.good(t, w.undo(self))
	look("after the undo", w.before)
	// It is as it was before, and was not all the time: only what an older program noted says no more than that.
	p.found(t, c, note, provider.Unknown)
	p.found(t, c, withoutVersion(t, note), provider.NotDone)
}

// withoutVersion is a note of before versions were noted, and revisions.
func withoutVersion(t *testing.T, note json.RawMessage) json.RawMessage {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(note, &fields); err != nil {
		t.Fatal(err)
	}
	delete(fields, "version")
	delete(fields, "versions")
	if bytes.Contains(fields["before"], []byte("revision")) && !bytes.HasPrefix(fields["before"], []byte("[")) {
		delete(fields, "before")
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestPreviewOfNoReplicas: the server leaves a zero out of its answer, and people are to see it.
func TestPreviewOfNoReplicas(t *testing.T) {
	p := newPlayground(t)
	p.deployment(t)
	to := func(n int64) called {
		return called{action: "kubernetes_scale", args: values{"resource": str(deployment), "replicas": num(n)}, key: fmt.Sprint("to ", n)}
	}
	want := []provider.Change{{Path: "spec.replicas", Before: "2", After: "0"}}
	if diff := cmp.Diff(want, p.preview(t, to(0))); diff != "" {
		t.Error(diff)
	}
	p.good(t, to(0))
	want = []provider.Change{{Path: "spec.replicas", Before: "0", After: "2"}}
	if diff := cmp.Diff(want, p.preview(t, to(2))); diff != "" {
		t.Error(diff)
	}
}
