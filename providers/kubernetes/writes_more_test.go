package kubernetes_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

func TestApplyCreates(t *testing.T) {
	p := newPlayground(t)
	c := called{action: "kubernetes_apply", args: values{"manifest": str(`
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue}
---
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {token: hush-hush}
`)}}
	p.refused(t, c)
	p.found(t, c, nil, provider.NotDone)
	self, note := p.good(t, c)
	if strings.Contains(string(note), "hush") || strings.Contains(self.GoString(), "hush") {
		t.Error("the secret's value is in the note or the result")
	}
	if got := p.field(t, "configmap/settings", "{.data.colour} {.metadata.managedFields[0].manager} {.metadata.managedFields[0].operation}"); got != "blue runbook Apply" {
		t.Errorf("the config map is %q", got)
	}
	p.found(t, c, note, provider.Done)
	for it := at(self, "created").ElementIterator(); it.Next(); {
		_, made := it.Element()
		p.good(t, called{action: "kubernetes_delete", args: values{
			"api_version": at(made, "api_version"), "kind": at(made, "kind"), "namespace": at(made, "namespace"), "name": at(made, "name"),
		}})
	}
	if left := p.must(t, "", "get", "configmap/settings", "secret/token", "--ignore-not-found", "-o", "name"); left != "" {
		t.Errorf("the undo left %s", left)
	}
	p.found(t, c, note, provider.NotDone)
}

func TestApplyNeedsForce(t *testing.T) {
	p := newPlayground(t)
	p.deployment(t)
	c := called{action: "kubernetes_apply", args: values{"manifest": str(
		`{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}, "spec": {"replicas": 9}}`)}}
	_, _, err := p.call(t.Context(), t, c)
	if err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "force = true") {
		t.Errorf("error is %v", err)
	}
	if got := p.field(t, "deployment/api", "{.spec.replicas}"); got != "2" {
		t.Errorf("replicas are %s", got)
	}
}

// TestNothingChosen: a name or a selector that came out empty means nothing, not everything.
func TestNothingChosen(t *testing.T) {
	p := newPlayground(t)
	p.deployment(t)
	objects := values{"api_version": str("apps/v1"), "kind": str("Deployment")}
	with := func(base values, name, value string) values {
		all := maps.Clone(base)
		all[name] = str(value)
		return all
	}
	for name, c := range map[string]called{
		"name":           {action: "kubernetes_delete", args: with(objects, "name", "")},
		"label selector": {action: "kubernetes_delete", args: with(objects, "label_selector", " ")},
		"field selector": {action: "kubernetes_delete", args: with(objects, "field_selector", ",")},
		"pod":            {action: "kubernetes_exec", args: with(values{"command": strs("true")}, "pod", "")},
		"images":         {action: "kubernetes_set_image", args: with(values{"images": cty.MapValEmpty(cty.String)}, "resource", deployment)},
	} {
		t.Run(name, func(t *testing.T) {
			c.key = "key-" + name
			result, _, err := p.call(t.Context(), t, c)
			if err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "empty") && !strings.Contains(err.Error(), "every one") {
				t.Errorf("%+v, %v", result, err)
			}
		})
	}
	if left := p.field(t, deployment, "{.spec.template.spec.containers[*].image}"); left == "" {
		t.Error("the deployment is gone, or its images")
	}
}

// TestDelete deletes by a selector and takes it back with the manifests.
func TestDelete(t *testing.T) {
	p := newPlayground(t)
	p.deployment(t)
	there := func() string { return p.must(t, "", "get", "deployment/api", "--ignore-not-found", "-o", "name") }
	c := called{action: "kubernetes_delete", args: values{"api_version": str("apps/v1"), "kind": str("Deployment"), "label_selector": str("app=api")}}
	p.refused(t, c)
	if changes := p.preview(t, c); len(changes) != 1 || there() == "" {
		t.Fatalf("the preview is %v", changes)
	}
	self, note := p.good(t, c)
	if !at(self, "deleted").RawEquals(strs(p.namespace+"/api")) || there() != "" {
		t.Fatalf("deleted is %#v", at(self, "deleted"))
	}
	p.found(t, c, note, provider.Done)
	p.good(t, called{action: "kubernetes_apply", args: values{"manifest": at(self, "manifests")}})
	if there() == "" {
		t.Error("the undo did not make it again")
	}
	p.deployment(t)
	var fresh json.RawMessage
	var unused json.RawMessage
	action, call := p.prepare(t, called{action: c.action, args: c.args}, &unused)
	call.Note = func(n []byte) error { fresh = n; return errors.New("the disk is full") }
	if _, err := action.Run(t.Context(), call); err == nil || !provider.NothingDone(err) || there() == "" {
		t.Errorf("a note that can't be kept gave %v", err)
	}
	p.found(t, c, fresh, provider.NotDone)
}

func TestCordonAndDrain(t *testing.T) {
	p := newPlayground(t)
	node := p.node(t)
	p.must(t, api, "create", "-f", "-")
	p.must(t, "", "patch", "deployment/api", "-p", `{"spec":{"template":{"spec":{"tolerations":[{"key":"writes","operator":"Exists"}],"nodeSelector":{"kubernetes.io/hostname":"`+node+`"}}}}}`)
	p.must(t, "", "rollout", "status", "deployment/api", "--timeout=30s")
	unschedulable := func() string { return p.field(t, "node/"+node, "{.spec.unschedulable}") }
	running := func() string {
		return p.must(t, "", "get", "pods", "-l", "app=api", "--field-selector", "spec.nodeName="+node, "-o", "name")
	}
	write{
		action: "kubernetes_cordon", args: values{"node": str(node)}, object: "node/" + node, path: "{.spec.unschedulable}", before: "", after: "true",
		undo: func(cty.Value) called { return called{action: "kubernetes_uncordon", args: values{"node": str(node)}} },
	}.run(t, p)
	p.cordon(t, node)
	write{
		action: "kubernetes_uncordon", args: values{"node": str(node)}, object: "node/" + node, path: "{.spec.unschedulable}", before: "true", after: "",
		undo: func(cty.Value) called { return called{action: "kubernetes_cordon", args: values{"node": str(node)}} },
	}.run(t, p)
	p.must(t, "", "uncordon", node)

	p.daemonSet(t, node)
	drain := called{action: "kubernetes_drain", args: values{"node": str(node), "grace_seconds": num(1)}}
	if _, _, err := p.call(t.Context(), t, drain); err == nil || !provider.NothingDone(err) || !strings.Contains(err.Error(), "ignore_daemon_sets") {
		t.Errorf("with a daemon set's pod: %v", err)
	}
	drain.args["ignore_daemon_sets"] = cty.True
	p.refused(t, drain)
	if len(p.preview(t, drain)) != 3 {
		t.Error("the preview should show the node and two pods")
	}
	if unschedulable() != "" || strings.Count(running(), "pod/") != 2 {
		t.Fatalf("before the drain: unschedulable %q, pods %q", unschedulable(), running())
	}

	// A budget that allows none holds it up until its time is over.
	p.must(t, `{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: api}, spec: {minAvailable: 2, selector: {matchLabels: {app: api}}}}`, "create", "-f", "-")
	p.must(t, "", "wait", "--for=jsonpath={.status.currentHealthy}=2", "pdb/api", "--timeout=30s")
	soon, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	partly, note, err := p.call(soon, t, drain)
	if !errors.Is(err, context.DeadlineExceeded) || provider.NothingDone(err) || !strings.Contains(err.Error(), "disruption budget") {
		t.Errorf("with a budget that allows none: %v", err)
	}
	if partly == nil || len(at(partly.Value, "evicted").AsValueSlice()) != 0 || !strings.Contains(err.Error(), "Done before it: cordon of node "+node) {
		t.Errorf("that the node was cordoned is not told: %v, %v", partly, err)
	}
	// Once more, the same budget lets nothing be done at all.
	again, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	if nothing, _, err := p.call(again, t, drain); nothing != nil || !provider.NothingDone(err) {
		t.Errorf("of a node that was cordoned before: %v, %v", nothing, err)
	}
	if unschedulable() != "true" || strings.Count(running(), "pod/") != 2 {
		t.Errorf("after the time was over: unschedulable %q, pods %q", unschedulable(), running())
	}
	p.found(t, drain, note, provider.Unknown)
	p.must(t, "", "uncordon", node)
	p.found(t, drain, note, provider.Unknown)
	p.found(t, drain, withoutVersion(t, note), provider.NotDone)
	p.must(t, "", "delete", "pdb/api")

	self, note := p.good(t, drain)
	if at(self, "evicted").LengthInt() != 2 || running() != "" || unschedulable() != "true" {
		t.Errorf("evicted %#v, pods %q, unschedulable %q", at(self, "evicted"), running(), unschedulable())
	}
	p.found(t, drain, note, provider.Done)
	p.good(t, called{action: "kubernetes_uncordon", args: values{"node": str(node)}})
	p.must(t, "", "rollout", "status", "deployment/api", "--timeout=30s")
	if strings.Count(running(), "pod/") != 2 {
		t.Error("the pods did not come back")
	}
}

// TestExec runs programs over the wire: API server, kubelet, process.
func TestExec(t *testing.T) {
	p := newPlayground(t)
	p.deployment(t)
	on := func(command ...string) called {
		return called{action: "kubernetes_exec", args: values{"resource": str(deployment), "command": strs(command...)}}
	}
	marker := "/tmp/" + p.namespace
	p.refused(t, on("touch", marker))
	self, _ := p.good(t, on("sh", "-c", "test ! -e "+marker+" && echo out && echo err >&2; exit 3"))
	if at(self, "stdout").AsString() != "out\n" || at(self, "stderr").AsString() != "err\n" || !at(self, "exit_code").RawEquals(num(3)) {
		t.Errorf("the result is %#v", self)
	}
	self, _ = p.good(t, called{action: "kubernetes_exec", args: values{
		"resource": str(deployment), "container": str("proxy"), "max_output_bytes": num(10), "command": strs("seq", "100000"),
	}})
	if at(self, "stdout").AsString() != "1\n2\n3\n4\n5\n" || at(self, "truncated").False() {
		t.Errorf("the result is %#v", self)
	}
	if _, _, err := p.call(t.Context(), t, called{action: "kubernetes_exec", args: values{"pod": str("nope"), "command": strs("true")}}); !provider.NothingDone(err) {
		t.Errorf("in a pod that is not there: %v", err)
	}
	sleeps := "sleeps-" + p.namespace
	if _, _, err := p.call(until(t, func() bool { return runs(t, sleeps) }), t, on("sh", "-c", "sleep 20; : "+sleeps)); !errors.Is(err, context.Canceled) || provider.NothingDone(err) {
		t.Errorf("a program that is interrupted: %v", err)
	}
	p.found(t, on("true"), nil, provider.Unknown)
}

// runs says whether a program runs here with a word in its arguments: the lab's nodes have their programs on this machine.
func runs(t *testing.T, word string) bool {
	t.Helper()
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Error(err)
	}
	return slices.ContainsFunc(commands, func(path string) bool {
		words, err := os.ReadFile(path)
		return err == nil && strings.Contains(string(words), word) // it may have ended by now
	})
}

func TestRunJob(t *testing.T) {
	p := newPlayground(t)
	job := func(key string, more values) called {
		args := values{"image": str("registry.example.com/tool:1"), "command": strs("tool", "--once"), "env": text("A", "1")}
		for name, v := range more {
			args[name] = v
		}
		return called{action: "kubernetes_run_job", key: key, args: args}
	}
	c := job("run-1/step", nil)
	p.refused(t, c)
	p.preview(t, c)
	p.found(t, c, nil, provider.NotDone)
	if left := p.must(t, "", "get", "jobs", "-o", "name"); left != "" {
		t.Fatalf("there is %s", left)
	}
	self, note := p.good(t, c)
	if !at(self, "exit_code").RawEquals(num(0)) || at(self, "stdout").AsString() != "line 1\nline 2\nline 3\n" {
		t.Errorf("the result is %#v", self)
	}
	if found := p.found(t, c, note, provider.Done); !found.Result.Value.RawEquals(self) {
		t.Errorf("inquire gives %#v", found.Result.Value)
	}
	// The same write again follows the job that is there.
	if again, _ := p.good(t, c); !again.RawEquals(self) || strings.Count(p.must(t, "", "get", "jobs", "-o", "name"), "job") != 1 {
		t.Errorf("a second time gave %#v", again)
	}
	p.good(t, called{action: "kubernetes_delete", args: values{"api_version": str("batch/v1"), "kind": str("Job"), "name": at(self, "job")}})
	p.found(t, c, note, provider.NotDone)

	failing, _ := p.good(t, job("run-2/step", values{"labels": text("lab.runbook/behaviour", "fail")}))
	if !at(failing, "exit_code").RawEquals(num(1)) {
		t.Errorf("exit code of a program that fails: %#v", failing)
	}

	// No node has this much: the job's pod waits, and the job is under way.
	p.must(t, `{apiVersion: v1, kind: LimitRange, metadata: {name: huge}, spec: {limits: [{type: Container, defaultRequest: {cpu: "900"}, default: {cpu: "900"}}]}}`, "create", "-f", "-")
	stuck := job("run-3/step", nil)
	during := until(t, func() bool { return strings.Count(p.must(t, "", "get", "jobs", "-o", "name"), "job") == 2 })
	_, note, err := p.call(during, t, stuck)
	if !errors.Is(err, context.Canceled) || provider.NothingDone(err) {
		t.Errorf("a job that can't start: %v", err)
	}
	t.Log(err)
	found := p.inquire(t, stuck, note)
	if found.State != provider.UnderWay && found.State != provider.Done {
		t.Errorf("inquire finds state %d", found.State)
	}
	if end := " -n " + p.namespace + " --context '"; found.State == provider.UnderWay && (!strings.Contains(found.Why, "end it with: kubectl patch job runbook-") || !strings.Contains(found.Why, end)) {
		t.Errorf("it does not say how the job is ended: %s", found.Why)
	}
}
