package kubernetes_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestSentAgain: an attempt's answer was lost, and somebody else changed the same thing since, so that nobody can tell whether it
// took place. It is sent again, and what it replaced is what was there before the first attempt, also to a third.
func TestSentAgain(t *testing.T) {
	const other = `{"metadata": {"labels": {"tier": "other"}}, "spec": {"replicas": 9, "template": {"spec": {"containers": [{"name": "api", "image": "api:other"}]}}}}`
	changes := map[string]func(cty.Value) cty.Value{}
	before := func(self cty.Value) cty.Value { return at(self, "before") }
	for _, name := range []string{"scale", "set image", "label"} {
		changes[name] = before
	}
	changes["patch"] = func(self cty.Value) cty.Value { return at(self, "undo") }
	changes["apply"] = func(self cty.Value) cty.Value { return cty.TupleVal([]cty.Value{at(self, "before"), at(self, "undo")}) }
	all := writes()
	for name, part := range changes {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			p.deployment(t)
			w := all[name]
			c := called{action: w.action, args: w.args, key: "key-1"}
			first, note := p.good(t, c)
			for range 2 {
				p.must(t, "", "patch", deployment, "--type=strategic", "-p", other)
				c.earlier = note
				var again cty.Value
				again, note = p.good(t, c)
				if !part(again).RawEquals(part(first)) {
					t.Errorf("before is %#v, expected %#v", part(again), part(first))
				}
			}
		})
	}
}

// TestUndoOfWhatCountsAsDone: nobody has the result of a write that counts as done on somebody's word. What was noted before it was sent is
// enough for the undo of the guide, which leaves alone what others have changed since.
func TestUndoOfWhatCountsAsDone(t *testing.T) {
	all := writes()
	all["roll back"] = write{
		action: "kubernetes_rollout_undo", args: on(values{}), object: deployment, path: "{.spec.template.spec.containers[0].image}",
		before: "api:2", after: "registry.example.com/api:1", undo: all["roll out again"].undo,
		others: `{"spec": {"template": {"spec": {"containers": [{"name": "api", "image": "api:theirs"}]}}}}`,
	}
	for name, w := range all {
		for _, others := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", changed by others"}[others], func(t *testing.T) {
				p := newPlayground(t)
				p.deployment(t)
				if name == "roll back" {
					p.must(t, "", "set", "image", deployment, "api=api:2")
					p.must(t, "", "rollout", "status", deployment, "--timeout=30s")
				}
				c := called{action: w.action, args: w.args, key: "key-1"}
				_, note := p.good(t, c)
				if now := p.field(t, w.object, w.path); now != w.after {
					t.Fatalf("it is %s, expected %s", now, w.after)
				}
				action, call := p.prepare(t, c, nil)
				noted, err := action.(provider.Noter).Noted(call.Args, note)
				if err != nil {
					t.Fatal(err)
				}
				self, _ := noted.Value.UnmarkDeep()
				if others {
					p.must(t, "", "patch", w.object, "--type=strategic", "-p", w.others)
					theirs := p.field(t, w.object, "{.spec}{.metadata.labels}")
					_, _, err := p.call(t.Context(), t, w.undo(self))
					if err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "somebody else has changed it") || p.field(t, w.object, "{.spec}{.metadata.labels}") != theirs {
						t.Errorf("the error is %v", err)
					}
					return
				}
				p.good(t, w.undo(self))
				if now := p.field(t, w.object, w.path); now != w.before {
					t.Errorf("after the undo it is %s, expected %s", now, w.before)
				}
			})
		}
	}
}

// TestSecretSentAgain: what a Secret was is kept for an attempt that follows, sealed.
func TestSecretSentAgain(t *testing.T) {
	p := newPlayground(t)
	p.must(t, `{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {key: old}}`, "create", "-f", "-")
	for _, c := range []called{
		{action: "kubernetes_apply", args: values{"force": cty.True, "manifest": str(`{apiVersion: v1, kind: Secret, metadata: {name: key}, data: {key: bmV3}}`)}},
		{action: "kubernetes_patch", args: values{"resource": str("secret/key"), "patch": str(`{"data": {"key": "bmV3ZXI="}}`)}},
		{action: "kubernetes_delete", args: values{"api_version": str("v1"), "kind": str("Secret"), "name": str("key")}},
	} {
		c.key = "key-1"
		first, note := p.good(t, c)
		c.earlier = note
		if again, _ := p.good(t, c); !again.RawEquals(first) || strings.Contains(c.action, "delete") && at(again, "manifests").LengthInt() != 1 {
			t.Errorf("%s: sent again, it gives %#v, expected %#v", c.action, again, first)
		}
		open := c
		var plain []byte
		action, call := p.prepare(t, open, &c.earlier)
		call.Note = func(n []byte) error { plain = n; return nil }
		call.NoteSealed = func([]byte) error { return nil }
		call.Earlier = nil
		if _, err := action.Run(t.Context(), call); plain != nil {
			t.Errorf("%s: the note of a Secret is not sealed: %s (%v)", c.action, plain, err)
		}
	}
}

// TestDeleteSentAgain: of several objects, those that an attempt before deleted are in the result, with what they were.
func TestDeleteSentAgain(t *testing.T) {
	p := newPlayground(t)
	for _, name := range []string{"a", "b"} {
		p.must(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: `+name+`, labels: {of: test}}, data: {x: `+name+`}}`, "create", "-f", "-")
	}
	c := called{action: "kubernetes_delete", key: "key-1", args: values{"api_version": str("v1"), "kind": str("ConfigMap"), "label_selector": str("of=test")}}
	first, note := p.good(t, c)
	c.earlier = note
	if again, _ := p.good(t, c); !again.RawEquals(first) {
		t.Errorf("done, it gives %#v, expected %#v", again, first)
	}
	// As if the first attempt had deleted only one of them.
	var noted struct {
		Objects   []map[string]string `json:"objects"`
		Manifests json.RawMessage     `json:"manifests"`
	}
	if err := json.Unmarshal(note, &noted); err != nil {
		t.Fatal(err)
	}
	p.must(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: b, labels: {of: test}}, data: {x: b}}`, "create", "-f", "-")
	was, is := noted.Objects[1]["uid"], p.field(t, "configmap/b", "{.metadata.uid}")
	noted.Objects[1]["uid"] = is
	var err error
	if c.earlier, err = json.Marshal(noted); err != nil {
		t.Fatal(err)
	}
	again, _ := p.good(t, c)
	if got, want := again.GoString(), strings.Replace(first.GoString(), was, is, 1); got != want {
		t.Errorf("done in part, it gives %s, expected %s", got, want)
	}
}
