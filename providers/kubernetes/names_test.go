package kubernetes

import (
	"strconv"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestNamesThatNoObjectHas are found before anything runs, for the kinds that a server brings along.
func TestNamesThatNoObjectHas(t *testing.T) {
	t.Parallel()
	known := func(string) bool { return true }
	for _, tc := range []struct{ version, kind, name, says string }{
		{"v1", "Pod", "api-1.site", ""},
		{"v1", "Pod", "API_1", "with - in the place of _"},
		{"v1", "pods", "a b", "invalid resource name"},
		{"v1", "Service", "api.v2", "at most 63"},
		{"apps/v1", "Deployment", "api.v2", ""},
		{"apps/v1", "Deployment", "Api", "in lower case"},
		{"apps/v1", "Deployment", "", ""},
		{"rbac.authorization.k8s.io/v1", "ClusterRole", "system:Node", ""},
		{"example.com/v1", "Pod", "Not_Known", ""},
		{"example.com/v1", "Site", "Not_Known", ""},
	} {
		object := &objectsArgs{APIVersion: tc.version, Kind: tc.kind, Name: tc.name}
		read, deleted := objectsMisfits(object, known)["name"], deleteMisfits(&deleteArgs{APIVersion: tc.version, Kind: tc.kind, Name: tc.name}, known)["name"]
		if !strings.Contains(read, tc.says) || (read == "") != (tc.says == "") || read != deleted {
			t.Errorf("%s %s %q: %q, %q", tc.version, tc.kind, tc.name, read, deleted)
		}
		if got := objectsMisfits(object, func(name string) bool { return name != "name" }); got != nil {
			t.Errorf("a name that is not known: %v", got)
		}
	}
}

// TestAResourceIsNamedWhole in what is said against it: of a secret a part is not known as one. Nor is a better name that is made of it.
func TestAResourceIsNamedWhole(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"d3pl of hunter2/n4me", "deployment/n4me/hunter2 alone", "d3pl/n4me", "d3pl/"} {
		for check, err := range map[string]error{
			"any": checkResource(text), "rollout": checkRolloutResource(text), "logs": checkLogSource(text),
		} {
			if err == nil || !strings.Contains(err.Error(), strconv.Quote(text)) || strings.Contains(strings.ReplaceAll(err.Error(), text, ""), "d3pl") ||
				strings.Contains(strings.ReplaceAll(err.Error(), text, ""), "n4me") {
				t.Errorf("%s, %q: %v", check, text, err)
			}
		}
	}
	if err := checkPodName("B3tter_Name"); err == nil || strings.Contains(err.Error(), "b3tter-name") {
		t.Errorf("a better name: %v", err)
	}
}

func TestUIDGoesWithAName(t *testing.T) {
	t.Parallel()
	known := func(string) bool { return true }
	if got := deleteMisfits(&deleteArgs{UID: "1", LabelSelector: "app=api"}, known)["uid"]; !strings.Contains(got, "name") {
		t.Errorf("with a selector: %q", got)
	}
	if got := deleteMisfits(&deleteArgs{UID: "1", APIVersion: "v1", Kind: "Pod", Name: "api"}, known); got != nil {
		t.Errorf("with a name: %v", got)
	}
}

func TestNamesInManifests(t *testing.T) {
	t.Parallel()
	const good, bad = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Bad_Name}\n"
	metadata := cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("Bad_Name")})
	object := func(kind cty.Value) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"apiVersion": cty.StringVal("v1"), "kind": kind, "metadata": metadata})
	}
	for name, tc := range map[string]struct {
		manifest cty.Value
		says     string
	}{
		"text":      {cty.StringVal(good + "---\n" + bad), `object 2: invalid resource name "Bad_Name", of a configmap`},
		"good":      {cty.StringVal(good), ""},
		"object":    {object(cty.StringVal("Secret")), `object 1: invalid resource name "Bad_Name", of a secret`},
		"unknown":   {object(cty.UnknownVal(cty.String)), ""},
		"sensitive": {cty.StringVal(bad).Mark(provider.Sensitive), ""},
		"no object": {cty.StringVal("a: b"), ""},
	} {
		got := applyMisfits(&applyArgs{Manifest: tc.manifest}, func(string) bool { return true })["manifest"]
		if !strings.HasPrefix(got, tc.says) || (got == "") != (tc.says == "") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
