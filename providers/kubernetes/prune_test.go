package kubernetes_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestApplyKeepsWhatItDoesNotName: a manifest that does not name what another apply of the same field manager had set is refused before
// anything is changed, unless it has a field manager of its own, or means it.
func TestApplyKeepsWhatItDoesNotName(t *testing.T) {
	const pod = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app.kubernetes.io/name: web, tier: web}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {nodeSelector: {nowhere: "true"}, containers: [{name: web, image: "web:1", args: [a, b], ports: [{containerPort: 80}, {containerPort: 81}]}, {name: beside, image: "beside:1"}]}
`
	for name, tc := range map[string]struct{ first, then, says string }{
		"an entry":      {`{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: "1"}}`, `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {b: "1"}}`, ".data.a"},
		"a default":     {pod, strings.Replace(pod, "  replicas: 3\n", "", 1), ".spec.replicas"},
		"an element":    {pod, strings.Replace(pod, `, {name: beside, image: "beside:1"}`, "", 1), `.spec.template.spec.containers[{"name":"beside"}]`},
		"one of two":    {pod, strings.Replace(pod, `, {containerPort: 81}`, "", 1), `.ports[{"containerPort":81,"protocol":"TCP"}]`},
		"a label":       {pod, strings.Replace(pod, `app.kubernetes.io/name: web, `, "", 1), `.metadata.labels['app.kubernetes.io/name']`},
		"a shorter one": {pod, strings.Replace(pod, "[a, b]", "[a]", 1), ""},
		"the same":      {pod, pod, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			apply := func(manifest string, more values) error {
				more["manifest"] = str(manifest)
				_, _, err := p.call(t.Context(), t, called{action: "kubernetes_apply", key: "key-1", args: more})
				return err
			}
			if err := apply(tc.first, values{}); err != nil {
				t.Fatal(err)
			}
			there := func() string {
				return p.must(t, "", "get", "configmap/c", "deployment/web", "--ignore-not-found", "-o", "jsonpath={.items[*].metadata.generation}{.items[*].data}")
			}
			was, err := there(), apply(tc.then, values{})
			if tc.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !provider.NothingDone(err) || !provider.Permanent(err) || !strings.Contains(err.Error(), tc.says) || there() != was {
				t.Fatalf("it is %s, was %s; the error is %v", there(), was, err)
			}
			t.Log(err)
			if err := apply(tc.then, values{"field_manager": str("another"), "force": cty.True}); err != nil {
				t.Error(err)
			}
			if err := apply(tc.then, values{"prune": cty.True}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestApplyThatIsUndoneInPart is refused before anything is changed.
func TestApplyThatIsUndoneInPart(t *testing.T) {
	const was, made = "{apiVersion: v1, kind: ConfigMap, metadata: {name: was}, data: {a: new}}\n", "{apiVersion: v1, kind: ConfigMap, metadata: {name: made}, data: {a: new}}\n"
	for name, tc := range map[string]struct {
		manifest, counted string
		says              string
	}{
		"undo of one that was there": {was, "undo", ""},
		"undo of a new one":          {made, "undo", "would not delete what is new: configmap made"},
		"undo of two":                {was + "---\n" + was, "undo", "one object"},
		"created of a new one":       {made, "created", ""},
		"created of two":             {made + "---\n" + strings.Replace(made, "made", "more", 1), "created", ""},
		"created of both":            {was + "---\n" + made, "created", "would leave what is there"},
		"created of one there":       {was, "created", "would leave what is there"},
		"before of both":             {was + "---\n" + made, "before", "would not delete what is new"},
		"all that it tells":          {was + "---\n" + made, "before created", ""},
		"nothing":                    {was + "---\n" + made, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlayground(t)
			p.must(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: was}, data: {a: old}}`, "create", "-f", "-")
			var note []byte
			action, call := p.prepare(t, called{action: "kubernetes_apply", key: "key-1", args: values{"manifest": str(tc.manifest), "force": cty.True}}, nil)
			call.Note = func(n []byte) error { note = n; return nil }
			call.CountedOn = func(result string) bool { return strings.Contains(tc.counted, result) }
			result, err := action.Run(t.Context(), call)
			if err == nil && (len(result.Warnings) > 0) != (name == "created of two") {
				t.Errorf("warnings %q", result.Warnings)
			}
			if (err != nil) != (tc.says != "") || err != nil && (!provider.NothingDone(err) || !strings.Contains(err.Error(), tc.says) || note != nil) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestApplyOverWhatWasBroughtBack: the mark of what was brought back is no field that an apply has to name.
func TestApplyOverWhatWasBroughtBack(t *testing.T) {
	p := newPlayground(t)
	p.good(t, doomed(t, p))
	self, _ := p.good(t, called{action: "kubernetes_apply", key: "key-2", args: values{"manifest": str(strings.Replace(doomedMap, "old", "new", 1))}})
	if changes := at(self, "changes"); changes.LengthInt() != 1 || p.field(t, "configmap/c", "{.data.a}") != "new" {
		t.Errorf("it changed %#v", changes)
	}
}
