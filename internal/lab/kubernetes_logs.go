package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// podLog describes what the containers of one name in one namespace have written.
type podLog struct {
	namespace, container string
	lines                int
	// text of line n of the pod with the number pod.
	text func(pod, n int) string
}

// podLogs has no line with the word error in production, and some in staging. The last entry is for all other pods.
var podLogs = []podLog{
	{production, "backend", 120, func(pod, n int) string {
		return fmt.Sprintf(`level=info msg="request served" worker=%d method=GET path=/api/agents/%d status=200 duration_ms=%d`, pod, n*7%100, 20+n*13%90)
	}},
	{production, "frontend", 120, func(pod, n int) string {
		return fmt.Sprintf(`10.0.%d.%d "GET /assets/app-%d.js" 200 %d`, pod, n%250, n%9, 900+n)
	}},
	{production, "audit-logger", 12000, func(_, n int) string {
		return fmt.Sprintf(`{"actor":"user%d","action":"%s","entry":%d}`, n%2000, []string{"login", "update", "delete"}[n%3], n)
	}},
	{staging, "crashing", 40, func(_, n int) string {
		if n%4 == 3 {
			return fmt.Sprintf(`level=error msg="connect to database: connection refused" attempt=%d`, n/4+1)
		}
		return fmt.Sprintf(`level=info msg="starting worker" worker=%d`, n)
	}},
	{staging, "migration", 20, func(_, n int) string {
		if n == 19 {
			return `ERROR: relation "agents" does not exist`
		}
		return fmt.Sprintf("applying migration %03d", n+1)
	}},
	{text: func(_, n int) string { return fmt.Sprintf("line %d", n+1) }, lines: 3},
}

// writePodLogs writes a log for each container name; pods that come later get these. A log is kept for as long as the
// cluster is.
func (l *Lab) writePodLogs() error {
	for _, p := range podLogs {
		path := l.kubeFile(filepath.Join("logs", p.name()+".log"))
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := p.write(path, 0); err != nil {
			return err
		}
	}
	return nil
}

func (p podLog) name() string {
	if p.container == "" {
		return "default"
	}
	return p.namespace + "-" + p.container
}

// write makes a log in the format of the container runtime interface: time, stream, F for a full line, text. The last
// line is a moment old.
func (p podLog) write(path string, pod int) error {
	const apart = 250 * time.Millisecond
	at := time.Now().Add(-time.Duration(p.lines) * apart).UTC()
	var content bytes.Buffer
	for n := range p.lines {
		_, _ = fmt.Fprintf(&content, "%s stdout F %s\n", at.Format("2006-01-02T15:04:05.000000000Z07:00"), p.text(pod, n))
		at = at.Add(apart)
	}
	if err := writeFile(path, content.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the log of %s: %w", p.name(), err)
	}
	return nil
}

// givePodsLogs gives each pod that exists a log of its own.
func (l *Lab) givePodsLogs(ctx context.Context, c *cluster) error {
	rules := schema.GroupVersionResource{Group: "kwok.x-k8s.io", Version: "v1alpha1", Resource: "logs"}
	for _, p := range podLogs[:len(podLogs)-1] {
		pods, err := c.typed.CoreV1().Pods(p.namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return fmt.Errorf("list the pods that have logs: %w", err)
		}
		for n, pod := range pods.Items {
			if pod.Spec.Containers[0].Name != p.container {
				continue
			}
			path := l.kubeFile(filepath.Join("logs", p.namespace+"-"+pod.Name+".log"))
			if err := p.write(path, n); err != nil {
				return err
			}
			rule := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": rules.GroupVersion().String(), "kind": "Logs",
				"metadata": map[string]any{"name": pod.Name, "namespace": p.namespace},
				"spec":     map[string]any{"logs": []any{map[string]any{"logsFile": path, "previousLogsFile": path}}},
			}}
			if _, err := c.dynamic.Resource(rules).Namespace(p.namespace).Create(ctx, rule, metav1.CreateOptions{}); err != nil {
				return fmt.Errorf("give pod %s its log: %w", pod.Name, err)
			}
		}
	}
	return nil
}

// kwokPodRules tells kwok which log belongs to which container, and to run what is executed in a container on this
// machine, as nobody.
func (l *Lab) kwokPodRules() []byte {
	var rules bytes.Buffer
	for _, p := range podLogs {
		_, _ = fmt.Fprintf(&rules, "apiVersion: kwok.x-k8s.io/v1alpha1\nkind: ClusterLogs\nmetadata: {name: %s}\nspec:\n", p.name())
		if p.namespace != "" {
			_, _ = fmt.Fprintf(&rules, "  selector: {matchNamespaces: [%s]}\n", p.namespace)
		}
		path := l.kubeFile(filepath.Join("logs", p.name()+".log"))
		_, _ = fmt.Fprintf(&rules, "  logs:\n    - logsFile: %q\n      previousLogsFile: %q\n", path, path)
		if p.container != "" {
			_, _ = fmt.Fprintf(&rules, "      containers: [%s]\n", p.container)
		}
		rules.WriteString("---\n")
	}
	rules.WriteString("apiVersion: kwok.x-k8s.io/v1alpha1\nkind: ClusterExec\nmetadata: {name: lab}\nspec:\n  execs:\n    - local:\n        workDir: /\n")
	if os.Geteuid() == 0 {
		rules.WriteString("        securityContext: {runAsUser: 65534, runAsGroup: 65534}\n")
	}
	return rules.Bytes()
}
