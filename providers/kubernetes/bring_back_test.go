package kubernetes_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

const doomedMap = `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: old}}`

// doomed makes the object, deletes it by the action, and gives the call that is to bring it back.
func doomed(t *testing.T, p *playground) called {
	t.Helper()
	p.must(t, doomedMap, "create", "-f", "-")
	return deleted(t, p, "key-1", "name", "c")
}

func deleted(t *testing.T, p *playground, key, by, what string) called {
	t.Helper()
	self, _ := p.good(t, called{action: "kubernetes_delete", key: key, args: values{"api_version": str("v1"), "kind": str("ConfigMap"), by: str(what)}})
	return called{action: "kubernetes_apply", key: key + "-undo", args: values{"manifest": at(self, "manifests")}}
}

// TestBringBack: somebody makes the object anew before the undo of its deletion runs. Theirs stays as it is, unless it is what was deleted.
func TestBringBack(t *testing.T) {
	for name, tc := range map[string]struct {
		// data is what is in theirs; without it there is none.
		data    string
		force   bool
		refused string
	}{
		"nobody":             {},
		"the same":           {data: "{a: old}"},
		"another field":      {data: "{theirs: new}", refused: ".data.a, .data.theirs"},
		"more":               {data: "{a: old, theirs: new}", refused: ".data.theirs"},
		"otherwise":          {data: "{a: new}", refused: ".data.a"},
		"otherwise by force": {data: "{a: new}", refused: ".data.a", force: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			undo := doomed(t, p)
			undo.args["force"] = cty.BoolVal(tc.force)
			uid, version := "", ""
			if tc.data != "" {
				p.must(t, strings.Replace(doomedMap, "{a: old}", tc.data, 1), "create", "-f", "-")
				uid, version = p.field(t, "configmap/c", "{.metadata.uid}"), p.field(t, "configmap/c", "{.metadata.resourceVersion}")
			}
			result, _, err := p.call(t.Context(), t, undo)
			if tc.refused != "" {
				stands(t, err, uid, "by kubectl-create", "differs in "+tc.refused, "Nothing was changed")
				action, call := p.prepare(t, undo, nil)
				_, err = action.(provider.Previewer).Preview(t.Context(), call)
				stands(t, err, uid)
			} else if err != nil || result.ChangedNothing != (tc.data != "") {
				t.Fatalf("%+v, %v", result, err)
			}
			if now := p.field(t, "configmap/c", "{.metadata.resourceVersion}"); version != "" && now != version {
				t.Errorf("theirs was changed: %s", p.field(t, "configmap/c", "{}"))
			}
			if now := p.field(t, "configmap/c", "{.data.a}"); version == "" && now != "old" {
				t.Errorf("it is %q", now)
			}
		})
	}
}

// stands expects the refusal to write into an object that is there again.
func stands(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil || !provider.NothingDone(err) || !provider.Permanent(err) {
		t.Fatalf("the error is %v", err)
	}
	t.Log(err)
	for _, word := range append(words, "stands there") {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
}

// TestBringBackMadeInBetween: somebody makes it after the undo of its deletion looked for it, and before that makes it.
func TestBringBackMadeInBetween(t *testing.T) {
	for name, tc := range map[string]struct {
		data    string
		refused bool
	}{
		"the same": {data: "{a: old}"}, "another field": {data: "{theirs: new}", refused: true}, "otherwise": {data: "{a: new}", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			undo := doomed(t, p)
			action, call := p.prepare(t, undo, nil)
			version := ""
			call.Note = func([]byte) error {
				p.must(t, strings.Replace(doomedMap, "{a: old}", tc.data, 1), "create", "-f", "-")
				version = p.field(t, "configmap/c", "{.metadata.resourceVersion}")
				return nil
			}
			result, err := action.Run(t.Context(), call)
			if tc.refused {
				stands(t, err, "by kubectl-create")
			} else if err != nil || !result.ChangedNothing {
				t.Errorf("%+v, %v", result, err)
			}
			if now := p.field(t, "configmap/c", "{.metadata.resourceVersion}"); now != version {
				t.Errorf("theirs was changed: %s", p.field(t, "configmap/c", "{}"))
			}
		})
	}
}

// TestBringBackBesideAnother: of two objects somebody has made one anew. The refusal names the other, which stays gone.
func TestBringBackBesideAnother(t *testing.T) {
	p := newPlayground(t)
	for _, name := range []string{"a", "b"} {
		p.must(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: `+name+`, labels: {of: test}}, data: {x: `+name+`}}`, "create", "-f", "-")
	}
	undo := deleted(t, p, "key-1", "label_selector", "of=test")
	p.must(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}`, "create", "-f", "-")
	_, _, err := p.call(t.Context(), t, undo)
	stands(t, err, "bring back configmap b", "configmap a in", "stays gone as well", "apply its own manifest by hand")
}

// TestBringBackOneOfTwo: of two objects somebody makes the second while the first is made. What was done is said; to bring them back again
// goes on where it ended.
func TestBringBackOneOfTwo(t *testing.T) {
	p := newPlayground(t)
	for _, name := range []string{"a", "b"} {
		p.must(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: `+name+`, labels: {of: test}}, data: {x: `+name+`}}`, "create", "-f", "-")
	}
	self, _ := p.good(t, called{action: "kubernetes_delete", key: "key-1", args: values{"api_version": str("v1"), "kind": str("ConfigMap"), "label_selector": str("of=test")}})
	undo := called{action: "kubernetes_apply", key: "key-2", args: values{"manifest": at(self, "manifests")}}
	action, call := p.prepare(t, undo, nil)
	call.Note = func([]byte) error {
		p.must(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}`, "create", "-f", "-")
		return nil
	}
	result, err := action.Run(t.Context(), call)
	if err == nil || provider.NothingDone(err) || provider.Partial(err) || !strings.Contains(err.Error(), "Applied before it: configmap a") || strings.Contains(err.Error(), "Nothing was changed") {
		t.Fatalf("the error is %v", err)
	}
	if created := at(result.Value, "created"); created.LengthInt() != 1 {
		t.Errorf("created is %#v", created)
	}
	p.must(t, "", "delete", "configmap", "b")
	p.good(t, undo)
	if now := p.must(t, "", "get", "configmaps", "-l", "of=test", "-o", "jsonpath={.items[*].data.x}"); now != "a b" {
		t.Errorf("there are %q", now)
	}
}

// TestBroughtBackInDoubt: the process is killed before the server's answer. What is there tells whether the object was brought back, also
// where somebody has changed it since; one that was made by others is asked about.
func TestBroughtBackInDoubt(t *testing.T) {
	for name, tc := range map[string]struct {
		arrived, theirs bool
		want            provider.State
	}{
		"it arrived":        {arrived: true, want: provider.Done},
		"and was changed":   {arrived: true, theirs: true, want: provider.Done},
		"it did not arrive": {want: provider.NotDone},
		"others made one":   {theirs: true, want: provider.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			undo := doomed(t, p)
			note := p.killedAt(t, undo, 0, tc.arrived)
			switch {
			case tc.theirs && tc.arrived:
				p.must(t, "", "patch", "configmap", "c", "--type=merge", "-p", `{"data": {"a": "theirs"}}`)
			case tc.theirs:
				p.must(t, strings.Replace(doomedMap, "old", "theirs", 1), "create", "-f", "-")
			}
			found := p.found(t, undo, note, tc.want)
			if tc.want == provider.Done && at(found.Result.Value, "created").LengthInt() != 1 {
				t.Errorf("created is %#v", at(found.Result.Value, "created"))
			}
			undo.earlier = note
			_, _, err := p.call(t.Context(), t, undo)
			if refused := tc.theirs && !tc.arrived; (err != nil) != refused {
				t.Errorf("sent again: %v", err)
			}
			if now := p.field(t, "configmap/c", "{.data.a}"); (now == "theirs") != tc.theirs {
				t.Errorf("it is %q", now)
			}
		})
	}
}

// TestBringBackWhatIsStillEnding: an object that others hold at its end is not there again. It is waited for, and no longer than the time allows.
func TestBringBackWhatIsStillEnding(t *testing.T) {
	p := newPlayground(t)
	p.must(t, strings.Replace(doomedMap, "name: c", "name: c, finalizers: [example.com/hold]", 1), "create", "-f", "-")
	undo := deleted(t, p, "key-1", "name", "c")
	release := func() {
		p.must(t, "", "patch", "configmap", "c", "--type=merge", "-p", `{"metadata": {"finalizers": null}}`)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, _, err := p.call(ctx, t, undo)
	if err == nil || !provider.NothingDone(err) || provider.Permanent(err) || !strings.Contains(err.Error(), "still being deleted") || !strings.Contains(err.Error(), "example.com/hold") {
		t.Errorf("the error is %v", err)
	}
	t.Log(err)
	release()
	p.good(t, undo)
	if now := p.field(t, "configmap/c", "{.data.a}{.metadata.deletionTimestamp}"); now != "old" {
		t.Errorf("it is %q", now)
	}
	release()
}

// TestCreatedAndDeleted: a step deletes what a step before created, and once more after a resume. The undo of the deletion brings it back under
// another UID, which the undo of the creation knows for its own; a copy that somebody else made of it is not.
func TestCreatedAndDeleted(t *testing.T) {
	p := newPlayground(t)
	self, _ := p.good(t, called{action: "kubernetes_apply", key: "key-1", args: values{"manifest": str(doomedMap)}})
	created := at(self, "created").AsValueSlice()[0]
	undo := called{action: "kubernetes_delete", key: "key-1-undo", args: created.AsValueMap()}
	p.good(t, deleted(t, p, "key-2", "name", "c"))
	p.good(t, deleted(t, p, "key-3", "field_selector", "metadata.name=c"))
	copied := p.must(t, "", "get", "configmap", "c", "-o", "json")
	p.good(t, undo)
	if left := p.must(t, "", "get", "configmap", "c", "--ignore-not-found", "-o", "name"); left != "" {
		t.Fatalf("left is %s", left)
	}

	if !strings.Contains(copied, at(created, "uid").AsString()) {
		t.Errorf("the copy does not say what it stands for: %s", copied)
	}
	copied = regexp.MustCompile(`"(uid|resourceVersion)": "[^"]*",?`).ReplaceAllString(copied, "")
	p.must(t, copied, "create", "-f", "-")
	theirs := func(what string) {
		t.Helper()
		_, _, err := p.call(t.Context(), t, undo)
		if err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "somebody else's") {
			t.Errorf("%s: %v", what, err)
		}
	}
	theirs("a copy")
	p.good(t, deleted(t, p, "key-4", "name", "c"))
	theirs("a copy that was brought back")
}
