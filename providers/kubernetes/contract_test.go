package kubernetes_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
	"github.com/e82355ed/runbook/providers/kubernetes"
)

// The shorthands of this file's tables.
type values = providertest.Values

var (
	str = cty.StringVal
	num = cty.NumberIntVal
)

// What leaves out the nodes and the jobs that tests make.
const (
	ofTheLab     = "kubernetes.io/arch"
	jobsOfTheLab = "app in (nightly-report, database-migration)"
)

const backend = "deployment/intelligent-agent-backend"

// TestContract runs every action against the lab's API server.
func TestContract(t *testing.T) {
	lab := loadLab(t)
	closed, silent := providertest.Closed(t), providertest.Silent(t)
	suite := providertest.Suite{
		Provider: kubernetes.New(),
		Config:   values{"kubeconfig": str(lab.path), "namespace": str("production")},
		Dir:      t.TempDir(),
		Secrets:  append(lab.tokens, wrongToken),
		Cases: append(slices.Concat(happyCases(), boundedCases(), writeCases(t)),
			manyEvents(t, lab),
			refusedPods(lab), refusedNamespace(lab), refusedKind(lab), missingDeployment(lab),
			providertest.Case{
				Kind: providertest.Refused, Action: providertest.Every, Config: lab.with(t, lab.server, wrongToken),
				Endpoint: lab.server, Words: []string{"401", "credentials", "context test"},
			},
			providertest.Case{
				Kind: providertest.Unreachable, Action: providertest.Every, Config: lab.with(t, "https://"+closed, wrongToken),
				Endpoint: "https://" + closed, Words: []string{"connect to " + closed, "connection refused"},
			},
			providertest.Case{
				Kind: providertest.Timeout, Action: providertest.Every, Config: lab.with(t, "https://"+silent, wrongToken),
				Endpoint: "https://" + silent, Words: []string{"in time"},
			},
			providertest.Case{
				Kind: providertest.Cancelled, Action: providertest.Every, Config: lab.with(t, "https://"+silent, wrongToken),
				Endpoint: "https://" + silent, Words: []string{"interrupted"},
			},
		),
	}
	providertest.Run(t, suite)
}

func happyCases() []providertest.Case {
	happy := func(action string, args values, check resultCheck, volatile ...string) providertest.Case {
		return providertest.Case{Kind: providertest.Happy, Action: action, Args: args, Check: check.run, Volatile: volatile}
	}
	named := func(name string, c providertest.Case) providertest.Case { c.Name = name; return c }
	return []providertest.Case{
		happy("kubernetes_cluster", nil, resultCheck{
			"live": cty.True, "ready": cty.True, "version": str("v1.37.2"),
		}),
		happy("kubernetes_nodes", values{"label_selector": str(ofTheLab)}, resultCheck{"count": num(3), "ready_count": num(3), "not_ready": noStrings, "truncated": cty.False}),
		happy("kubernetes_pods", values{"namespace": str("staging")}, resultCheck{"count": num(5), "ready_count": num(2)}, "pods.age_seconds"),
		named("everywhere", happy("kubernetes_pods", values{"namespace": str("*"), "label_selector": str("app=intelligent-agent")},
			resultCheck{"count": num(5), "not_running": noStrings, "not_ready": noStrings}, "pods.age_seconds")),
		named("none", happy("kubernetes_pods", values{"field_selector": str("status.phase!=Running")}, resultCheck{"count": num(0)})),
		happy("kubernetes_deployments", nil, resultCheck{"count": num(3), "not_ready": noStrings}),
		named("not ready", happy("kubernetes_deployments", values{"namespace": str("staging")},
			resultCheck{"count": num(2), "not_ready": strs("staging/crashing")})),
		happy("kubernetes_jobs", values{"namespace": str("*"), "label_selector": str(jobsOfTheLab)}, resultCheck{"count": num(2), "failed": strs("staging/database-migration")}),
		happy("kubernetes_objects", values{
			"api_version": str("apps/v1"), "kind": str("Deployment"), "name": str("intelligent-agent-backend"),
			"fields": cty.MapVal(map[string]cty.Value{"wanted": str(".spec.replicas"), "images": str("{.spec.template.spec.containers[*].name}"), "none": str(".spec.nope")}),
		}, resultCheck{"count": num(1), "objects": cty.TupleVal([]cty.Value{cty.ObjectVal(map[string]cty.Value{
			"name": str("intelligent-agent-backend"), "namespace": str("production"), "wanted": num(3),
			"images": cty.TupleVal([]cty.Value{str("backend")}), "none": cty.NullVal(cty.DynamicPseudoType),
		})})}),
		named("cluster-scoped", happy("kubernetes_objects", values{"api_version": str("v1"), "kind": str("nodes"), "label_selector": str(ofTheLab)}, resultCheck{"count": num(3)},
			"objects")),
		named("missing", happy("kubernetes_objects", values{"api_version": str("v1"), "kind": str("ConfigMap"), "name": str("nope")},
			resultCheck{"count": num(0), "objects": cty.EmptyTupleVal})),
		happy("kubernetes_events", values{"namespace": str("staging"), "involved": str("pod/gpu-trainer"), "type": str("Warning")}, resultCheck{}),
		happy("kubernetes_logs", values{"resource": str(backend), "tail_lines": num(5)}, resultCheck{"line_count": num(15), "match_count": num(15)}),
		named("match", happy("kubernetes_logs", values{"label_selector": str("app=intelligent-agent"), "match": str("(?i)error")},
			resultCheck{"match_count": num(0), "truncated": cty.False})),
		// metrics-server measures again between two calls.
		happy("kubernetes_top_nodes", nil, resultCheck{"truncated": cty.False}, "items", "cpu_percent"),
		happy("kubernetes_top_pods", nil, resultCheck{"truncated": cty.False}, "items", "cpu_percent"),
		happy("kubernetes_rollout_history", values{"resource": str(backend)}, resultCheck{"count": num(3)}),
		named("daemon set", happy("kubernetes_rollout_history", values{"resource": str("ds/node-agent"), "namespace": str("kube-system")},
			resultCheck{"count": num(1)})),
		happy("kubernetes_rollout_status", values{"resource": str(backend)},
			resultCheck{"complete": cty.True, "replicas": num(3), "updated_replicas": num(3), "available_replicas": num(3)}),
		named("waiting", happy("kubernetes_rollout_status", values{"resource": str("deploy/crashing"), "namespace": str("staging")},
			resultCheck{"complete": cty.False})),
		happy("kubernetes_can_i", values{"verb": str("delete"), "resource": str("pods")}, resultCheck{"allowed": cty.True}),
		named("path", happy("kubernetes_can_i", values{"verb": str("get"), "resource": str("/metrics")}, resultCheck{"allowed": cty.True})),
	}
}

func boundedCases() []providertest.Case {
	one := num(1)
	args := map[string]values{
		"kubernetes_nodes":           {"limit": one},
		"kubernetes_pods":            {"namespace": str("*"), "limit": one},
		"kubernetes_deployments":     {"limit": one},
		"kubernetes_jobs":            {"namespace": str("*"), "limit": one},
		"kubernetes_objects":         {"api_version": str("v1"), "kind": str("Pod"), "limit": one},
		"kubernetes_logs":            {"label_selector": str("app=intelligent-agent"), "max_pods": one},
		"kubernetes_top_nodes":       {"limit": one},
		"kubernetes_top_pods":        {"limit": one},
		"kubernetes_rollout_history": {"resource": str(backend), "limit": one},
	}
	var cases []providertest.Case
	for action, a := range args {
		cases = append(cases, providertest.Case{Kind: providertest.Bounded, Action: action, Args: a})
	}
	return append(cases, providertest.Case{
		Name: "bytes", Kind: providertest.Bounded, Action: "kubernetes_logs",
		Args:  values{"resource": str(backend), "max_bytes": num(100)},
		Check: resultCheck{"line_count": num(3)}.run,
	})
}

// manyEvents has a server of its own: the lab's API server forgets events after an hour.
func manyEvents(t *testing.T, lab *lab) providertest.Case {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write([]byte(`{"kind": "EventList", "apiVersion": "v1", "items": [
			{"lastTimestamp": "2026-01-01T00:00:00Z", "message": "older"}, {"lastTimestamp": "2026-01-02T00:00:00Z", "message": "newer"}]}`))
		if err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return providertest.Case{
		Kind: providertest.Bounded, Action: "kubernetes_events", Config: lab.with(t, server.URL, wrongToken), Args: values{"limit": num(1)},
		Check: func(t *testing.T, r *provider.Result) {
			if got := r.Value.GetAttr("events").Index(cty.Zero).GetAttr("message"); !got.RawEquals(str("newer")) {
				t.Errorf("it kept %#v", got)
			}
		},
	}
}

// The cases of a user who may not, and of things that are not there.

func refusedPods(lab *lab) providertest.Case {
	return providertest.Case{
		Name: "forbidden", Kind: providertest.Refused, Action: "kubernetes_pods", Config: lab.viewer(),
		Endpoint: lab.server, Words: []string{"403", `User "viewer"`, "cannot list", `"pods"`, `namespace "production"`},
	}
}

func refusedNamespace(lab *lab) providertest.Case {
	return providertest.Case{
		Name: "no namespace", Kind: providertest.Refused, Action: "kubernetes_deployments", Args: values{"namespace": str("no-such-place")},
		Endpoint: lab.server, Words: []string{`there is no namespace "no-such-place"`},
	}
}

func refusedKind(lab *lab) providertest.Case {
	return providertest.Case{
		Name: "no kind", Kind: providertest.Refused, Action: "kubernetes_objects",
		Args:     values{"api_version": str("apps/v1"), "kind": str("Deploymnet")},
		Endpoint: lab.server, Words: []string{"Did you mean Deployment?"},
	}
}

func missingDeployment(lab *lab) providertest.Case {
	return providertest.Case{
		Name: "missing", Kind: providertest.Refused, Action: "kubernetes_rollout_status", Args: values{"resource": str("deployment/nope")},
		Endpoint: lab.server, Words: []string{"404", `"nope" not found`},
	}
}
