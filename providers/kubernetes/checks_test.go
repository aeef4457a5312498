package kubernetes

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

func TestDeclarations(t *testing.T) { providertest.Declarations(t, New()) }

func TestChecks(t *testing.T) {
	cases := map[string]struct{ good, bad []string }{
		"label_selector": {[]string{"app=api", "app in (a, b),!canary", "tier!=db"}, []string{"app=a=b", "=x", "a in (", "UPPER/x/y=z"}},
		"field_selector": {[]string{"status.phase!=Running", "metadata.name=x,spec.nodeName=n"}, []string{"status.phase", "a>b"}},
		"jsonpath": {[]string{".spec.replicas", "spec.replicas", "{.spec.containers[*].image}", `.status.conditions[?(@.type=="Ready")].status`, "$.metadata.name"},
			[]string{"", "{.a}{.b}", "{.a", ".a[", ".items[?(@.x==]"}},
		"kubernetes_resource": {[]string{"deployment/api", "deploy/api", "Deployment/api", "deployments.apps/api", "certificates.cert-manager.io/Site_1", "clusterrole/system:node"},
			[]string{"api", "deployment/", "/api", "nope/api", "deployment/a/b", "deployment/..", "deployment/A_b", "svc/a.b"}},
		"kubernetes_label":       {[]string{"app", "example.com/tier"}, []string{"", "a b", "x/y/z", "-a"}},
		"kubernetes_label_value": {[]string{"", "web-1"}, []string{"a b", "-a", "a/b"}},
		"kubernetes_replicas":    {[]string{"0", "3"}, []string{"-1", "1.5"}},
		"kubernetes_quantity":    {[]string{"", "500m", "1Gi", "1.5"}, []string{"lots", "1 Gi", "500mm"}},
		"kubernetes_rollout":     {[]string{"deployment/api", "sts/db", "daemonset/agent"}, []string{"pod/api", "job/x", "api"}},
		"kubernetes_namespace":   {[]string{"", "*", "production"}, []string{"X_Y", "a.b", "-a"}},
		"kubernetes_pod":         {[]string{"", "api-1", "db.0"}, []string{"A_b", "api/exec?command=rm", "a b"}},
		"kubernetes_node":        {[]string{"worker-1.example.com"}, []string{"", "Worker_1"}},
		"kubernetes_container":   {[]string{"", "*", "main"}, []string{"Main", "a.b"}},
		"kubernetes_image":       {[]string{"api", "registry.example.com:5000/api@sha256:abc"}, []string{"", "api :1", "api\n"}},
		"kubernetes_env":         {[]string{"LOG_LEVEL", "a.b-c"}, []string{"", "A=B"}},
		"kubernetes_log_source":  {[]string{"pod/api", "svc/api", "job/x", "rs/api-1"}, []string{"configmap/x", "node/n"}},
	}
	for name, c := range cases {
		check := New().Check(provider.Host{}, name)
		for _, value := range c.good {
			if err := check(value); err != nil {
				t.Errorf("%s of %q: %v", name, value, err)
			}
		}
		for _, value := range c.bad {
			if check(value) == nil {
				t.Errorf("%s accepts %q", name, value)
			}
		}
	}
}

func TestCheckSince(t *testing.T) {
	for since, good := range map[time.Duration]bool{0: true, time.Minute: true, -time.Minute: false} {
		if err := checkSince(since); (err == nil) != good {
			t.Errorf("%s: %v", since, err)
		}
	}
}

func TestEffects(t *testing.T) {
	type row struct {
		effect                  provider.Effect
		needsTimeout, supported bool
	}
	want := map[string]row{}
	for _, name := range []string{
		"cluster", "nodes", "pods", "deployments", "jobs", "objects", "events", "logs", "top_nodes", "top_pods", "rollout_history",
		"rollout_status", "can_i",
	} {
		want["kubernetes_"+name] = row{provider.Read, false, true}
	}
	for _, name := range []string{"set_env", "set_image", "set_resources", "label", "cordon", "uncordon", "exec"} {
		want["kubernetes_"+name] = row{provider.Write, false, true}
	}
	for _, name := range []string{"rollout_restart", "rollout_undo", "run_job"} {
		want["kubernetes_"+name] = row{provider.Write, true, true}
	}
	for _, name := range []string{"scale", "apply", "patch"} {
		want["kubernetes_"+name] = row{provider.Destructive, false, true} // at its worst
	}
	want["kubernetes_delete"] = row{provider.Destructive, false, true}
	want["kubernetes_drain"] = row{provider.Destructive, true, true}
	got := map[string]row{}
	for _, a := range New().Actions {
		s := a.Spec()
		got[s.Name] = row{s.Effect, s.NeedsTimeout, s.Supported}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("declarations differ (-want +got):\n%s", diff)
	}
}

func TestScaleEffect(t *testing.T) {
	spec := New().Action("kubernetes_scale").Spec()
	cases := map[string]struct {
		replicas cty.Value
		want     provider.Effect
	}{
		"up":      {cty.NumberIntVal(3), provider.Write},
		"to zero": {cty.Zero, provider.Destructive},
		"unknown": {cty.UnknownVal(cty.Number), provider.Destructive},
		// What a step does at least, where its number is not known yet.
		"open": {cty.NullVal(cty.Number), provider.Write},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			args := spec.Args().Null().AsValueMap()
			args["resource"], args["replicas"] = cty.StringVal("deployment/api"), c.replicas
			if got := spec.Classify(cty.ObjectVal(args)); got != c.want {
				t.Errorf("the effect is %s, expected %s", got, c.want)
			}
		})
	}
}

func TestReviewSpec(t *testing.T) {
	resource := func(a authorizationv1.ResourceAttributes) authorizationv1.SelfSubjectAccessReviewSpec {
		return authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &a}
	}
	cases := map[string]struct {
		resource string
		want     authorizationv1.SelfSubjectAccessReviewSpec
	}{
		"core":        {"pods", resource(authorizationv1.ResourceAttributes{Namespace: "n", Verb: "get", Resource: "pods"})},
		"singular":    {"deployment", resource(authorizationv1.ResourceAttributes{Namespace: "n", Verb: "get", Group: "apps", Resource: "deployments"})},
		"subresource": {"pods/log", resource(authorizationv1.ResourceAttributes{Namespace: "n", Verb: "get", Resource: "pods", Subresource: "log"})},
		"cluster":     {"nodes", resource(authorizationv1.ResourceAttributes{Verb: "get", Resource: "nodes"})},
		"custom": {"certificates.cert-manager.io", resource(authorizationv1.ResourceAttributes{
			Namespace: "n", Verb: "get", Group: "cert-manager.io", Resource: "certificates"})},
		"anything": {"*", resource(authorizationv1.ResourceAttributes{Namespace: "n", Verb: "get", Group: "*", Resource: "*"})},
		"path": {"/metrics", authorizationv1.SelfSubjectAccessReviewSpec{
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Verb: "get", Path: "/metrics"}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := reviewSpec(&canIArgs{Verb: "get", Resource: c.resource}, "n")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("the question differs (-want +got):\n%s", diff)
			}
		})
	}
	_, err := reviewSpec(&canIArgs{Verb: "get", Resource: "certificates"}, "n")
	wantError(t, err, "with its group")
}
