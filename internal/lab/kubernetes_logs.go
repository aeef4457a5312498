package lab

import (
	"bytes"
	"fmt"
	"os"
	"time"
)

// podLog describes what the containers of one name in one namespace have written.
type podLog struct {
	namespace, container string
	lines                int
	// text of line n.
	text func(n int) string
}

var podLogs = []podLog{
	{"production", "backend", 120, func(n int) string {
		return fmt.Sprintf(`level=info msg="request served" method=GET path=/api/agents/%d status=200 duration_ms=%d`, n*7%100, 20+n*13%90)
	}},
	{"production", "frontend", 120, func(n int) string {
		return fmt.Sprintf(`10.0.%d.%d "GET /assets/app-%d.js" 200 %d`, n%4, n%250, n%9, 900+n)
	}},
	{"production", "audit-logger", 12000, func(n int) string {
		return fmt.Sprintf(`{"actor":"user%d","action":"%s","entry":%d}`, n%2000, []string{"login", "update", "delete"}[n%3], n)
	}},
	{"staging", "crashing", 40, func(n int) string {
		if n%4 == 3 {
			return fmt.Sprintf(`level=error msg="connect to database: connection refused" attempt=%d`, n/4+1)
		}
		return fmt.Sprintf(`level=info msg="starting worker" worker=%d`, n)
	}},
	{"staging", "migration", 20, func(n int) string {
		if n == 19 {
			return "ERROR: relation \"agents\" does not exist"
		}
		return fmt.Sprintf("applying migration %03d", n+1)
	}},
	{"", "", 3, func(n int) string { return fmt.Sprintf("line %d", n+1) }},
}

func (p podLog) fileName() string { return "log-" + p.namespace + "-" + p.container + ".log" }

// writePodLogs writes the files that kwok serves as logs, in the format of the container runtime interface: time,
// stream, F for a full line, text. The last line is a moment old. A file is kept as long as the control plane lives.
func (l *Lab) writePodLogs() error {
	for _, p := range podLogs {
		path := l.kubeFile(p.fileName())
		if _, err := os.Stat(path); err == nil {
			continue
		}
		const apart = 250 * time.Millisecond
		at := time.Now().Add(-time.Duration(p.lines) * apart).UTC()
		var content bytes.Buffer
		for n := range p.lines {
			_, _ = fmt.Fprintf(&content, "%s stdout F %s\n", at.Format("2006-01-02T15:04:05.000000000Z07:00"), p.text(n))
			at = at.Add(apart)
		}
		if err := writeFile(path, content.Bytes(), 0o644); err != nil {
			return fmt.Errorf("write the logs of %s: %w", p.container, err)
		}
	}
	return nil
}

// kwokPodRules tells kwok which log belongs to which container, and to run what is executed in a container on this
// machine, as nobody.
func (l *Lab) kwokPodRules() []byte {
	var rules bytes.Buffer
	for _, p := range podLogs {
		name := "default"
		if p.namespace != "" {
			name = p.namespace + "-" + p.container
		}
		_, _ = fmt.Fprintf(&rules, "apiVersion: kwok.x-k8s.io/v1alpha1\nkind: ClusterLogs\nmetadata: {name: %s}\nspec:\n", name)
		if p.namespace != "" {
			_, _ = fmt.Fprintf(&rules, "  selector: {matchNamespaces: [%s]}\n", p.namespace)
		}
		_, _ = fmt.Fprintf(&rules, "  logs:\n    - logsFile: %q\n      previousLogsFile: %q\n", l.kubeFile(p.fileName()), l.kubeFile(p.fileName()))
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
