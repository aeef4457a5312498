package kubernetes_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider/providertest"
)

// writeCases has a happy case of each write, in a namespace and on a node of their own, and one of a daemon set there: the lab's own has
// a pod on each node that a test makes.
func writeCases(t *testing.T) []providertest.Case {
	t.Helper()
	p := newPlayground(t)
	p.deployment(t)
	node := p.node(t)
	p.daemonSet(t, node)
	p.must(t, "", "create", "configmap", "doomed")
	on := func(more values) values {
		more["resource"], more["namespace"] = str(deployment), str(p.namespace)
		return more
	}
	happy := func(action string, args values, check resultCheck) providertest.Case {
		return providertest.Case{Kind: providertest.Happy, Action: action, Args: args, Check: check.run, Once: true}
	}
	job := values{"image": str("tool:1"), "command": strs("tool"), "namespace": str(p.namespace)}
	bounded := func(action string, args values) providertest.Case {
		more := values{"max_output_bytes": num(1)}
		for name, v := range args {
			more[name] = v
		}
		return providertest.Case{Kind: providertest.Bounded, Action: action, Args: more}
	}
	echo := on(values{"command": strs("echo", "hello")})
	daemonSet := happy("kubernetes_rollout_status", values{"resource": str("daemonset/agent"), "namespace": str(p.namespace)}, resultCheck{"complete": cty.True})
	daemonSet.Name, daemonSet.Once = "daemon set", false
	return []providertest.Case{
		daemonSet,
		happy("kubernetes_exec", echo, resultCheck{"stdout": str("hello\n"), "exit_code": num(0)}),
		bounded("kubernetes_exec", echo),
		happy("kubernetes_run_job", job, resultCheck{"exit_code": num(0), "namespace": str(p.namespace)}),
		bounded("kubernetes_run_job", job),
		happy("kubernetes_scale", on(values{"replicas": num(1)}), nil),
		happy("kubernetes_set_env", on(values{"container": str("api"), "env": text("A", "1")}), nil),
		happy("kubernetes_set_image", on(values{"images": text("api", "api:7")}), nil),
		happy("kubernetes_set_resources", on(values{"limits": text("memory", "1Gi")}), nil),
		happy("kubernetes_label", on(values{"labels": text("a", "b")}), nil),
		happy("kubernetes_apply", values{"namespace": str(p.namespace), "manifest": str("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")}, nil),
		happy("kubernetes_patch", on(values{"patch": cty.ObjectVal(values{"metadata": cty.ObjectVal(values{"labels": text("c", "d")})})}), nil),
		happy("kubernetes_rollout_restart", on(values{}), nil),
		happy("kubernetes_rollout_undo", on(values{}), nil),
		happy("kubernetes_cordon", values{"node": str(node)}, nil),
		happy("kubernetes_uncordon", values{"node": str(node)}, nil),
		happy("kubernetes_drain", values{"node": str(node), "ignore_daemon_sets": cty.True}, nil),
		happy("kubernetes_delete", values{
			"api_version": str("v1"), "kind": str("ConfigMap"), "name": str("doomed"), "namespace": str(p.namespace),
		}, resultCheck{"deleted": strs(p.namespace + "/doomed")}),
	}
}
