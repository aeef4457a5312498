package kubernetes

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

func TestRolloutStatus(t *testing.T) {
	cases := map[string]struct {
		got      rolloutStatusResult
		complete bool
		message  string
	}{
		"deployment not observed": {deploymentOf(t, `{metadata: {generation: 2}, spec: {replicas: 1}, status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1}}`), false, unobserved},
		"deployment too slow": {deploymentOf(t, `
spec: {replicas: 3}
status: {replicas: 3, updatedReplicas: 1, conditions: [{type: Progressing, status: "False", reason: ProgressDeadlineExceeded}]}`), false, "the rollout exceeded its progress deadline"},
		"deployment updating":   {deploymentOf(t, `{spec: {replicas: 3}, status: {replicas: 4, updatedReplicas: 1, availableReplicas: 3}}`), false, "1 of 3 replicas updated"},
		"deployment ending":     {deploymentOf(t, `{spec: {replicas: 3}, status: {replicas: 4, updatedReplicas: 3, availableReplicas: 3}}`), false, "1 old replica still to end"},
		"deployment starting":   {deploymentOf(t, `{spec: {replicas: 3}, status: {replicas: 3, updatedReplicas: 3, availableReplicas: 2}}`), false, "2 of 3 updated replicas available"},
		"deployment complete":   {deploymentOf(t, `{spec: {replicas: 3}, status: {replicas: 3, updatedReplicas: 3, availableReplicas: 3}}`), true, "rolled out, 3 of 3 available"},
		"deployment of default": {deploymentOf(t, `{status: {replicas: 1, updatedReplicas: 1, availableReplicas: 1}}`), true, "rolled out, 1 of 1 available"},
		"deployment at zero":    {deploymentOf(t, `{spec: {replicas: 0}}`), true, "rolled out, 0 of 0 available"},

		"daemon set not observed": {daemonSetOf(t, `{metadata: {generation: 2}, status: {observedGeneration: 1}}`), false, unobserved},
		"daemon set updating":     {daemonSetOf(t, `{status: {desiredNumberScheduled: 3, updatedNumberScheduled: 1, numberAvailable: 3}}`), false, "1 of 3 pods updated"},
		"daemon set starting":     {daemonSetOf(t, `{status: {desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2}}`), false, "2 of 3 updated pods available"},
		"daemon set complete":     {daemonSetOf(t, `{status: {desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3}}`), true, "rolled out, 3 of 3 available"},
		"daemon set on delete":    {daemonSetOf(t, `{spec: {updateStrategy: {type: OnDelete}}, status: {desiredNumberScheduled: 3, updatedNumberScheduled: 1}}`), false, "1 of 3 pods updated; the strategy OnDelete leaves the rest to you"},

		"stateful set not observed": {statefulSetOf(t, `{metadata: {generation: 1}}`), false, unobserved},
		"stateful set starting":     {statefulSetOf(t, `{spec: {replicas: 3}, status: {observedGeneration: 1, readyReplicas: 1}}`), false, "waiting for 2 pods to be ready"},
		"stateful set updating":     {statefulSetOf(t, `{spec: {replicas: 2}, status: {observedGeneration: 1, readyReplicas: 2, updatedReplicas: 1, currentRevision: a, updateRevision: b}}`), false, "1 of 2 pods updated"},
		"stateful set partition": {statefulSetOf(t, `
spec: {replicas: 3, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}}
status: {observedGeneration: 1, readyReplicas: 3, updatedReplicas: 1}`), false, "1 of 2 pods of the partition updated"},
		"stateful set partition complete": {statefulSetOf(t, `
spec: {replicas: 3, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}}
status: {observedGeneration: 1, readyReplicas: 3, updatedReplicas: 2, availableReplicas: 3, currentRevision: a, updateRevision: b}`), true, "rolled out, 3 of 3 available"},
		"stateful set complete": {statefulSetOf(t, `{spec: {replicas: 2}, status: {observedGeneration: 1, readyReplicas: 2, updatedReplicas: 2, availableReplicas: 2, currentRevision: b, updateRevision: b}}`), true, "rolled out, 2 of 2 available"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.got.Complete != c.complete || c.got.Message != c.message {
				t.Errorf("complete is %t, %q; expected %t, %q", c.got.Complete, c.got.Message, c.complete, c.message)
			}
		})
	}
}

func deploymentOf(t *testing.T, text string) rolloutStatusResult {
	t.Helper()
	return deploymentRollout(parsed[appsv1.Deployment](t, text))
}

func daemonSetOf(t *testing.T, text string) rolloutStatusResult {
	t.Helper()
	return daemonSetRollout(parsed[appsv1.DaemonSet](t, text))
}

func statefulSetOf(t *testing.T, text string) rolloutStatusResult {
	t.Helper()
	return statefulSetRollout(parsed[appsv1.StatefulSet](t, text))
}

func parsed[T any](t *testing.T, text string) *T {
	t.Helper()
	into := new(T)
	if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
		t.Fatal(err)
	}
	return into
}

// TestStatefulSetHistory reads revisions that are kept as patches; one belongs to another set.
func TestStatefulSetHistory(t *testing.T) {
	c := served(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/apis/apps/v1/namespaces/production/controllerrevisions" && r.URL.Query().Get("labelSelector") != "app=db" {
			t.Errorf("the selector is %q", r.URL.Query().Get("labelSelector"))
		}
		routes(t, map[string]any{
			"/apis/apps/v1/namespaces/production/statefulsets/db": `{"kind": "StatefulSet", "apiVersion": "apps/v1",
				"metadata": {"uid": "u1"}, "spec": {"selector": {"matchLabels": {"app": "db"}}}}`,
			"/apis/apps/v1/namespaces/production/controllerrevisions": `{"kind": "ControllerRevisionList", "apiVersion": "apps/v1", "items": [
				{"metadata": {"name": "db-1", "ownerReferences": [{"uid": "u1", "controller": true}], "annotations": {"kubernetes.io/change-cause": "first"}},
				 "revision": 1, "data": {"spec": {"template": {"spec": {"containers": [{"image": "db:1"}]}}}}},
				{"metadata": {"name": "db-2", "ownerReferences": [{"uid": "u1", "controller": true}]},
				 "revision": 2, "data": {"spec": {"template": {"spec": {"containers": [{"image": "db:2"}, {"image": "exporter:1"}]}}}}},
				{"metadata": {"name": "other", "ownerReferences": [{"uid": "u2", "controller": true}]}, "revision": 9, "data": {}}]}`,
		})(w, r)
	})
	result, err := run(t.Context(), t, c, "kubernetes_rollout_history", map[string]cty.Value{"resource": cty.StringVal("sts/db")})
	if err != nil {
		t.Fatal(err)
	}
	var got []revisionResult
	for _, v := range result.Value.GetAttr("revisions").AsValueSlice() {
		number, _ := v.GetAttr("revision").AsBigFloat().Int64()
		r := revisionResult{Revision: number, ChangeCause: v.GetAttr("change_cause").AsString()}
		for _, image := range v.GetAttr("images").AsValueSlice() {
			r.Images = append(r.Images, image.AsString())
		}
		got = append(got, r)
	}
	want := []revisionResult{{Revision: 2, Images: []string{"db:2", "exporter:1"}}, {Revision: 1, ChangeCause: "first", Images: []string{"db:1"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("revisions differ (-want +got):\n%s", diff)
	}
}
