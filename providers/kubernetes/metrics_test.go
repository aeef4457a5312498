package kubernetes

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	metricsPath = "/apis/metrics.k8s.io/v1beta1/"
	twoNodes    = `{"kind": "NodeList", "apiVersion": "v1", "items": [
		{"metadata": {"name": "a"}, "status": {"allocatable": {"cpu": "2", "memory": "1Gi"}}},
		{"metadata": {"name": "b"}, "status": {"allocatable": {"cpu": "500m", "memory": "1Gi"}}}]}`
	podOnA    = `{"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "p", "namespace": "production"}, "spec": {"nodeName": "a"}}]}`
	podsUsage = `{"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "items": [{"metadata": {"name": "p", "namespace": "production"},
		"containers": [{"usage": {"cpu": "100m", "memory": "128Mi"}}, {"usage": {"cpu": "100m", "memory": "128Mi"}}]}]}`
	nodesUsage = `{"kind": "NodeMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "items": [
		{"metadata": {"name": "a"}, "usage": {"cpu": "200m", "memory": "512Mi"}},
		{"metadata": {"name": "b"}, "usage": {"cpu": "450m", "memory": "256Mi"}},
		{"metadata": {"name": "gone"}, "usage": {"cpu": "1", "memory": "1Gi"}}]}`
)

func TestTop(t *testing.T) {
	forbidden := status(403, metav1.StatusReasonForbidden, "nodes is forbidden")
	cases := map[string]struct {
		action   string
		answers  map[string]any
		names    []string
		percents []any // CPU of each item, nil for null
		mean     any
	}{
		"nodes": {"kubernetes_top_nodes", map[string]any{metricsPath + "nodes": nodesUsage, "/api/v1/nodes": twoNodes},
			[]string{"b", "a"}, []any{90.0, 10.0}, 50.0},
		"pods": {"kubernetes_top_pods", map[string]any{
			metricsPath + "namespaces/production/pods": podsUsage, "/api/v1/nodes": twoNodes, "/api/v1/namespaces/production/pods": podOnA,
		}, []string{"p"}, []any{10.0}, 10.0},
		"pods of a user who may not see nodes": {"kubernetes_top_pods", map[string]any{
			metricsPath + "namespaces/production/pods": podsUsage, "/api/v1/nodes": forbidden, "/api/v1/namespaces/production/pods": podOnA,
		}, []string{"p"}, []any{nil}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			result, err := run(t.Context(), t, served(t, routes(t, c.answers)), c.action, nil)
			if err != nil {
				t.Fatal(err)
			}
			items := result.Value.GetAttr("items").AsValueSlice()
			if len(items) != len(c.names) {
				t.Fatalf("%d items, expected %d", len(items), len(c.names))
			}
			for i, item := range items {
				if got := item.GetAttr("name").AsString(); got != c.names[i] {
					t.Errorf("item %d is %q, expected %q", i, got, c.names[i])
				}
				wantNumber(t, "cpu_percent of "+c.names[i], item.GetAttr("cpu_percent"), c.percents[i])
			}
			wantNumber(t, "cpu_percent", result.Value.GetAttr("cpu_percent"), c.mean)
		})
	}
}

func wantNumber(t *testing.T, name string, got cty.Value, want any) {
	t.Helper()
	expected := cty.NullVal(cty.Number)
	if f, ok := want.(float64); ok {
		expected = cty.NumberFloatVal(f)
	}
	if !got.RawEquals(expected) {
		t.Errorf("%s is %#v, expected %#v", name, got, expected)
	}
}

func TestNoMetrics(t *testing.T) {
	missing := served(t, routes(t, map[string]any{"/api/v1/nodes": twoNodes}))
	_, err := run(t.Context(), t, missing, "kubernetes_top_nodes", nil)
	wantError(t, err, "the cluster has no metrics", "Install metrics-server")

	down := served(t, routes(t, map[string]any{
		"/api/v1/nodes": twoNodes, metricsPath + "nodes": status(503, metav1.StatusReasonServiceUnavailable, "the server is currently unable to handle the request"),
	}))
	_, err = run(t.Context(), t, down, "kubernetes_top_nodes", nil)
	wantError(t, err, "503", "metrics-server is installed but does not answer")
}
