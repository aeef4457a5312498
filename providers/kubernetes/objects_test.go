package kubernetes

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

func TestFind(t *testing.T) {
	object := rawObject{
		"spec": rawObject{"replicas": int64(3), "ports": []any{rawObject{"port": int64(80)}, rawObject{"port": int64(443)}}},
		"status": rawObject{"conditions": []any{
			rawObject{"type": "Ready", "status": "True"}, rawObject{"type": "Synced", "status": "False"},
		}},
	}
	cases := map[string]struct {
		path string
		want cty.Value
	}{
		"number":       {".spec.replicas", cty.NumberIntVal(3)},
		"with braces":  {"{.spec.replicas}", cty.NumberIntVal(3)},
		"nothing":      {".spec.nope.deeper", cty.NullVal(cty.DynamicPseudoType)},
		"element":      {".spec.ports[1].port", cty.NumberIntVal(443)},
		"no element":   {".spec.ports[2].port", cty.NullVal(cty.DynamicPseudoType)},
		"all":          {".spec.ports[*].port", cty.TupleVal([]cty.Value{cty.NumberIntVal(80), cty.NumberIntVal(443)})},
		"none of many": {".spec.nope[*].port", cty.EmptyTupleVal},
		"one of many":  {`.status.conditions[?(@.type=="Ready")].status`, cty.TupleVal([]cty.Value{cty.StringVal("True")})},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got, err := find(object, c.path); err != nil || !got.RawEquals(c.want) {
				t.Errorf("find is %#v, %v; expected %#v", got, err, c.want)
			}
		})
	}
}

// TestSecretsAreConcealed reads a Secret whole and by field: what it keeps is marked, what names it is not.
func TestSecretsAreConcealed(t *testing.T) {
	c := served(t, routes(t, map[string]any{
		"/api/v1": `{"kind": "APIResourceList", "resources": [{"name": "secrets", "kind": "Secret", "namespaced": true}]}`,
		"/api/v1/namespaces/production/secrets/db": `{"kind": "Secret", "apiVersion": "v1", "type": "Opaque", "data": {"password": "aHVzaA=="},
			"metadata": {"name": "db", "namespace": "production", "managedFields": [], "annotations": {"last-applied": "{data: aHVzaA==}"}}}`,
	}))
	args := map[string]cty.Value{"api_version": cty.StringVal("v1"), "kind": cty.StringVal("secret"), "name": cty.StringVal("db")}
	whole := first(t, c, args)
	for _, path := range []cty.Path{cty.GetAttrPath("data"), cty.GetAttrPath("metadata").GetAttr("annotations")} {
		if v, err := path.Apply(whole); err != nil || !v.HasMark(provider.Sensitive) {
			t.Errorf("%#v is %#v, %v; expected it marked", path, v, err)
		}
	}
	if name := whole.GetAttr("metadata").GetAttr("name"); name.IsMarked() || name.AsString() != "db" {
		t.Errorf("the name is %#v", name)
	}
	if whole.GetAttr("metadata").Type().HasAttribute("managedFields") {
		t.Error("managedFields are still there")
	}
	args["fields"] = cty.MapVal(map[string]cty.Value{"key": cty.StringVal(".data.password")})
	if v := first(t, c, args).GetAttr("key"); !v.HasMark(provider.Sensitive) {
		t.Errorf("the field is %#v, expected it marked", v)
	}
}

func first(t *testing.T, c *client, args map[string]cty.Value) cty.Value {
	t.Helper()
	result, err := run(t.Context(), t, c, "kubernetes_objects", args)
	if err != nil {
		t.Fatal(err)
	}
	return result.Value.GetAttr("objects").Index(cty.Zero)
}

func TestHealthChecks(t *testing.T) {
	got := healthChecks("[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n")
	want := []clusterCheck{{"etcd", false, "failed: reason withheld"}, {"ping", true, "ok"}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("healthChecks is %+v, expected %+v", got, want)
	}
}
