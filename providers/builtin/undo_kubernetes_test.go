package builtin

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// deploymentOf is a deployment of two replicas; they tolerate the taint of a test's own node.
const deploymentOf = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: %[1]s, labels: {app: %[1]s}}, spec: {
  replicas: 2, selector: {matchLabels: {app: %[1]s}}, template: {metadata: {labels: {app: %[1]s}}, spec: {
    %[2]s
    containers: [{name: main, image: "registry.example.com/main:1", env: [{name: LEVEL, value: info}], resources: {requests: {cpu: 10m}}}]}}}}`

// deploy makes a deployment and waits until it is there.
func (w *world) deploy(name, more string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		w.Create(t, fmt.Sprintf(deploymentOf, name, more))
		w.Kubectl(t, "rollout", "status", "deployment/"+name, "--timeout=30s")
	}
}

// on is a row that changes a deployment of its own: what of it is a JSONPath.
func (w *world) on(name, path string, u undone) undone {
	u.prepare = w.deploy(name, "")
	u.look = func(t *testing.T) string { return w.Kubectl(t, "get", "deployment/"+name, "-o", "jsonpath="+path) }
	return u
}

// schedulable is a row on a node of its own.
func (w *world) schedulable(name string, cordoned bool, u undone) undone {
	u.prepare = func(t *testing.T) {
		w.Node(t, name)
		if cordoned {
			w.Kubectl(t, "cordon", name)
		}
	}
	u.look = func(t *testing.T) string {
		return w.Kubectl(t, "get", "node", name, "-o", "jsonpath={.spec.unschedulable}")
	}
	return u
}

func kubernetesRows(w *world) map[string]undone {
	const image = "{.spec.template.spec.containers[0].image}"
	cordoned, uncordoned := w.Name+"-c", w.Name+"-u"
	return map[string]undone{
		"kubernetes_rollout_restart": w.restarted("restarted"),
		"kubernetes_rollout_undo":    w.rolledBack("rolled", image),
		"kubernetes_scale": w.on("scaled", "{.spec.replicas}", undone{
			args: "resource = \"deployment/scaled\"\nreplicas = 3", undo: "kubernetes_scale",
			back: "resource = \"deployment/scaled\"\nreplicas = self.before.replicas\nreplaces = self.after", before: "2", changed: "3",
		}),
		"kubernetes_set_env": w.on("env", "{range .spec.template.spec.containers[0].env[*]}{.name}={.value}{end}", undone{
			args: "resource = \"deployment/env\"\ncontainer = \"main\"\nenv = { LEVEL = \"debug\" }", undo: "kubernetes_set_env",
			back:   "resource = \"deployment/env\"\ncontainer = \"main\"\nenv = self.before\nremove = keys(self.after)\nreplaces = self.after",
			before: "LEVEL=info", changed: "LEVEL=debug",
		}),
		"kubernetes_set_image": w.on("image", image, undone{
			args: "resource = \"deployment/image\"\nimages = { main = \"registry.example.com/main:2\" }", undo: "kubernetes_set_image",
			back:   "resource = \"deployment/image\"\nimages = self.before\nreplaces = self.after",
			before: "registry.example.com/main:1", changed: "registry.example.com/main:2",
		}),
		"kubernetes_set_resources": w.on("resources", "{.spec.template.spec.containers[0].resources}", undone{
			args: "resource = \"deployment/resources\"\nlimits = { memory = \"64Mi\" }", undo: "kubernetes_set_resources",
			back:   "resource = \"deployment/resources\"\ncontainer = \"main\"\nrequests = self.before.main.requests\nlimits = self.before.main.limits\nreplaces = self.after",
			before: `{"requests":{"cpu":"10m"}}`, changed: `{"limits":{"memory":"64Mi"},"requests":{"cpu":"10m"}}`,
		}),
		"kubernetes_label": w.on("labelled", "{.metadata.labels.app}", undone{
			args: "resource = \"deployment/labelled\"\nlabels = { app = \"other\" }", undo: "kubernetes_label",
			back: "resource = \"deployment/labelled\"\nlabels = self.before\nremove = keys(self.after)\nreplaces = self.after", before: "labelled", changed: "other",
		}),
		"kubernetes_apply": w.on("applied", "{.spec.replicas}", undone{
			args: `force = true
				manifest = { apiVersion = "apps/v1", kind = "Deployment", metadata = { name = "applied" }, spec = { replicas = 1 } }`,
			undo: "kubernetes_patch", back: "resource = \"deployment/applied\"\ntype = \"json\"\npatch = self.undo", before: "2", changed: "1",
		}),
		"kubernetes_patch": w.on("patched", "{.spec.replicas}", undone{
			args: "resource = \"deployment/patched\"\npatch = { spec = { replicas = 1 } }", undo: "kubernetes_patch",
			back: "resource = \"deployment/patched\"\ntype = \"json\"\npatch = self.undo", before: "2", changed: "1",
		}),
		"kubernetes_cordon": w.schedulable(cordoned, false, undone{
			args: `node = "` + cordoned + `"`, undo: "kubernetes_uncordon", back: `node = "` + cordoned + `"`, before: "", changed: "true",
		}),
		"kubernetes_uncordon": w.schedulable(uncordoned, true, undone{
			args: `node = "` + uncordoned + `"`, undo: "kubernetes_cordon", back: `node = "` + uncordoned + `"`, before: "true", changed: "",
		}),
		"kubernetes_exec": w.executed("host"),
		"kubernetes_run_job": {
			args: "image = \"registry.example.com/tool:1\"\ncommand = [\"tool\"]", undo: "kubernetes_delete",
			back: "api_version = \"batch/v1\"\nkind = \"Job\"\nname = self.job",
			look: func(t *testing.T) string {
				return w.Kubectl(t, "get", "jobs", "-o", "jsonpath={.items[*].status.succeeded}")
			},
			before: "", changed: "1",
		},
		"kubernetes_delete": {
			args:    "api_version = \"v1\"\nkind = \"ConfigMap\"\nname = \"doomed\"",
			undo:    "kubernetes_apply",
			back:    "manifest = self.manifests",
			prepare: func(t *testing.T) { w.Kubectl(t, "create", "configmap", "doomed", "--from-literal=colour=blue") },
			look: func(t *testing.T) string {
				return w.Kubectl(t, "get", "configmap", "doomed", "--ignore-not-found", "-o", "jsonpath={.data.colour}")
			},
			before: "blue", changed: "",
		},
		"kubernetes_drain": w.drained(w.Name + "-d"),
	}
}

// restarted tells by the mark of the restart in the template: numbers of revisions only grow.
func (w *world) restarted(name string) undone {
	return undone{
		args: `resource = "deployment/` + name + `"`, undo: "kubernetes_rollout_undo",
		back:    `resource = "deployment/` + name + "\"\nto_revision = self.before.revision\nreplaces = self.after",
		prepare: w.deploy(name, ""),
		look: func(t *testing.T) string {
			mark := w.Kubectl(t, "get", "deployment/"+name, "-o", `jsonpath={.spec.template.metadata.annotations.runbook/key}`)
			return fmt.Sprint("restarted: ", mark != "")
		},
		before: "restarted: false", changed: "restarted: true",
	}
}

// rolledBack goes from a second revision to the first.
func (w *world) rolledBack(name, image string) undone {
	u := w.on(name, image, undone{
		args: `resource = "deployment/` + name + `"`, undo: "kubernetes_rollout_undo",
		back:   `resource = "deployment/` + name + "\"\nto_revision = self.before.revision\nreplaces = self.after",
		before: "registry.example.com/main:2", changed: "registry.example.com/main:1",
	})
	u.prepare = func(t *testing.T) {
		w.deploy(name, "")(t)
		w.Kubectl(t, "set", "image", "deployment/"+name, "main="+u.before)
		w.Kubectl(t, "rollout", "status", "deployment/"+name, "--timeout=30s")
	}
	return u
}

// executed runs a program whose effect another run takes back: what an exec does only its author can undo. The lab's nodes
// run programs on this machine, as a user to whom the test's own folder is closed.
func (w *world) executed(name string) undone {
	marker := filepath.Join(os.TempDir(), w.Name)
	run := "resource = \"deployment/" + name + "\"\ncommand = [%q, \"" + marker + "\"]"
	return undone{
		args: fmt.Sprintf(run, "touch"), undo: "kubernetes_exec", back: fmt.Sprintf(run, "rm"),
		prepare: w.deploy(name, ""), look: exists(marker), before: "false", changed: "true",
	}
}

func exists(path string) func(*testing.T) string {
	return func(*testing.T) string {
		_, err := os.Stat(path)
		return fmt.Sprint(err == nil)
	}
}

// drained empties a node, which fills again once it takes pods.
func (w *world) drained(name string) undone {
	return undone{
		args: "node = \"" + name + "\"\nignore_daemon_sets = true", undo: "kubernetes_patch",
		back: "resource = \"node/" + name + "\"\npatch = { spec = { unschedulable = !self.before.schedulable } }",
		prepare: func(t *testing.T) {
			w.Node(t, name)
			w.deploy("drained", "nodeSelector: {kubernetes.io/hostname: "+name+"}, tolerations: [{key: writes, operator: Exists}],")(t)
		},
		look: func(t *testing.T) string {
			return w.Kubectl(t, "get", "node", name, "-o", "jsonpath={.spec.unschedulable}") + " " +
				w.Kubectl(t, "get", "deployment/drained", "-o", "jsonpath={.status.readyReplicas}")
		},
		before: " 2", changed: "true ",
	}
}
