package kubernetes_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestChangedInBetween: somebody else changes the object after it was read and before the change is sent. Theirs is not told as
// a part of ours, and stays when ours is taken back.
func TestChangedInBetween(t *testing.T) {
	for name, c := range map[string]called{
		"merge":     {action: "kubernetes_patch", args: values{"resource": str("configmap/c"), "type": str("merge"), "patch": str(`{"data": {"ours": "new"}}`)}},
		"strategic": {action: "kubernetes_patch", args: values{"resource": str("configmap/c"), "patch": str(`{"data": {"ours": "new"}}`)}},
		"json":      {action: "kubernetes_patch", args: values{"resource": str("configmap/c"), "type": str("json"), "patch": str(`[{"op": "replace", "path": "/data/ours", "value": "new"}]`)}},
		"apply":     {action: "kubernetes_apply", args: values{"force": cty.True, "manifest": str(`{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {ours: new}}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			p.must(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {ours: old, theirs: old}}`, "create", "-f", "-")
			c.key = "key-1"
			action, call := p.prepare(t, c, nil)
			notes := 0
			call.Note = func([]byte) error {
				if notes++; notes == 1 {
					p.must(t, "", "patch", "configmap", "c", "--type=merge", "-p", `{"data": {"theirs": "new"}}`)
				}
				return nil
			}
			result, err := action.Run(t.Context(), call)
			if err != nil {
				t.Fatal(err)
			}
			self, _ := result.Value.UnmarkDeep()
			for _, change := range at(self, "changes").AsValueSlice() {
				if path := at(change, "path").AsString(); strings.Contains(path, "theirs") {
					t.Errorf("a change of somebody else's passes for ours: %s", path)
				}
			}
			p.good(t, called{action: "kubernetes_patch", key: "key-2", args: values{"resource": str("configmap/c"), "type": str("json"), "patch": at(self, "undo")}})
			if now := p.field(t, "configmap/c", "{.data.ours} {.data.theirs}"); now != "old new" || notes != 2 {
				t.Errorf("after the undo it has %q, expected \"old new\"; noted %d times", now, notes)
			}
		})
	}
}

// TestMadeInBetween: somebody else makes the object after it was looked for and not found. It is theirs: nothing says that this step created it,
// and what the step changed of it is taken back.
func TestMadeInBetween(t *testing.T) {
	const ours, theirs = `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {ours: new}}`, `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {DATA}}`
	for name, tc := range map[string]struct {
		// data is what is in theirs; without it there is none. lost is whether the answer gets lost.
		data    string
		lost    bool
		created int
		refused bool
	}{
		"nobody":               {created: 1},
		"nobody, answer lost":  {created: 1, lost: true},
		"with another field":   {data: "theirs: old"},
		"the same":             {data: "ours: new"},
		"another, answer lost": {data: "theirs: old", lost: true},
		"with ours otherwise":  {data: "ours: old", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			c := called{action: "kubernetes_apply", key: "key-1", args: values{"manifest": str(ours)}}
			var note json.RawMessage
			action, call := p.prepare(t, c, &note)
			keep := call.Note
			call.Note = func(n []byte) error {
				if note == nil && tc.data != "" {
					p.must(t, strings.Replace(theirs, "DATA", tc.data, 1), "create", "-f", "-")
				}
				return keep(n)
			}
			result, err := action.Run(t.Context(), call)
			if tc.refused {
				if err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "conflict") {
					t.Errorf("the error is %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tc.lost {
				result = p.found(t, c, note, provider.Done).Result
			}
			self, _ := result.Value.UnmarkDeep()
			if got := at(self, "created").LengthInt(); got != tc.created || result.ChangedNothing != (name == "the same") {
				t.Errorf("created %d, expected %d; changed nothing: %t", got, tc.created, result.ChangedNothing)
			}
			if undo := at(self, "undo"); !undo.IsNull() {
				p.good(t, called{action: "kubernetes_patch", key: "key-2", args: values{"resource": str("configmap/c"), "type": str("json"), "patch": undo}})
				if now := p.field(t, "configmap/c", "{.data}"); now != `{"theirs":"old"}` {
					t.Errorf("after the undo it is %s", now)
				}
			}
		})
	}
}

// TestInitContainer: one that is named is found, and without a name none is changed.
func TestInitContainer(t *testing.T) {
	p := newPlayground(t)
	p.must(t, strings.Replace(api, "containers: [", "initContainers: [{name: prepare, image: \"api:1\"}], containers: [", 1), "create", "-f", "-")
	const levels = "{range .spec.template.spec['initContainers','containers'][*]}{.name}={.env[?(@.name=='NEW')].value} {end}"
	p.good(t, called{action: "kubernetes_set_env", key: "1", args: values{"resource": str(deployment), "container": str("prepare"), "env": text("NEW", "1")}})
	if now := p.field(t, deployment, levels); now != "prepare=1 api= proxy=" {
		t.Errorf("with its name: %s", now)
	}
	p.good(t, called{action: "kubernetes_set_env", key: "2", args: values{"resource": str(deployment), "env": text("NEW", "2")}})
	if now := p.field(t, deployment, levels); now != "prepare=1 api=2 proxy=2" {
		t.Errorf("without a name: %s", now)
	}
	p.good(t, called{action: "kubernetes_set_resources", key: "3", args: values{"resource": str(deployment), "container": str("prepare"), "requests": text("cpu", "1")}})
	if now := p.field(t, deployment, "{.spec.template.spec.initContainers[0].resources.requests.cpu}"); now != "1" {
		t.Errorf("its resources: %s", now)
	}
}

// TestEnvInOrder: variables that others refer to are in front of them again when they are set again.
func TestEnvInOrder(t *testing.T) {
	tests := map[string]struct{ env, remove, left, again string }{
		"each refers to the one before": {`{name: C, value: c}, {name: B, value: "$(C)b"}, {name: A, value: "$(B)a"}`, "B C", "A", "C B A"},
		"one is taken from elsewhere":   {`{name: A, value: "1"}, {name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: C, value: "$(A)-x"}`, "A", "B C", "B A C"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			p.must(t, strings.Replace(api, "{name: LEVEL, value: info}", tc.env, 1), "create", "-f", "-")
			const names = "{.spec.template.spec.containers[0].env[*].name}"
			on := func(more values) values {
				more["resource"], more["container"] = str(deployment), str("api")
				return more
			}
			before, _ := p.good(t, called{action: "kubernetes_set_env", key: "1", args: on(values{"remove": strs(strings.Fields(tc.remove)...)})})
			if now := p.field(t, deployment, names); now != tc.left {
				t.Errorf("taken out: %s", now)
			}
			p.good(t, called{action: "kubernetes_set_env", key: "2", args: on(values{"env": at(before, "before")})})
			if now := p.field(t, deployment, names); now != tc.again {
				t.Errorf("set again: %s", now)
			}
		})
	}
}

// TestScaleOfWhatHasNone says that it can't be scaled, and still that an object is not there.
func TestScaleOfWhatHasNone(t *testing.T) {
	p := newPlayground(t)
	for object, words := range map[string]string{"configmap/kube-root-ca.crt": "a ConfigMap has no scale", "deployment/none": `"none" not found`} {
		if object != "deployment/none" {
			p.must(t, "", "wait", "--for=create", object, "--timeout=30s")
		}
		_, _, err := p.call(t.Context(), t, called{action: "kubernetes_scale", args: values{"resource": str(object), "replicas": num(1)}})
		if err == nil || !strings.Contains(err.Error(), words) || !provider.NothingDone(err) || !provider.Permanent(err) {
			t.Errorf("%s: %v", object, err)
		}
	}
}
