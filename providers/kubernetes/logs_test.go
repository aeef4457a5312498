package kubernetes

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

func TestTail(t *testing.T) {
	cases := map[string]struct {
		text    string
		limit   int
		lines   []string
		dropped bool
	}{
		"nothing":             {"", 10, nil, false},
		"lines":               {"a\nb\r\n\nc\n", 10, []string{"a", "b", "", "c"}, false},
		"no line end":         {"a\nb", 10, []string{"a", "b"}, false},
		"the newest are kept": {"aaaa\nbbbb\ncccc\n", 8, []string{"bbbb", "cccc"}, true},
		"a long line is cut":  {strings.Repeat("x", 100) + "\n", 8, []string{"xxxxxxxx"}, true},
		"longer than a buffer": {strings.Repeat("x", 200) + "\nshort\n", 150,
			[]string{"short"}, true},
		"not UTF-8": {"a\xffb\n", 10, []string{"a\uFFFDb"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := tail{limit: c.limit}
			if err := got.read(bufio.NewReaderSize(strings.NewReader(c.text), 16)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.lines, got.lines); diff != "" || got.dropped != c.dropped {
				t.Errorf("dropped is %t, lines differ (-want +got):\n%s", got.dropped, diff)
			}
		})
	}
}

func TestChosenContainers(t *testing.T) {
	pod := corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "n"},
		Spec: corev1.PodSpec{
			Containers:     []corev1.Container{{Name: "main"}, {Name: "helper"}},
			InitContainers: []corev1.Container{{Name: "setup"}},
		},
	}
	annotated := *pod.DeepCopy()
	annotated.Annotations = map[string]string{defaultContainer: "helper"}
	cases := map[string]struct {
		pod       corev1.Pod
		container string
		want      []string
	}{
		"the first":      {pod, "", []string{"main"}},
		"the default":    {annotated, "", []string{"helper"}},
		"by name":        {annotated, "main", []string{"main"}},
		"init container": {pod, "setup", []string{"setup"}},
		"all":            {pod, "*", []string{"helper", "main", "setup"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sources, err := logSourcesOf([]corev1.Pod{c.pod}, c.container)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range sources {
				got = append(got, s.container)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("containers differ (-want +got):\n%s", diff)
			}
		})
	}
	_, err := logSourcesOf([]corev1.Pod{pod}, "nope")
	wantError(t, err, `no pod has a container "nope"`, "helper, main, setup")
}

// TestSomeLogsAreMissing has two pods of which one is still being created.
func TestSomeLogsAreMissing(t *testing.T) {
	waiting := status(http.StatusBadRequest, metav1.StatusReasonBadRequest, `container "c" in pod "new" is waiting to start: ContainerCreating`)
	const list = `{"apiVersion": "v1", "kind": "PodList", "items": [
		{"metadata": {"name": "old", "namespace": "production"}, "spec": {"containers": [{"name": "c"}]}},
		{"metadata": {"name": "new", "namespace": "production"}, "spec": {"containers": [{"name": "c"}]}}]}`
	const base = "/api/v1/namespaces/production/pods"
	selector := map[string]cty.Value{"label_selector": cty.StringVal("app=api"), "match": cty.StringVal("(?i)error")}

	some := served(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == base+"/old/log" {
			w.Header().Set("Content-Type", "text/plain")
			if _, err := w.Write([]byte("fine\nERROR one\n")); err != nil {
				t.Error(err)
			}
			return
		}
		routes(t, map[string]any{base: list, base + "/new/log": waiting})(w, r)
	})
	result, err := run(t.Context(), t, some, "kubernetes_logs", selector)
	if err != nil {
		t.Fatal(err)
	}
	if got := result.Summary; got != "1 of 2 lines match" {
		t.Errorf("the summary is %q", got)
	}
	if len(result.Warnings) != 1 || !strings.Contains(result.Warnings[0], "production/new, container c") {
		t.Errorf("the warnings are %q", result.Warnings)
	}

	none := served(t, routes(t, map[string]any{base: list, base + "/new/log": waiting, base + "/old/log": waiting}))
	_, err = run(t.Context(), t, none, "kubernetes_logs", selector)
	wantError(t, err, "read the logs of production/new, container c", "ContainerCreating")
}

func TestPodsOf(t *testing.T) {
	client := served(t, routes(t, map[string]any{
		"/apis/apps/v1/namespaces/production/deployments/api": `{"kind": "Deployment", "apiVersion": "apps/v1",
			"spec": {"selector": {"matchLabels": {"app": "api"}, "matchExpressions": [{"key": "canary", "operator": "DoesNotExist"}]}}}`,
		"/api/v1/namespaces/production/services/api":      `{"kind": "Service", "apiVersion": "v1", "spec": {"selector": {"tier": "web", "app": "api"}}}`,
		"/api/v1/namespaces/production/services/external": `{"kind": "Service", "apiVersion": "v1", "spec": {}}`,
	}))
	cases := map[string]struct{ resource, selector, pod string }{
		"deployment": {"deployment/api", "app=api,!canary", ""},
		"service":    {"svc/api", "app=api,tier=web", ""},
		"pod":        {"pod/api-0", "", "api-0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			selector, pod, err := client.podsOf(t.Context(), c.resource, "production")
			if err != nil || selector != c.selector || pod != c.pod {
				t.Errorf("podsOf is %q, %q, %v; expected %q, %q", selector, pod, err, c.selector, c.pod)
			}
		})
	}
	_, _, err := client.podsOf(t.Context(), "svc/external", "production")
	wantError(t, err, "selects no pods")
	_, _, err = client.podsOf(t.Context(), "configmap/x", "production")
	wantError(t, err, "not of one of the types")
}

// TestBoundsCutSecrets: what a bound leaves of a secret is blanked, in the program's output and in a long line of a log.
func TestBoundsCutSecrets(t *testing.T) {
	host := provider.Host{BlankCut: func(text string) string {
		if begun, ok := strings.CutSuffix(text, "hunt\xc3"); ok {
			return begun + "(sensitive)"
		}
		return text
	}}
	whole, short := &bounded{limit: 100}, &bounded{limit: 7}
	for _, b := range []*bounded{whole, short} {
		if _, err := io.WriteString(b, "x hunt\xc3\xa9-2"); err != nil {
			t.Fatal(err)
		}
	}
	if got := whole.text(host); got != "x hunté-2" {
		t.Errorf("whole: %q", got)
	}
	if got := short.text(host); got != "x (sensitive)" {
		t.Errorf("cut: %q", got)
	}
	lines := tail{host: host, limit: 7}
	if err := lines.read(bufio.NewReader(strings.NewReader("x hunt\xc3\xa9-2\n"))); err != nil || len(lines.lines) != 1 || lines.lines[0] != "x (sensitive)" {
		t.Errorf("log: %q, %v", lines.lines, err)
	}
}
